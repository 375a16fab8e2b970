/*
 * What operators see.
 */
#include "server/store/show.h"

#include <stdio.h>
#include <string.h>

#include "manifest/base/json.h"
#include "manifest/cohort.h"
#include "server/choice.h"
#include "server/store/audit.h"
#include "server/store/health.h"
#include "server/store/publications.h"
#include "server/store/release.h"
#include "server/store/rounds.h"
#include "server/store/sites.h"
#include "server/store/validity_read.h"

#define HISTORY_ROWS  50
#define INCOMING_ROWS 8
#define VERSIONS_DAYS 30

static const char *
scope_kind_name(enum scope_kind k)
{
	return k == SCOPE_CHANNEL ? "channel"
	    : k == SCOPE_PLATFORM ? "platform"
				  : "group";
}

static json_t *
version_json(struct db *db, const char *channel, int64_t seq)
{
	char version[VERSION_SIZE];
	struct err e;

	if (seq == 0 || release_version(db, channel, seq, version, &e) < 0 ||
	    version[0] == '\0')
		return json_null();
	return json_string(version);
}

/* --- a channel's state --- */

static json_t *
rung_json(struct db *db, const struct channel *c, int rung)
{
	const struct ladder *l = &c->state.ladder;
	int64_t seq = ladder_seq(l, rung);

	return json_pack("{si ss si sI so}", "rung", rung, "kind",
	    rung_kind_name(ladder_kind(l, rung)), "block",
	    ladder_block(l, rung), "seq", (json_int_t)seq, "version",
	    version_json(db, c->id, seq));
}

static json_t *
scopes_json(struct db *db, const struct channel *c, int64_t now_s)
{
	const struct ladder *l = &c->state.ladder;
	json_t *list = json_array();

	for (size_t i = 0; l->m > 0 && i < c->state.nscopes; i++) {
		const struct scope *s = &c->state.scopes[i];

		(void)json_array_append_new(list,
		    json_pack("{ss ss so so si si si sb sb}", "scope",
			scope_kind_name(s->kind), "name", s->name, "low",
			rung_json(db, c, s->low), "high",
			rung_json(db, c, s->high), "percent_bp", s->percent_bp,
			"cap_bp", choice_cap(&c->state, s, now_s),
			"blocks_left", position_blocks_left(s, l), "urgent",
			(int)s->urgent, "own_stop", (int)s->own_stop));
	}
	return list;
}

static json_t *
pins_json(struct db *db, const struct channel *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->state.npins; i++) {
		const struct pin *p = &c->state.pins[i];

		(void)json_array_append_new(list,
		    json_pack("{ss ss sI so}", "scope",
			scope_kind_name(p->kind), "name", p->name, "seq",
			(json_int_t)p->seq, "version",
			version_json(db, c->id, p->seq)));
	}
	return list;
}

json_t *
show_state(struct db *db, const struct channel *c, int64_t now_s, struct err *e)
{
	const struct channel_state *s = &c->state;
	json_t *groups = json_array(), *v;
	int64_t next = 0;
	int bound = s->nplan == 0
	    ? 0
	    : cohort_envelope(s->plan, s->nplan, s->start_s, now_s, &next);

	for (size_t i = 0; i < s->ngroups; i++)
		(void)json_array_append_new(groups, json_string(s->groups[i]));
	v = json_pack("{sI sI ss sI so so so so si so so}", "m",
	    (json_int_t)s->ladder.m, "seq", (json_int_t)s->ladder.offer_seq,
	    "version", s->offer_version, "fallback_seq",
	    (json_int_t)s->ladder.fallback_seq, "fallback_version",
	    version_json(db, c->id, s->ladder.fallback_seq), "scopes",
	    scopes_json(db, c, now_s), "pins", pins_json(db, c), "groups",
	    groups, "bound_bp", bound, "bound_rises", json_time(next),
	    "not_before", json_time(s->not_before_s));
	if (v == NULL)
		(void)err_set(e, ERR_SYS, "no memory");
	return v;
}

/* --- status --- */

static int
add_publication(
    json_t *out, struct db *db, const struct channel *c, struct err *e)
{
	if (c->publication[0] == '\0')
		return 0;
	(void)json_object_set_new(out, "published",
	    json_time(publications_switched(db, c->id, c->publication, e)));
	return 0;
}

static int
add_round(json_t *out, struct db *db, const struct channel *c, struct err *e)
{
	AUTO_ARENA a = arena_new(32 << 20);
	struct round *r;
	int n = a == NULL ? err_set(e, ERR_SYS, "no memory")
			  : rounds_newest(db, c->id, &r, a, e);

	if (n <= 0)
		return n;
	(void)json_object_set_new(out, "round", json_integer(c->round));
	(void)json_object_set_new(out, "round_signed", json_integer(r->round));
	return 0;
}

/* What has not been switched to: the newest first. */
static int
add_incoming(json_t *out, struct db *db, const struct channel *c, struct err *e)
{
	AUTO_ARENA a = arena_new(1 << 20);
	json_t *list = json_array();
	struct publications_row *row;
	int n = a == NULL ? err_set(e, ERR_SYS, "no memory")
			  : publications_list(db, c->id,
				~(PUBLICATIONS(PUBLICATION_ACCEPTED) |
				    PUBLICATIONS(PUBLICATION_REPLACED)),
				&row, a, e);

	for (int i = n - 1; i >= 0 && row[i].m > c->state.ladder.m &&
	     json_array_size(list) < INCOMING_ROWS;
	     i--)
		(void)json_array_append_new(list,
		    json_pack("{ss sI ss ss ss}", "id", row[i].id, "m",
			(json_int_t)row[i].m, "state",
			publications_state_name(row[i].state), "who",
			row[i].who, "error", row[i].error));
	(void)json_object_set_new(out, "incoming", list);
	return n < 0 ? -1 : 0;
}

/* How long all of it lasts, and what must be seen to. */
static int
add_validity(json_t *out, const struct operation *o, const struct channel *c,
    struct err *e)
{
	struct validity v = validity_read(o->s->db, o->s->conf->state, c->id);
	struct validity_of of = { c->id, c->mirror, &v };
	json_t *list = json_array();

	if (list == NULL)
		return err_set(e, ERR_SYS, "no memory");
	(void)validity_warn(list, &of, o->now_s);
	(void)json_object_set_new(out, "root_expires", json_time(v.root_s));
	(void)json_object_set_new(out, "expires", json_time(v.publication_s));
	(void)json_object_set_new(
	    out, "timestamp_expires", json_time(v.timestamp_s));
	(void)json_object_set_new(out, "warnings", list);
	return 0;
}

static json_t *
status_one(struct operation *o, const struct channel *c, struct err *e)
{
	AUTO_JSON counts = health_counts(o->s->db, c->id, 2, o->now_s, e);
	json_t *v =
	    counts == NULL ? NULL : show_state(o->s->db, c, o->now_s, e);
	json_t *sites;

	if (v == NULL)
		return NULL;
	(void)json_object_set_new(v, "channel", json_string(c->id));
	(void)json_object_set_new(
	    v, "root_version", json_integer(c->root_version));
	(void)json_object_update(v, counts);
	(void)json_object_set_new(v, "mirror", json_boolean(c->mirror));
	if ((sites = sites_show(o->s->db, c->id, e)) == NULL) {
		json_decref(v);
		return NULL;
	}
	(void)json_object_set_new(v, "sites", sites);
	if (add_publication(v, o->s->db, c, e) < 0 ||
	    add_round(v, o->s->db, c, e) < 0 || add_validity(v, o, c, e) < 0 ||
	    add_incoming(v, o->s->db, c, e) < 0) {
		json_decref(v);
		return NULL;
	}
	return v;
}

json_t *
show_status(struct operation *o, struct err *e)
{
	const char *one[1];
	const char *const *ids = one;
	json_t *list = json_array(), *v;
	int n = 1;

	if (o->channel != NULL)
		one[0] = o->channel->id;
	else
		n = channel_list(o->s->db, &ids, o->a, e);
	for (int i = 0; i < n; i++) {
		const struct channel *c =
		    channel_load(o->s->db, ids[i], o->a, e);

		v = c == NULL ? NULL : status_one(o, c, e);
		if (v == NULL || json_array_append_new(list, v) < 0)
			n = -1;
	}
	if (n < 0) {
		json_decref(list);
		return NULL;
	}
	return json_pack("{sb so ss sI sI}", "ok", 1, "channels", list,
	    "sign_error", o->s->sign_error.msg, "generation",
	    (json_int_t)o->s->generation, "tabled", (json_int_t)o->s->tabled);
}

json_t *
show_channels(struct operation *o, struct err *e)
{
	AUTO_ROWS r = db_rows(o->s->db, e,
	    "SELECT c.id, c.root_version, r.sha256, c.created_s FROM channel c"
	    " JOIN root r ON r.channel = c.id AND r.version = c.root_version"
	    " ORDER BY c.id",
	    NO_BIND);
	json_t *list = json_array();
	char id[CHANNEL_ID_SIZE], sha256[SHA256_HEX_SIZE];
	int more = -1;

	while (r != NULL && (more = rows_next(r, e)) > 0) {
		row_copy(r, 0, id, sizeof(id));
		row_copy(r, 2, sha256, sizeof(sha256));
		(void)json_array_append_new(list,
		    json_pack("{ss sI ss so}", "channel", id, "root_version",
			(json_int_t)row_int(r, 1), "fingerprint", sha256,
			"created", json_time(row_int(r, 3))));
	}
	if (more == 0)
		return json_pack("{sb so}", "ok", 1, "channels", list);
	json_decref(list);
	return NULL;
}

/* --- why --- */

json_t *
show_why(struct operation *o, struct err *e)
{
	const char *os = operate_text(o, "os", NULL);
	const char *arch = operate_text(o, "arch", NULL);
	struct request q = { .id = operate_text(o, "id", NULL),
		.version = operate_text(o, "version", NULL),
		.group = operate_text(o, "group", NULL),
		.seen = operate_int(o, "seen", 0),
		.ask = json_is_true(json_object_get(o->ask, "ask")) };
	struct channel_state *s = &o->channel->state;
	int64_t at_s = o->now_s;
	struct round *round;
	struct choice ch;
	int n = rounds_newest(o->s->db, o->channel->id, &round, o->a, e);

	if (n < 0)
		return NULL;
	/* as polls are answered: by what was signed, as of that time */
	if (n > 0) {
		*s = round->state;
		at_s = round->signed_at_s;
	}
	if (q.id != NULL && cohort_id_check(q.id, e) < 0)
		return NULL;
	if (os != NULL && arch != NULL &&
	    (q.platform = arena_printf(o->a, e, "%s-%s", os, arch)) == NULL)
		return NULL;
	ch = choice_make(s, &q, at_s);
	if (ch.rung < 0)
		return json_pack("{sb ss ss}", "ok", 1, "channel",
		    o->channel->id, "rule", rule_name(ch.rule));
	return json_pack("{sb ss si ss so sb ss ss si si sI}", "ok", 1,
	    "channel", o->channel->id, "bucket", ch.bucket, "rule",
	    rule_name(ch.rule), "rung",
	    rung_json(o->s->db, o->channel, ch.rung), "high", (int)ch.high,
	    "scope", scope_kind_name(s->scopes[ch.scope].kind), "name",
	    s->scopes[ch.scope].name, "percent_bp",
	    s->scopes[ch.scope].percent_bp, "cap_bp",
	    choice_cap(s, &s->scopes[ch.scope], at_s), "pin_seq",
	    (json_int_t)ch.pin_seq);
}

/* --- versions and history --- */

json_t *
show_versions(struct operation *o, struct err *e)
{
	int64_t days = operate_int(o, "days", 7);
	AUTO_JSON counts = NULL;

	if (days < 1 || days > VERSIONS_DAYS) {
		(void)err_set(e, ERR_USAGE, "1 to %d days", VERSIONS_DAYS);
		return NULL;
	}
	counts = health_counts(o->s->db, o->channel->id, days, o->now_s, e);
	if (counts == NULL)
		return NULL;
	return json_pack("{sb ss sO}", "ok", 1, "channel", o->channel->id,
	    "polls", json_object_get(counts, "polls"));
}

static json_t *
releases_json(struct operation *o, struct err *e)
{
	AUTO_ROWS r = db_rows(o->s->db, e,
	    "SELECT r.seq, r.version, r.created_s, p.platform, p.reached_s,"
	    " p.spoiled, p.withdrawn_s FROM release r JOIN release_platform p"
	    " ON p.channel = r.channel AND p.seq = r.seq"
	    " WHERE r.channel = $1 ORDER BY r.seq DESC, p.platform LIMIT 500",
	    BIND(V((const char *)o->channel->id)));
	json_t *list = json_array();
	char version[VERSION_SIZE], platform[PLATFORM_MAX + 1], spoiled[16];
	int more = -1;

	while (r != NULL && (more = rows_next(r, e)) > 0) {
		row_copy(r, 1, version, sizeof(version));
		row_copy(r, 3, platform, sizeof(platform));
		row_copy(r, 5, spoiled, sizeof(spoiled));
		(void)json_array_append_new(list,
		    json_pack("{sI ss so ss so ss so}", "seq",
			(json_int_t)row_int(r, 0), "version", version,
			"created", json_time(row_int(r, 2)), "platform",
			platform, "everybody", json_time(row_int(r, 4)),
			"spoiled", spoiled, "withdrawn",
			json_time(row_int(r, 6))));
	}
	if (more == 0)
		return list;
	json_decref(list);
	return NULL;
}

json_t *
show_history(struct operation *o, struct err *e)
{
	json_t *releases = releases_json(o, e);
	json_t *rows = releases == NULL
	    ? NULL
	    : audit_list(o->s->db, o->channel->id,
		  operate_int(o, "limit", HISTORY_ROWS), e);

	if (rows == NULL) {
		json_decref(releases);
		return NULL;
	}
	return json_pack("{sb ss so so}", "ok", 1, "channel", o->channel->id,
	    "releases", releases, "audit", rows);
}
