/*
 * The history of releases.
 */
#include "server/store/release.h"

#include <stdio.h>
#include <string.h>

#include "manifest/cohort.h"
#include "server/choice.h"

static int
add_platforms(struct db *db, const char *channel, const struct manifest *offer,
    struct err *e)
{
	char name[PLATFORM_MAX + 1];

	for (size_t i = 0; i < offer->nartifacts; i++) {
		const struct artifact *art = &offer->artifacts[i];

		(void)snprintf(name, sizeof(name), "%s-%s", art->os, art->arch);
		if (db_do(db, e,
			"INSERT INTO release_platform (channel, seq, platform,"
			" reached_s, spoiled, withdrawn_s)"
			" VALUES ($1, $2, $3, 0, '', 0)"
			" ON CONFLICT (channel, seq, platform) DO NOTHING",
			BIND(V(channel), V(offer->seq),
			    V((const char *)name))) < 0)
			return -1;
	}
	return 0;
}

static int
withdraw(struct db *db, const char *channel, const struct rollback_from *from,
    int64_t now_s, struct err *e)
{
	static const char all[] =
	    "UPDATE release_platform SET withdrawn_s = $3 WHERE channel = $1"
	    " AND seq = $2 AND withdrawn_s = 0";
	static const char one[] =
	    "UPDATE release_platform SET withdrawn_s = $3 WHERE channel = $1"
	    " AND seq = $2 AND withdrawn_s = 0 AND platform = $4";

	if (from->nplatforms == 0)
		return db_do(db, e, all,
			   BIND(V(channel), V(from->seq), V(now_s))) < 0
		    ? -1
		    : 0;
	for (size_t i = 0; i < from->nplatforms; i++)
		if (db_do(db, e, one,
			BIND(V(channel), V(from->seq), V(now_s),
			    V(from->platforms[i]))) < 0)
			return -1;
	return 0;
}

int
release_add(struct db *db, const char *channel, const struct manifest *offer,
    const struct manifest *hold, int64_t now_s, struct err *e)
{
	if (db_do(db, e,
		"INSERT INTO release (channel, seq, version, created_s)"
		" VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (channel, seq) DO NOTHING",
		BIND(V(channel), V(offer->seq), V(offer->version),
		    V(offer->created_s))) < 0 ||
	    add_platforms(db, channel, offer, e) < 0)
		return err_in(e, "release %s", offer->version);
	for (size_t i = 0; hold->permission && i < hold->rollback.nfrom; i++)
		if (hold->rollback.from[i].seq != offer->seq &&
		    withdraw(db, channel, &hold->rollback.from[i], now_s, e) <
			0)
			return err_in(e, "release %s", offer->version);
	return 0;
}

/* The scope whose dials a platform's ordinary clients have. */
static const struct scope *
platform_scope(const struct channel_state *c, const char *platform)
{
	for (size_t i = 1; i < c->nscopes; i++)
		if (c->scopes[i].kind == SCOPE_PLATFORM &&
		    strcmp(c->scopes[i].name, platform) == 0)
			return &c->scopes[i];
	return &c->scopes[0];
}

struct standing {
	char platform[PLATFORM_MAX + 1];
	int64_t reached_s, withdrawn_s;
	const char *spoiled;
};

/* What a platform's position makes of the release; pure. */
static void
judge(struct standing *st, const struct channel_state *c, const struct scope *s,
    int64_t now_s)
{
	enum rung_kind kind = ladder_kind(&c->ladder, s->high);
	bool had = st->reached_s != 0;

	if (kind == RUNG_ROLLBACK || kind == RUNG_HALT) {
		st->reached_s = 0;
		st->spoiled = kind == RUNG_HALT ? "halted" : "rolled back";
		if (kind == RUNG_ROLLBACK && st->withdrawn_s == 0)
			st->withdrawn_s = now_s;
		return;
	}
	/* on offer (again): it is not withdrawn */
	st->withdrawn_s = 0;
	if (kind == RUNG_OFFER && choice_cap(c, s, now_s) == BP_ALL) {
		if (!had)
			st->reached_s = now_s;
		st->spoiled = "";
	} else if (had) {
		st->reached_s = 0;
		st->spoiled = "lowered";
	}
}

static int
read_platforms(struct db *db, const char *channel, int64_t seq,
    struct standing *out, size_t room, struct err *e)
{
	AUTO_ROWS r = db_rows(db, e,
	    "SELECT platform, reached_s, withdrawn_s, spoiled"
	    " FROM release_platform WHERE channel = $1 AND seq = $2",
	    BIND(V(channel), V(seq)));
	char spoiled[16];
	size_t n = 0;
	int more = -1;

	while (r != NULL && n < room && (more = rows_next(r, e)) > 0) {
		row_copy(r, 0, out[n].platform, sizeof(out[n].platform));
		out[n].reached_s = row_int(r, 1);
		out[n].withdrawn_s = row_int(r, 2);
		row_copy(r, 3, spoiled, sizeof(spoiled));
		out[n].spoiled = strcmp(spoiled, "halted") == 0 ? "halted"
		    : strcmp(spoiled, "lowered") == 0		? "lowered"
		    : spoiled[0] != '\0'			? "rolled back"
								: "";
		n++;
	}
	return more < 0 ? -1 : (int)n;
}

int
release_note(struct db *db, const char *channel,
    const struct channel_state *state, int64_t now_s, struct err *e)
{
	struct standing st[MANIFEST_PLATFORMS_MAX], was;
	int64_t seq = state->ladder.offer_seq;
	int n;

	if (state->ladder.m == 0)
		return 0;
	n = read_platforms(db, channel, seq, st, COUNT(st), e);
	for (int i = 0; i < n; i++) {
		was = st[i];
		judge(&st[i], state, platform_scope(state, st[i].platform),
		    now_s);
		if (was.reached_s == st[i].reached_s &&
		    was.withdrawn_s == st[i].withdrawn_s &&
		    was.spoiled == st[i].spoiled)
			continue;
		if (db_do(db, e,
			"UPDATE release_platform SET reached_s = $4,"
			" withdrawn_s = $5, spoiled = $6 WHERE channel = $1"
			" AND seq = $2 AND platform = $3",
			BIND(V(channel), V(seq),
			    V((const char *)st[i].platform), V(st[i].reached_s),
			    V(st[i].withdrawn_s), V(st[i].spoiled))) < 0)
			return err_in(e, "release history");
	}
	return n < 0 ? err_in(e, "release history") : 0;
}

/* Numbers of a query into a list; how many, or -1. */
static int
read_seqs(struct rows *r, int64_t out[static LADDER_MAX], struct err *e)
{
	int n = 0, more = -1;

	while (r != NULL && n < LADDER_MAX && (more = rows_next(r, e)) > 0)
		out[n++] = row_int(r, 0);
	return more < 0 ? -1 : n;
}

/* Good: everybody on every platform has it, and none had it taken back. */
static int
read_good(struct db *db, const char *channel, struct publication_base *out,
    struct err *e)
{
	AUTO_ROWS r = db_rows(db, e,
	    "SELECT r.seq FROM release r WHERE r.channel = $1"
	    " AND EXISTS (SELECT 1 FROM release_platform p"
	    "  WHERE p.channel = r.channel AND p.seq = r.seq)"
	    " AND NOT EXISTS (SELECT 1 FROM release_platform p"
	    "  WHERE p.channel = r.channel AND p.seq = r.seq"
	    "  AND (p.reached_s = 0 OR p.withdrawn_s <> 0))"
	    " ORDER BY r.seq DESC",
	    BIND(V(channel)));

	out->ngood = read_seqs(r, out->good_seq, e);
	if (out->ngood > 0)
		out->fallback_seq = out->good_seq[0];
	return out->ngood < 0 ? -1 : 0;
}

static int
read_withdrawn(struct db *db, const char *channel, struct publication_base *out,
    struct err *e)
{
	AUTO_ROWS r = db_rows(db, e,
	    "SELECT DISTINCT seq FROM release_platform WHERE channel = $1"
	    " AND withdrawn_s <> 0 AND seq > $2 ORDER BY seq DESC",
	    BIND(V(channel), V(out->fallback_seq)));

	out->nwithdrawn = read_seqs(r, out->withdrawn_seq, e);
	return out->nwithdrawn < 0 ? -1 : 0;
}

static void
read_pins(const struct channel_state *s, struct publication_base *out)
{
	for (size_t i = 0; i < s->npins && out->npins < LADDER_MAX; i++) {
		bool known = false;

		for (int k = 0; k < out->npins; k++)
			known = known || out->pin_seq[k] == s->pins[i].seq;
		if (!known)
			out->pin_seq[out->npins++] = s->pins[i].seq;
	}
}

int
release_base(struct db *db, const struct channel *c,
    struct publication_base *out, struct arena *a, struct err *e)
{
	const struct channel_state *s = &c->state;
	struct err failed = { .kind = ERR_NONE };

	*out = (struct publication_base){ .m = s->ladder.m,
		.seq = s->ladder.offer_seq };
	/* seq rises per product: a number taken on canary is taken on stable */
	out->next_seq = 1 +
	    db_int(db, &failed, 0,
		"SELECT COALESCE(MAX(r.seq), 0) FROM release r"
		" JOIN channel c ON c.id = r.channel WHERE c.product = $1",
		BIND(V(s->product)));
	/* used up by a thief: those that follow what is on offer are free */
	if (out->next_seq > MANIFEST_SEQ_MAX)
		out->next_seq = out->seq + 1;
	if (failed.kind == ERR_NONE && s->ladder.m > 0)
		out->created_s = db_int(db, &failed, 0,
		    "SELECT created_s FROM release WHERE channel = $1"
		    " AND seq = $2",
		    BIND(V(c->id), V(out->seq)));
	if (failed.kind != ERR_NONE) {
		*e = failed;
		return err_in(e, "release history");
	}
	if (s->ladder.m > 0 &&
	    (out->version = arena_text(a, s->offer_version, e)) == NULL)
		return -1;
	if (read_good(db, c->id, out, e) < 0 ||
	    read_withdrawn(db, c->id, out, e) < 0)
		return err_in(e, "release history");
	read_pins(s, out);
	return 0;
}

int64_t
release_seq(
    struct db *db, const char *channel, const char *version, struct err *e)
{
	struct err failed = { .kind = ERR_NONE };
	int64_t seq = db_int(db, &failed, 0,
	    "SELECT seq FROM release WHERE channel = $1 AND version = $2"
	    " ORDER BY seq DESC LIMIT 1",
	    BIND(V(channel), V(version)));

	if (failed.kind != ERR_NONE) {
		*e = failed;
		return -1;
	}
	if (seq == 0)
		return err_set(e, ERR_MISSING,
		    "channel %s has had no release %.70s", channel, version);
	return seq;
}

int
release_version(struct db *db, const char *channel, int64_t seq,
    char out[static VERSION_SIZE], struct err *e)
{
	AUTO_ROWS r = db_rows(db, e,
	    "SELECT version FROM release WHERE channel = $1 AND seq = $2",
	    BIND(V(channel), V(seq)));
	int n;

	out[0] = '\0';
	if (r == NULL || (n = rows_next(r, e)) < 0)
		return -1;
	if (n > 0)
		row_copy(r, 0, out, VERSION_SIZE);
	return 0;
}

int
release_platforms(struct db *db, const char *channel, const char *const **out,
    struct arena *a, struct err *e)
{
	AUTO_ROWS r = db_rows(db, e,
	    "SELECT DISTINCT platform FROM release_platform"
	    " WHERE channel = $1 ORDER BY platform",
	    BIND(V(channel)));
	int64_t room = db_int(db, e, -1,
	    "SELECT COUNT(DISTINCT platform) FROM release_platform"
	    " WHERE channel = $1",
	    BIND(V(channel)));
	const char **list;
	int n = 0, more = 0;

	if (r == NULL || room < 0 ||
	    (list = arena_array(a, (size_t)room + 1, sizeof(*list), e)) == NULL)
		return -1;
	while (n < room && (more = rows_next(r, e)) > 0)
		if ((list[n++] = row_text(r, 0, a)) == NULL)
			return err_set(e, ERR_SYS, "no memory");
	*out = list;
	return more < 0 ? -1 : n;
}
