/*
 * The switch from one publication to the next.
 */
#include "server/store/switch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/clock.h"
#include "manifest/base/json.h"
#include "manifest/base/log.h"
#include "server/store/adopt.h"
#include "server/store/audit.h"
#include "server/store/facts.h"
#include "server/store/notify.h"
#include "server/store/publications.h"
#include "server/store/release.h"
#include "server/store/rounds.h"

#define ARENA_MAX (64u << 20)

/* --- prepared --- */

static int
put_bases(struct db *db, const char *channel, const char *id,
    const json_t *facts, struct err *e)
{
	const json_t *bases = json_object_get(facts, "delta_bases");

	for (size_t i = 0; i < json_array_size(bases); i++) {
		const char *sha256 =
		    json_string_value(json_array_get(bases, i));

		if (db_do(db, e,
			"INSERT INTO delta_base (channel, publication, sha256)"
			" VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
			BIND(V(channel), V(id), V(sha256))) < 0)
			return -1;
	}
	return 0;
}

int
switch_prepare(struct store *s, const char *channel, const char *id,
    const json_t *facts, struct err *e)
{
	AUTO_TX tx = tx_begin(s->db, e);

	if (tx == NULL || facts_put_files(s->db, channel, id, facts, e) < 0 ||
	    put_bases(s->db, channel, id, facts, e) < 0 ||
	    publications_prepare(s->db, channel, id, facts, e) < 0)
		return err_in(e, "prepare");
	return tx_commit(&tx, e);
}

int
switch_refuse(struct store *s, const char *channel, const char *id,
    const struct err *why, struct err *e)
{
	log_warn("publication_refused", F("channel", channel), F("id", id),
	    F("kind", err_name(why->kind)), F("error", (const char *)why->msg));
	return publications_refuse(s->db, channel, id, why, e);
}

/* --- switched --- */

/* All that steps 2 and 3 need, read before anything is done. */
struct taking {
	struct store *s;
	struct arena *a;
	struct channel *c;
	const char *id, *who;
	json_t *facts;
	struct ladder ladder;
	const struct manifest *offer, *hold;
	const char *before;
	int64_t now_s;
};

static int
read_facts(struct taking *t, struct err *e)
{
	struct publications_row row;
	int n = publications_find(t->s->db, t->c->id, t->id, &row, e);

	if (n < 0)
		return -1;
	if (n == 0 || row.state != PUBLICATION_PREPARED)
		return err_set(e, ERR_SYS, "publication is not prepared");
	if ((t->who = arena_text(t->a, row.who, e)) == NULL ||
	    (t->facts = publications_facts(t->s->db, t->c->id, t->id, e)) ==
		NULL)
		return -1;
	return facts_ladder(t->facts, &t->ladder, e);
}

/* The positions that the new publication starts with. */
static int
take_in(struct taking *t, struct err *e)
{
	struct channel_state *c = &t->c->state;
	char version[VERSION_SIZE];

	t->before = "";
	if (c->ladder.m > 0 &&
	    (t->before = channel_state_text(c, t->a, e)) == NULL)
		return -1;
	if (channel_state_take_in(c, &t->ladder, t->offer,
		json_is_true(json_object_get(t->facts, "renewal")), e) < 0)
		return -1;
	for (size_t i = 0; i < t->offer->nrepairs; i++)
		if (release_version(t->s->db, t->c->id, t->offer->repairs[i],
			version, e) < 0 ||
		    (version[0] != '\0' &&
			channel_state_repair(c, version, e) < 0))
			return -1;
	return 0;
}

static int
load(struct taking *t, const char *channel, struct err *e)
{
	const char *state = t->s->conf->state;

	if ((t->c = channel_load(t->s->db, channel, t->a, e)) == NULL ||
	    read_facts(t, e) < 0)
		return -1;
	t->hold = facts_manifest(t->facts, state, 0, t->a, e);
	if (t->hold == NULL)
		return -1;
	t->offer = facts_manifest(t->facts, state, 1, t->a, e);
	if (t->offer == NULL)
		return -1;
	return take_in(t, e);
}

static int
put_states(struct taking *t, struct err *e)
{
	if (publications_accept(t->s->db, t->c->id, t->id, t->now_s, e) < 0)
		return -1;
	t->c->root_version = facts_number(t->facts, "root_version");
	(void)snprintf(
	    t->c->publication, sizeof(t->c->publication), "%s", t->id);
	return 0;
}

static int
put_audit(struct taking *t, struct err *e)
{
	const char *after = channel_state_text(&t->c->state, t->a, e);
	const char *arguments = arena_printf(t->a, e,
	    "{\"id\":\"%s\",\"m\":%lld,\"version\":\"%s\"}", t->id,
	    (long long)t->ladder.m, t->offer->version);
	struct audit row = { .at_s = t->now_s,
		.who = t->who,
		.verb = "publication",
		.channel = t->c->id,
		.arguments = arguments,
		.reason = "",
		.before = t->before,
		.after = after };

	return after == NULL || arguments == NULL
	    ? -1
	    : audit_add(t->s->db, &row, e);
}

static int
commit(struct taking *t, struct err *e)
{
	struct db *db = t->s->db;
	struct round_start start = { "publication", t->now_s,
		t->s->conf->timestamp_validity_s };
	AUTO_TX tx = tx_begin(db, e);

	if (tx == NULL || facts_put_roots(db, t->c->id, t->facts, e) < 0 ||
	    put_states(t, e) < 0 ||
	    release_add(db, t->c->id, t->offer, t->hold, t->now_s, e) < 0 ||
	    release_note(db, t->c->id, &t->c->state, t->now_s, e) < 0 ||
	    rounds_start(db, t->c, &start, e) < 0 ||
	    channel_save(db, t->c, e) < 0 || put_audit(t, e) < 0)
		return err_in(e, "switch");
	return tx_commit(&tx, e);
}

static void
announce(struct taking *t)
{
	char text[300];

	(void)snprintf(text, sizeof(text),
	    "%s: release %lld, version %s, publication %lld is in force",
	    t->c->id, (long long)t->offer->seq, t->offer->version,
	    (long long)t->ladder.m);
	notify_send(t->s,
	    &(struct notice){ "publication", t->c->id, t->who, "", text });
}

int
switch_finish(
    struct store *s, const char *channel, const char *id, struct err *e)
{
	AUTO_ARENA a = arena_new(ARENA_MAX);
	struct taking t = { .s = s, .a = a, .id = id, .now_s = clock_now_s() };
	struct err later;
	int result = -1;

	if (a == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if (load(&t, channel, e) == 0 &&
	    adopt_publication(s, t.c, id, t.facts, e) == 0)
		result = commit(&t, e);
	json_decref(t.facts);
	if (result < 0) {
		if (e->kind != ERR_SYS && e->kind != ERR_LIMIT &&
		    switch_refuse(s, channel, id, e, &later) < 0)
			log_error(
			    "refuse", F("error", (const char *)later.msg));
		return -1;
	}
	announce(&t);
	/* in force in the database; rounds_keep tries again if this fails.  One
	 * that the database had lost meets a brake that has gone further. */
	if (adopt_follow(s, channel, &later) < 0 ||
	    rounds_sign(s, channel, false, &later) < 0)
		log_error("round_failed", F("channel", channel),
		    F("error", (const char *)later.msg));
	s->table_due = true;
	return 0;
}

/* --- at start --- */

int
switch_retry(struct store *s, const char *channel, struct err *e)
{
	AUTO_ARENA a = arena_new(1 << 20);
	struct publications_row *list;
	int n;

	if (a == NULL)
		return err_set(e, ERR_SYS, "no memory");
	n = publications_list(
	    s->db, channel, PUBLICATIONS(PUBLICATION_PREPARED), &list, a, e);
	return n <= 0 ? n : switch_finish(s, channel, list[0].id, e);
}

static int
resume_channel(struct store *s, const char *channel, struct err *e)
{
	struct err failed = { .kind = ERR_NONE };

	/* a mirror has no brake */
	if (db_int(s->db, &failed, 0,
		"SELECT mirror FROM channel WHERE id = $1",
		BIND(V(channel))) != 0)
		return 0;
	if (switch_retry(s, channel, &failed) < 0)
		log_error("switch_failed", F("channel", channel),
		    F("error", (const char *)failed.msg));
	return adopt_follow(s, channel, e);
}

int
switch_resume(struct store *s, struct err *e)
{
	AUTO_ARENA a = arena_new(1 << 20);
	const char *const *ids;
	struct err failed;
	int n;

	if (a == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if ((n = channel_list(s->db, &ids, a, e)) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		if (resume_channel(s, ids[i], &failed) < 0)
			log_error("resume_failed", F("channel", ids[i]),
			    F("error", (const char *)failed.msg));
	return 0;
}
