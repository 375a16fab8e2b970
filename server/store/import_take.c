/*
 * What was read of a bundle becomes blobs, then rows.
 */
#include "server/store/import_take.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "manifest/base/json.h"
#include "server/store/audit.h"
#include "server/store/blobs.h"
#include "server/store/channel.h"
#include "server/store/facts.h"
#include "server/store/import_read.h"
#include "server/store/publications.h"
#include "server/store/release.h"

#define VIEWS_MAX (64 << 20) /* bytes of a round's JSON */

/* --- blobs ---------------------------------------------------------------- */

static int
take_blob(const struct import_take *w, const json_t *b, struct err *e)
{
	const char *sha256 = json_string_value(json_object_get(b, "sha256"));
	int64_t size = json_integer_value(json_object_get(b, "size"));
	char *from, *to;

	if (!blobs_name_ok(sha256))
		return err_set(e, ERR_SYS, "answer of the child: no digest");
	if (blobs_there(w->conf->state, sha256, size))
		return 0;
	from = arena_printf(
	    w->a, e, "%s/" IMPORT_FOLDER "/%s", w->conf->state, sha256);
	to = blobs_incoming(w->conf->state, sha256, w->a, e);
	if (from == NULL || to == NULL)
		return -1;
	if (rename(from, to) < 0)
		return err_sys(e, "%s", to);
	if (blobs_take(w->conf->state, sha256, size, e) < 0)
		return -1;
	(void)unlink(to);
	return 0;
}

static int
take_blobs(const struct import_take *w, struct err *e)
{
	json_t *list = json_object_get(w->facts, "blobs");

	for (size_t i = 0; i < json_array_size(list); i++) {
		if (take_blob(w, json_array_get(list, i), e) < 0)
			return -1;
	}
	return 0;
}

/* --- rows ----------------------------------------------------------------- */

struct taking {
	const struct import_take *w;
	const json_t *facts;
	struct channel *c;
	const char *id; /* of the publication: the list's digest */
	const char *before;
	int rung;
	const struct manifest *offer, *hold;
};

static int
put_blob_rows(const struct import_take *w, struct err *e)
{
	json_t *list = json_object_get(w->facts, "blobs");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *b = json_array_get(list, i);
		const char *sha256 =
		    json_string_value(json_object_get(b, "sha256"));
		int64_t size = json_integer_value(json_object_get(b, "size"));

		if (db_do(w->db, e,
			"INSERT INTO blob (sha256, size, added_s)"
			" VALUES ($1, $2, $3) ON CONFLICT (sha256) DO NOTHING",
			BIND(V(sha256), V(size), V(w->now_s))) < 0)
			return -1;
	}
	return 0;
}

static int
put_publication(struct taking *t, struct err *e)
{
	struct db *db = t->w->db;
	const char *channel = t->c->id;
	struct publications_new row = { channel, t->id, "sluiced import",
		facts_number(t->facts, "m"), t->w->now_s };

	if (publications_open(db, &row, e) < 0 ||
	    publications_prepare(db, channel, t->id, t->facts, e) < 0 ||
	    publications_accept(db, channel, t->id, t->w->now_s, e) < 0 ||
	    publications_give(db, channel, t->id, INT64_C(1) << t->rung, e) < 0)
		return -1;
	return facts_put_files(db, channel, t->id, t->facts, e);
}

/* The round that the timestamp is of, with its one view. */
static int
put_round(struct taking *t, struct err *e)
{
	const char *state = channel_state_text(&t->c->state, t->w->a, e);
	const char *stamp =
	    json_string_value(json_object_get(t->facts, "timestamp"));
	int64_t round =
	    facts_number(t->facts, "timestamp_version") / LADDER_MAX;
	AUTO_JSON views =
	    json_pack("[{si si sb sI ss}]", "scope", 0, "rung", t->rung, "high",
		(int)(ladder_kind(&t->c->state.ladder, t->rung) == RUNG_OFFER),
		"pin_seq", (json_int_t)0, "timestamp", stamp);
	AUTO_BUF text;

	buf_init(&text, VIEWS_MAX);
	if (state == NULL || views == NULL || json_write(views, &text, e) < 0 ||
	    buf_ok(&text, e) < 0)
		return err_in(e, "round");
	t->c->round = round;
	/* the newest round is the one that counts: none may stand above it */
	if (db_do(t->w->db, e,
		"DELETE FROM round WHERE channel = $1 AND round >= $2",
		BIND(V((const char *)t->c->id), V(round))) < 0)
		return -1;
	return db_do(t->w->db, e,
		   "INSERT INTO round (channel, round, why, publication, state,"
		   " signed_at_s, expires_s, views)"
		   " VALUES ($1, $2, 'bundle', $3, $4, $5, $6, $7)",
		   BIND(V((const char *)t->c->id), V(round), V(t->id), V(state),
		       V(facts_number(t->facts, "signed_at_s")),
		       V(facts_number(t->facts, "timestamp_expires_s")),
		       V(buf_str(&text)))) < 0
	    ? -1
	    : 0;
}

/* The state of a mirror: the ladder, and the rung that everybody gets. */
static int
make_state(struct taking *t, struct err *e)
{
	struct channel_state *s = &t->c->state;
	struct channel_state next = { .mirror = true };
	struct ladder l;

	if (facts_ladder(t->facts, &l, e) < 0)
		return -1;
	memcpy(next.product, s->product, sizeof(next.product));
	memcpy(next.channel, s->channel, sizeof(next.channel));
	t->rung = (int)facts_number(t->facts, "rung");
	if (channel_state_take_in(&next, &l, t->offer, false, e) < 0)
		return -1;
	if (t->rung < 0 || t->rung >= ladder_rungs(&l))
		return err_set(e, ERR_SYS, "answer of the child: no rung");
	next.mirror_rung = t->rung;
	next.nscopes = 1;
	next.scopes[0].low = t->rung;
	next.scopes[0].high = t->rung > 0 ? t->rung : 1;
	*s = next;
	return 0;
}

static int
put_audit(struct taking *t, struct err *e)
{
	const char *after = channel_state_text(&t->c->state, t->w->a, e);
	const char *arguments =
	    arena_printf(t->w->a, e, "{\"list\":\"%s\",\"m\":%lld,\"rung\":%d}",
		t->id, (long long)facts_number(t->facts, "m"), t->rung);
	struct audit row = { .at_s = t->w->now_s,
		.who = "sluiced import",
		.verb = "import",
		.channel = t->c->id,
		.arguments = arguments,
		.reason = "",
		.before = t->before,
		.after = after };

	return after == NULL || arguments == NULL
	    ? -1
	    : audit_add(t->w->db, &row, e);
}

static int
take_channel(struct taking *t, struct err *e)
{
	struct db *db = t->w->db;
	const char *id =
	    json_string_value(json_object_get(t->facts, "channel"));

	if (id == NULL || (t->c = channel_load(db, id, t->w->a, e)) == NULL)
		return -1;
	if (strcmp(t->c->publication, t->id) == 0)
		return 0; /* imported already */
	t->before = "";
	if (t->c->state.ladder.m > 0 &&
	    (t->before = channel_state_text(&t->c->state, t->w->a, e)) == NULL)
		return -1;
	if ((t->offer = facts_manifest(
		 t->facts, t->w->conf->state, 1, t->w->a, e)) == NULL ||
	    (t->hold = facts_manifest(
		 t->facts, t->w->conf->state, 0, t->w->a, e)) == NULL ||
	    make_state(t, e) < 0)
		return -1;
	t->c->root_version = facts_number(t->facts, "root_version");
	if (facts_put_roots(db, id, t->facts, e) < 0 ||
	    put_publication(t, e) < 0 ||
	    release_add(db, id, t->offer, t->hold, t->w->now_s, e) < 0 ||
	    put_round(t, e) < 0)
		return -1;
	(void)snprintf(
	    t->c->publication, sizeof(t->c->publication), "%s", t->id);
	return channel_save(db, t->c, e) < 0 ? -1 : put_audit(t, e);
}

static int
commit(const struct import_take *w, struct err *e)
{
	json_t *list = json_object_get(w->facts, "channels");
	AUTO_TX tx = tx_begin(w->db, e);

	if (tx == NULL || put_blob_rows(w, e) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct taking t = { .w = w,
			.facts = json_array_get(list, i),
			.id = json_string_value(
			    json_object_get(w->facts, "list")) };

		if (take_channel(&t, e) < 0)
			return -1;
	}
	return tx_commit(&tx, e);
}

int
import_take(const struct import_take *w, struct err *e)
{
	return take_blobs(w, e) < 0 ? -1 : commit(w, e);
}
