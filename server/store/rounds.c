/*
 * Rounds: started in the database, signed by the brake.
 */
#include "server/store/rounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/json.h"
#include "manifest/base/log.h"
#include "server/brake.h"
#include "server/ipc.h"
#include "server/store/publications.h"
#include "server/store/release.h"

#define ARENA_MAX (32u << 20)
#define RETRY_S	  60 /* an unsigned round older than this is begun anew */

/*
 * Rounds of a clock that has since been set back, which the brake has not
 * signed: their numbers are as wrong, and whatever followed them would be
 * refused too.  Should it have signed one after all, catch_up says so.
 */
static int
drop_future(struct db *db, struct channel *c, int64_t now_s, struct err *e)
{
	struct err failed = { .kind = ERR_NONE };
	int n = db_do(db, e,
	    "DELETE FROM round WHERE channel = $1 AND views = ''"
	    " AND signed_at_s > $2",
	    BIND(V((const char *)c->id), V(now_s + RETRY_S)));

	if (n <= 0)
		return n;
	c->round = db_int(db, &failed, 0,
	    "SELECT COALESCE(MAX(round), 0) FROM round WHERE channel = $1",
	    BIND(V((const char *)c->id)));
	if (failed.kind == ERR_NONE)
		return 0;
	*e = failed;
	return -1;
}

int
rounds_start(struct db *db, struct channel *c, const struct round_start *r,
    struct err *e)
{
	AUTO_ARENA a = arena_new(ARENA_MAX);
	int64_t validity = r->validity_s < BRAKE_EXPIRES_MAX
	    ? r->validity_s
	    : BRAKE_EXPIRES_MAX;
	const char *state;

	if (c->state.ladder.m == 0)
		return 0;
	if (a == NULL || (state = channel_state_text(&c->state, a, e)) == NULL)
		return err_in(e, "round of %s", c->id);
	if (drop_future(db, c, r->now_s, e) < 0)
		return err_in(e, "round of %s", c->id);
	c->round = ladder_round(c->round, r->now_s);
	if (db_do(db, e,
		"INSERT INTO round (channel, round, why, publication, state,"
		" signed_at_s, expires_s, views)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, '')",
		BIND(V((const char *)c->id), V(c->round), V(r->why),
		    V((const char *)c->publication), V(state), V(r->now_s),
		    V(r->now_s + validity))) < 0)
		return err_in(e, "round of %s", c->id);
	return 0;
}

/* Read the newest round that is signed, or the newest at all. */
static int
read_round(struct db *db, const char *channel, bool is_signed,
    struct round **out, struct arena *a, struct err *e)
{
	AUTO_ROWS r = db_rows(db, e,
	    is_signed ? "SELECT round, publication, state, signed_at_s,"
			" expires_s, views FROM round WHERE channel = $1"
			" AND views <> '' ORDER BY round DESC LIMIT 1"
		      : "SELECT round, publication, state, signed_at_s,"
			" expires_s, views FROM round WHERE channel = $1"
			" ORDER BY round DESC LIMIT 1",
	    BIND(V(channel)));
	struct round *to = arena_get(a, sizeof(*to), e);
	const char *state;
	int n;

	*out = NULL;
	if (r == NULL || to == NULL || (n = rows_next(r, e)) < 0)
		return -1;
	if (n == 0)
		return 0;
	to->round = row_int(r, 0);
	row_copy(r, 1, to->publication, sizeof(to->publication));
	to->signed_at_s = row_int(r, 3);
	to->expires_s = row_int(r, 4);
	state = row_text(r, 2, a);
	to->views = row_text(r, 5, a);
	if (state == NULL || to->views == NULL)
		return err_set(e, ERR_SYS, "no memory for a round");
	if (channel_state_parse(channel, state, &to->state, e) < 0)
		return -1;
	*out = to;
	return 1;
}

int
rounds_newest(struct db *db, const char *channel, struct round **out,
    struct arena *a, struct err *e)
{
	return read_round(db, channel, true, out, a, e);
}

/* --- signing --- */

struct signing {
	const char *channel;
	const struct round *round;
	struct view *views;
	size_t nviews;
	size_t *doc_of;	   /* by view: index into docs */
	struct view *docs; /* the distinct documents */
	json_t **texts;	   /* by document; new references */
	size_t ndocs;
	bool confirm;
};

static bool
same_document(const struct view *a, const struct view *b)
{
	return a->rung == b->rung && a->cap_bp == b->cap_bp &&
	    a->pin_seq == b->pin_seq && a->urgent == b->urgent;
}

static int
list_views(struct signing *g, int64_t now_s, struct arena *a, struct err *e)
{
	int n = choice_views(&g->round->state, now_s, NULL, 0, e);

	if (n < 0 ||
	    (g->views = arena_array(a, (size_t)n + 1, sizeof(*g->views), e)) ==
		NULL ||
	    (n = choice_views(
		 &g->round->state, now_s, g->views, (size_t)n, e)) < 0)
		return -1;
	g->nviews = (size_t)n;
	return 0;
}

/* Scopes share most of their timestamps: ask for each only once. */
static int
plan(struct signing *g, struct arena *a, struct err *e)
{
	size_t n;

	if (list_views(g, g->round->signed_at_s, a, e) < 0)
		return -1;
	n = g->nviews + 1;
	g->docs = arena_array(a, n, sizeof(*g->docs), e);
	g->texts = arena_array(a, n, sizeof(*g->texts), e);
	g->doc_of = arena_array(a, n, sizeof(*g->doc_of), e);
	if (g->docs == NULL || g->texts == NULL || g->doc_of == NULL)
		return -1;
	for (size_t i = 0; i < g->nviews; i++) {
		size_t k = 0;

		while (
		    k < g->ndocs && !same_document(&g->docs[k], &g->views[i]))
			k++;
		if (k == g->ndocs)
			g->docs[g->ndocs++] = g->views[i];
		else if (!g->views[i].jump)
			g->docs[k].jump = false;
		g->doc_of[i] = k;
	}
	return 0;
}

static json_t *
question(const struct signing *g, size_t from, size_t to)
{
	json_t *views = json_array();

	for (size_t i = from; views != NULL && i < to; i++)
		(void)json_array_append_new(views,
		    json_pack("{si si sI sb sb}", "rung", g->docs[i].rung,
			"cap_bp", g->docs[i].cap_bp, "pin_seq",
			(json_int_t)g->docs[i].pin_seq, "urgent",
			(int)g->docs[i].urgent, "jump", (int)g->docs[i].jump));
	return json_pack("{ss ss sI sI sI sI so sb}", "do", "sign", "channel",
	    g->channel, "m", (json_int_t)g->round->state.ladder.m, "round",
	    (json_int_t)g->round->round, "signed_at",
	    (json_int_t)g->round->signed_at_s, "expires",
	    (json_int_t)g->round->expires_s, "views", views, "confirm",
	    (int)g->confirm);
}

static int
ask(int brake_fd, struct signing *g, size_t from, size_t to, struct err *e)
{
	AUTO_JSON q = question(g, from, to);
	AUTO_JSON answer = NULL;
	json_t *list;

	if (q == NULL)
		return err_set(e, ERR_SYS, "no memory for a question");
	if ((answer = ipc_ask(brake_fd, q, e)) == NULL)
		return err_in(e, "brake");
	list = json_object_get(answer, "timestamps");
	if (json_array_size(list) != to - from)
		return err_set(e, ERR_SYS, "brake: not the answer asked for");
	for (size_t i = from; i < to; i++) {
		g->texts[i] = json_incref(json_array_get(list, i - from));
		if (!json_is_string(g->texts[i]))
			return err_set(e, ERR_SYS, "brake: no timestamp");
	}
	return 0;
}

static json_t *
views_json(const struct signing *g)
{
	json_t *list = json_array();

	for (size_t i = 0; list != NULL && i < g->nviews; i++)
		if (json_array_append_new(list,
			json_pack("{si si sb sI sO}", "scope",
			    g->views[i].scope, "rung", g->views[i].rung, "high",
			    (int)g->views[i].high, "pin_seq",
			    (json_int_t)g->views[i].pin_seq, "timestamp",
			    g->texts[g->doc_of[i]])) < 0)
			break;
	return list;
}

static int
record(struct db *db, const struct signing *g, struct err *e)
{
	AUTO_JSON list = views_json(g);
	AUTO_TX tx = NULL;
	int64_t mask = 0;
	AUTO_BUF text;
	int n;

	buf_init(&text, IPC_SPILL_MAX);
	if (json_array_size(list) != g->nviews ||
	    json_write(list, &text, e) < 0)
		return err_set(e, ERR_SYS, "no memory for the views");
	for (size_t i = 0; i < g->nviews; i++)
		mask |= INT64_C(1) << g->views[i].rung;
	n = (tx = tx_begin(db, e)) == NULL
	    ? -1
	    : db_do(db, e,
		  "UPDATE round SET views = $3 WHERE channel = $1"
		  " AND round = $2",
		  BIND(V(g->channel), V(g->round->round), V(buf_str(&text))));
	if (n < 0 ||
	    publications_give(db, g->channel, g->round->publication, mask, e) <
		0)
		return -1;
	return tx_commit(&tx, e);
}

static int
sign_views(struct store *s, struct signing *g, struct err *e)
{
	int result = 0;

	for (size_t i = 0; i < g->ndocs && result == 0; i += BRAKE_VIEWS_MAX) {
		size_t to = i + BRAKE_VIEWS_MAX;

		result =
		    ask(s->brake_fd, g, i, to < g->ndocs ? to : g->ndocs, e);
	}
	if (result == 0)
		result = record(s->db, g, e);
	for (size_t i = 0; i < g->ndocs; i++)
		json_decref(g->texts[i]);
	return result;
}

/* The brake has refused: if it is further than we know, the next round has to
 * be beyond. */
static void
catch_up(struct store *s, const char *channel)
{
	AUTO_JSON q = json_pack("{ss ss}", "do", "state", "channel", channel);
	AUTO_JSON state = NULL;
	struct err e;

	if (q != NULL && (state = ipc_ask(s->brake_fd, q, &e)) != NULL &&
	    rounds_fast_forward(s->db, channel,
		json_integer_value(json_object_get(state, "round")), &e) < 0)
		log_error("round_failed", F("channel", channel),
		    F("error", (const char *)e.msg));
}

int
rounds_sign(struct store *s, const char *channel, bool confirm, struct err *e)
{
	AUTO_ARENA a = arena_new(ARENA_MAX);
	struct round *r;
	struct signing g;
	int n;

	if (a == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if ((n = read_round(s->db, channel, false, &r, a, e)) < 0)
		return -1;
	if (n == 0 || r->views[0] != '\0')
		return 0;
	g = (struct signing){
		.channel = channel, .round = r, .confirm = confirm
	};
	if (plan(&g, a, e) < 0 || sign_views(s, &g, e) < 0) {
		(void)err_in(e, "%s: round %lld", channel, (long long)r->round);
		s->sign_error = *e;
		if (e->kind == ERR_REFUSED)
			catch_up(s, channel);
		return -1;
	}
	s->sign_error.msg[0] = '\0';
	s->table_due = true;
	return 0;
}

/* --- time --- */

static bool
same_view(const struct view *a, const struct view *b)
{
	return same_document(a, b) && a->scope == b->scope &&
	    a->high == b->high;
}

/* Whether time alone has changed what the round should say. */
static int
time_changed(
    const struct round *r, int64_t now_s, struct arena *a, struct err *e)
{
	struct signing then = { .round = r }, now = { .round = r };

	if (list_views(&then, r->signed_at_s, a, e) < 0 ||
	    list_views(&now, now_s, a, e) < 0)
		return -1;
	if (then.nviews != now.nviews)
		return 1;
	for (size_t i = 0; i < now.nviews; i++)
		if (!same_view(&then.views[i], &now.views[i]))
			return 1;
	return 0;
}

/* Why a channel needs a new round at this time; "" if it does not. */
static const char *
due(struct store *s, const struct channel *c, int64_t now_s, struct arena *a,
    struct err *e)
{
	struct round *r;
	int n = read_round(s->db, c->id, false, &r, a, e);

	if (n < 0)
		return NULL;
	if (n == 0)
		return "start";
	if (r->views[0] == '\0')
		return llabs(now_s - r->signed_at_s) > RETRY_S ? "again" : "";
	/* the clock was ahead and has been set right */
	if (r->signed_at_s > now_s + RETRY_S)
		return "clock";
	if (now_s - r->signed_at_s >= s->conf->timestamp_refresh_s ||
	    2 * (r->expires_s - now_s) < r->expires_s - r->signed_at_s)
		return "refresh";
	n = time_changed(r, now_s, a, e);
	return n < 0 ? NULL : n > 0 ? "plan" : "";
}

static int
keep_one(struct store *s, const char *id, int64_t now_s, struct err *e)
{
	AUTO_ARENA a = arena_new(ARENA_MAX);
	struct round_start start = { NULL, now_s,
		s->conf->timestamp_validity_s };
	struct channel *c;
	AUTO_TX tx = NULL;

	if (a == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if ((c = channel_load(s->db, id, a, e)) == NULL)
		return -1;
	if (c->state.ladder.m == 0 || c->mirror)
		return 0;
	if ((start.why = due(s, c, now_s, a, e)) == NULL)
		return -1;
	if (start.why[0] != '\0') {
		if ((tx = tx_begin(s->db, e)) == NULL ||
		    rounds_start(s->db, c, &start, e) < 0 ||
		    channel_save(s->db, c, e) < 0 ||
		    release_note(s->db, id, &c->state, now_s, e) < 0 ||
		    tx_commit(&tx, e) < 0)
			return -1;
	}
	return rounds_sign(s, id, false, e);
}

int
rounds_keep(struct store *s, int64_t now_s, struct err *e)
{
	AUTO_ARENA a = arena_new(1 << 20);
	const char *const *ids;
	int n = a == NULL ? err_set(e, ERR_SYS, "no memory")
			  : channel_list(s->db, &ids, a, e);

	for (int i = 0; i < n; i++) {
		struct err failed;

		if (keep_one(s, ids[i], now_s, &failed) < 0)
			log_error("round_failed", F("channel", ids[i]),
			    F("error", (const char *)failed.msg));
	}
	return n < 0 ? -1 : 0;
}

int
rounds_fast_forward(
    struct db *db, const char *channel, int64_t round, struct err *e)
{
	return db_do(db, e,
		   "UPDATE channel SET round = $2 WHERE id = $1"
		   " AND round < $2",
		   BIND(V(channel), V(round))) < 0
	    ? -1
	    : 0;
}
