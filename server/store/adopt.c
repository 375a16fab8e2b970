/*
 * Handing a publication to the brake.
 */
#include "server/store/adopt.h"

#include <stdio.h>
#include <string.h>

#include "manifest/base/clock.h"
#include "manifest/base/json.h"
#include "manifest/base/log.h"
#include "manifest/role.h"
#include "server/ipc.h"
#include "server/store/audit.h"
#include "server/store/blobs.h"
#include "server/store/publications.h"
#include "server/store/release.h"
#include "server/store/restore.h"
#include "server/store/rounds.h"

#define ARENA_MAX (64u << 20)

static json_t *
brake_state(struct store *s, const char *channel, struct err *e)
{
	AUTO_JSON q = json_pack("{ss ss}", "do", "state", "channel", channel);

	if (q == NULL) {
		(void)err_set(e, ERR_SYS, "no memory");
		return NULL;
	}
	return ipc_ask(s->brake_fd, q, e);
}

/* A stored document as a JSON value; it is canonical, so its bytes follow. */
static json_t *
document(struct store *s, const char *sha256, size_t max, struct err *e)
{
	AUTO_ARENA a = arena_new(2 * max + 65536);
	struct bytes file;

	if (a == NULL || !blobs_name_ok(sha256)) {
		(void)err_set(e, ERR_SYS, "a stored digest is damaged");
		return NULL;
	}
	return blobs_read(s->conf->state, sha256, max, &file, a, e) < 0
	    ? NULL
	    : json_read(file, max, e);
}

static json_t *
document_at(struct store *s, const char *channel, const char *id,
    const char *path, struct err *e)
{
	char sha256[SHA256_HEX_SIZE];
	AUTO_ROWS r = db_rows(s->db, e,
	    "SELECT sha256 FROM publication_file WHERE channel = $1"
	    " AND publication = $2 AND path = $3",
	    BIND(V(channel), V(id), V(path)));
	int n;

	if (r == NULL || (n = rows_next(r, e)) < 0)
		return NULL;
	if (n == 0) {
		(void)err_set(e, ERR_SYS, "%s is not recorded", path);
		return NULL;
	}
	row_copy(r, 0, sha256, sizeof(sha256));
	return document(s, sha256, ROLE_TARGETS_MAX, e);
}

/* Append v (taken over) to a list; -1 with e where v is NULL. */
static int
append(json_t *list, json_t *v, struct err *e)
{
	if (v == NULL)
		return -1;
	if (json_array_append_new(list, v) < 0)
		return err_set(e, ERR_SYS, "no memory");
	return 0;
}

/* Roots after the brake's: those that the channel trusts already, then the
 * publication's new ones. */
static int
add_roots(struct store *s, const struct channel *c, const json_t *facts,
    int64_t after, json_t *list, struct err *e)
{
	json_t *fresh = json_object_get(facts, "roots");
	AUTO_ROWS r = db_rows(s->db, e,
	    "SELECT sha256 FROM root WHERE channel = $1 AND version > $2"
	    " ORDER BY version",
	    BIND(V((const char *)c->id), V(after)));
	char sha256[SHA256_HEX_SIZE];
	int more;

	if (r == NULL)
		return -1;
	while ((more = rows_next(r, e)) > 0) {
		row_copy(r, 0, sha256, sizeof(sha256));
		if (append(list, document(s, sha256, ROLE_ROOT_MAX, e), e) < 0)
			return -1;
	}
	for (size_t i = 0; more == 0 && i < json_array_size(fresh); i++) {
		json_t *f = json_array_get(fresh, i);
		int64_t v = json_integer_value(json_object_get(f, "version"));

		if (v > after && v > c->root_version &&
		    append(list,
			document(s,
			    json_string_value(json_object_get(f, "sha256")),
			    ROLE_ROOT_MAX, e),
			e) < 0)
			return -1;
	}
	return more;
}

struct handing {
	struct store *s;
	const struct channel *c;
	const char *id;
	const json_t *facts;
	json_t *q; /* the question */
};

/*
 * Each rung's document of a role, "N.snapshot.json" or "N.targets.json".  A
 * message has its bound: targets of later blocks, which repeat the first, are
 * null past half of it (the brake then signs those rungs from not_before on).
 */
static int
add_rungs(const struct handing *h, const char *role, struct err *e)
{
	int64_t m = json_integer_value(json_object_get(h->facts, "m"));
	size_t n = json_array_size(json_object_get(h->facts, "manifests"));
	bool targets = strcmp(role, "targets") == 0;
	json_t *list = json_array(), *v;
	size_t bytes = 0;
	char path[48];

	if (json_object_set_new(h->q, role, list) < 0)
		return err_set(e, ERR_SYS, "no memory");
	for (size_t i = 0; i < n; i++) {
		if (targets && bytes > IPC_SPILL_MAX / 2) {
			(void)json_array_append_new(list, json_null());
			continue;
		}
		(void)snprintf(path, sizeof(path), "%lld.%s.json",
		    (long long)(m * LADDER_MAX + (int64_t)i),
		    targets ? "targets" : "snapshot");
		v = document_at(h->s, h->c->id, h->id, path, e);
		if (append(list, v, e) < 0)
			return -1;
		bytes += json_dumpb(v, NULL, 0, JSON_COMPACT);
	}
	return 0;
}

/* What the brake checks the publication by: see brake.h. */
static int
add_documents(const struct handing *h, struct err *e)
{
	json_t *manifests = json_object_get(h->facts, "manifests"), *v;

	if (add_rungs(h, "snapshots", e) < 0 || add_rungs(h, "targets", e) < 0)
		return -1;
	v = document(h->s, json_string_value(json_array_get(manifests, 1)),
	    MANIFEST_MAX, e);
	if (v == NULL)
		return -1;
	(void)json_object_set_new(h->q, "manifest", v);
	return 0;
}

int
adopt_publication(struct store *s, const struct channel *c, const char *id,
    const json_t *facts, struct err *e)
{
	AUTO_JSON state = brake_state(s, c->id, e);
	AUTO_JSON roots = json_array();
	AUTO_JSON q = NULL;
	AUTO_JSON answer = NULL;
	int64_t after;

	if (state == NULL)
		return err_in(e, "brake");
	after = json_integer_value(json_object_get(state, "root_version"));
	if (add_roots(s, c, facts, after, roots, e) < 0)
		return -1;
	q = json_pack("{ss ss sO sO}", "do", "adopt", "channel", c->id, "m",
	    json_object_get(facts, "m"), "roots", roots);
	if (q == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if (add_documents(&(struct handing){ s, c, id, facts, q }, e) < 0)
		return -1;
	if ((answer = ipc_ask(s->brake_fd, q, e)) == NULL)
		return err_in(e, "brake");
	return 0;
}

/* --- following the brake --- */

int
adopt_check(struct store *s, const struct channel *c, struct err *e)
{
	struct err unknown;
	AUTO_JSON state = brake_state(s, c->id, &unknown);
	int64_t m = json_integer_value(json_object_get(state, "m"));

	/* a brake that cannot say is no reason to refuse */
	if (m <= c->state.ladder.m)
		return 0;
	return err_set(e, ERR_CONFLICT,
	    "the brake holds publication %lld, which this database lacks:"
	    " push it again first",
	    (long long)m);
}

/* The highest rung at which any scope stands. */
static int
highest(const struct channel_state *c)
{
	int top = c->stop_floor;

	for (size_t i = 0; i < c->nscopes; i++)
		if (c->scopes[i].high > top)
			top = c->scopes[i].high;
	return top;
}

/* go_beyond - what is under way is halted above everything that the brake has
 * signed. */
static int
go_beyond(struct store *s, struct channel *c, int rung, struct arena *a,
    struct err *e)
{
	int64_t now = clock_now_s();
	struct round_start start = { "restore", now,
		s->conf->timestamp_validity_s };
	struct audit row = { .at_s = now,
		.who = "sluice",
		.verb = "restore",
		.channel = c->id,
		.arguments = "{}",
		.reason = rung > highest(&c->state)
		    ? "the brake is ahead of the database"
		    : "the database comes from a backup" };
	AUTO_TX tx = NULL;

	row.before = channel_state_text(&c->state, a, e);
	channel_state_restore(&c->state, rung);
	row.after = channel_state_text(&c->state, a, e);
	if (row.before == NULL || row.after == NULL ||
	    (tx = tx_begin(s->db, e)) == NULL ||
	    restore_done(s->db, c->id, e) < 0)
		return -1;
	if (strcmp(row.before, row.after) == 0)
		return tx_commit(&tx, e);
	log_warn("restored", F("channel", (const char *)c->id),
	    F("rung", c->state.scopes[0].high));
	if (rounds_start(s->db, c, &start, e) < 0 ||
	    channel_save(s->db, c, e) < 0 ||
	    release_note(s->db, c->id, &c->state, now, e) < 0 ||
	    audit_add(s->db, &row, e) < 0)
		return -1;
	return tx_commit(&tx, e);
}

/* The brake has lost what it had (its file is older than the database). */
static int
adopt_again(struct store *s, const struct channel *c, struct err *e)
{
	AUTO_JSON facts = publications_facts(s->db, c->id, c->publication, e);

	if (facts == NULL)
		return -1;
	log_warn("brake_behind", F("channel", (const char *)c->id));
	return adopt_publication(s, c, c->publication, facts, e);
}

int
adopt_follow(struct store *s, const char *channel, struct err *e)
{
	AUTO_ARENA a = arena_new(ARENA_MAX);
	AUTO_JSON state = brake_state(s, channel, e);
	struct channel *c;
	int64_t m;
	int rung, restored;

	if (a == NULL || state == NULL)
		return err_in(e, "brake");
	if (rounds_fast_forward(s->db, channel,
		json_integer_value(json_object_get(state, "round")), e) < 0 ||
	    (c = channel_load(s->db, channel, a, e)) == NULL)
		return -1;
	m = json_integer_value(json_object_get(state, "m"));
	rung = (int)json_integer_value(json_object_get(state, "rung"));
	if (m > c->state.ladder.m) {
		log_error("publication_missing", F("channel", channel),
		    F("m", m), F("have", c->state.ladder.m),
		    F("hint", "push it again"));
		return 0;
	}
	if (m < c->state.ladder.m) {
		if (adopt_again(s, c, e) < 0)
			return -1;
		rung = -1;
	}
	if ((restored = restore_waits(s->db, channel, e)) < 0)
		return -1;
	if (rung > highest(&c->state) && m > 0)
		log_warn("brake_ahead", F("channel", channel), F("rung", rung));
	else if (!restored)
		return 0;
	return go_beyond(s, c, rung, a, e);
}
