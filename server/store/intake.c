/*
 * Publication intake: the API.  A request's path names its channel and, after
 * the first answer, its publication.
 */
#include "server/store/intake.h"

#include <stdio.h>
#include <string.h>

#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "server/ipc.h"
#include "server/store/intake_check.h"
#include "server/store/outbox.h"
#include "server/store/publications.h"
#include "server/store/pushed.h"
#include "server/store/release.h"
#include "server/store/tokens.h"

#define ARENA_MAX (64u << 20)
#define PREFIX	  "/v1/publications/"

/* One request while it is answered. */
struct asking {
	struct store *s;
	struct arena *a;
	int64_t id; /* front's */
	char channel[CHANNEL_ID_SIZE];
	const char *publication; /* NULL: the channel itself */
	bool commit;
	const char *body;
	char who[32];
};

int
intake_token(struct store *s, const char *token, const char *scope,
    char who[static 32], struct err *e)
{
	char id[TOKEN_ID_SIZE];

	if (tokens_check(s->db, token, scope, clock_now_s(), id, e) < 0)
		return -1;
	(void)snprintf(who, 32, "token %s", id);
	return 0;
}

/* --- what a signer builds on --- */

static int
add_files(json_t *list, const struct file_list *files, struct err *e)
{
	for (size_t i = 0; i < files->n; i++)
		if (json_array_append_new(list,
			json_pack("{ss sI ss}", "path", files->at[i].path,
			    "size", (json_int_t)files->at[i].size, "sha256",
			    files->at[i].sha256)) < 0)
			return err_set(e, ERR_SYS, "no memory");
	return 0;
}

static json_t *
seqs(const int64_t *at, int n)
{
	json_t *list = json_array();

	for (int i = 0; i < n; i++)
		(void)json_array_append_new(list, json_integer(at[i]));
	return list;
}

static json_t *
base_json(
    const struct channel *c, const struct publication_base *b, json_t *files)
{
	char created[TIME_TEXT_SIZE];
	json_t *when = json_null();

	if (b->m > 0) {
		time_write(created, b->created_s);
		when = json_string(created);
	}
	return json_pack("{ss ss sI sI ss? sI sI sI so so so so sO}", "product",
	    c->state.product, "channel", c->state.channel, "m",
	    (json_int_t)b->m, "seq", (json_int_t)b->seq, "version", b->version,
	    "next_seq", (json_int_t)b->next_seq, "root_version",
	    (json_int_t)c->root_version, "fallback_seq",
	    (json_int_t)b->fallback_seq, "good_seq",
	    seqs(b->good_seq, b->ngood), "withdrawn_seq",
	    seqs(b->withdrawn_seq, b->nwithdrawn), "pin_seq",
	    seqs(b->pin_seq, b->npins), "created", when, "files", files);
}

static json_t *
base_of(struct store *s, const char *channel, struct err *e)
{
	AUTO_ARENA a = arena_new(ARENA_MAX);
	AUTO_JSON files = json_array();
	struct file_list roots, running = { NULL, 0 };
	struct publication_base base;
	struct channel *c;
	json_t *v;

	if (a == NULL || files == NULL) {
		(void)err_set(e, ERR_SYS, "no memory");
		return NULL;
	}
	if ((c = channel_load(s->db, channel, a, e)) == NULL ||
	    release_base(s->db, c, &base, a, e) < 0 ||
	    pushed_roots(s->db, channel, &roots, a, e) < 0 ||
	    (c->publication[0] != '\0' &&
		pushed_list(s->db, channel, c->publication, &running, a, e) <
		    0) ||
	    add_files(files, &roots, e) < 0 ||
	    add_files(files, &running, e) < 0)
		return NULL;
	if ((v = base_json(c, &base, files)) == NULL)
		(void)err_set(e, ERR_SYS, "no memory");
	return v;
}

/* The running publication has moved on: say what to build on. */
static void
answer_conflict(struct asking *q, const char *why)
{
	struct err e;
	json_t *base = base_of(q->s, q->channel, &e);

	if (base == NULL) {
		outbox_refuse(q->s, q->id, &e);
		return;
	}
	outbox_answer(q->s, q->id, 409,
	    json_pack(
		"{ss ss so}", "error", why, "kind", "conflict", "base", base),
	    -1);
}

/* --- one publication --- */

/* What the world is told: accepted only when front has the table. */
static const char *
shown_state(const struct store *s, enum publications_state state)
{
	bool in_force = !s->table_due && s->tabled >= s->generation;

	if (state == PUBLICATION_PREPARED ||
	    (state == PUBLICATION_ACCEPTED && !in_force))
		state = PUBLICATION_CHECKING;
	if (state == PUBLICATION_REPLACED)
		state = PUBLICATION_ACCEPTED;
	return publications_state_name(state);
}

/* The publication that the path names; answers if there is none. */
static int
find(struct asking *q, struct publications_row *out)
{
	struct err e;
	int n =
	    publications_find(q->s->db, q->channel, q->publication, out, &e);

	if (n == 0)
		(void)err_set(&e, ERR_MISSING, "there is no such publication");
	if (n <= 0)
		outbox_refuse(q->s, q->id, &e);
	return n <= 0 ? -1 : 0;
}

static void
get_publication(struct asking *q)
{
	struct publications_row k;
	json_t *v;

	if (find(q, &k) < 0)
		return;
	v = json_pack("{ss ss sI}", "id", q->publication, "state",
	    shown_state(q->s, k.state), "m", (json_int_t)k.m);
	if (k.state == PUBLICATION_REFUSED) {
		(void)json_object_set_new(v, "error", json_string(k.error));
		(void)json_object_set_new(v, "kind", json_string(k.kind));
	}
	outbox_answer(q->s, q->id, 200, v, -1);
}

/* How many others are being checked or switched to. */
static int
at_work(struct asking *q, const char *but, struct err *e)
{
	struct publications_row *list;
	int n = publications_list(q->s->db, q->channel,
	    PUBLICATIONS(PUBLICATION_CHECKING) |
		PUBLICATIONS(PUBLICATION_PREPARED),
	    &list, q->a, e);
	int others = 0;

	for (int i = 0; i < n; i++)
		others += strcmp(list[i].id, but) != 0;
	return n < 0 ? -1 : others;
}

/* Whether this one may still come next: nothing newer runs, no other one is
 * being checked.  Answers if not. */
static int
may_follow(struct asking *q, const char *id, int64_t m)
{
	struct err e = { .kind = ERR_NONE };
	struct channel *c = channel_load(q->s->db, q->channel, q->a, &e);
	int others = c == NULL ? -1 : at_work(q, id, &e);

	if (others < 0) {
		outbox_refuse(q->s, q->id, &e);
		return -1;
	}
	if (c->mirror) {
		(void)err_set(&e, ERR_REFUSED,
		    "%s mirrors bundles: sluiced import", q->channel);
		outbox_refuse(q->s, q->id, &e);
		return -1;
	}
	if (m <= c->state.ladder.m) {
		answer_conflict(
		    q, "the server has a publication that is as new or newer");
		return -1;
	}
	if (others > 0) {
		answer_conflict(q, "another publication is being checked");
		return -1;
	}
	return 0;
}

/* It is here already; files of it that were lost since may come again. */
static void
answer_known(
    struct asking *q, const struct pushed *p, enum publications_state state)
{
	struct err e;
	json_t *missing = state == PUBLICATION_ACCEPTED
	    ? pushed_missing(q->s, &p->files, &e)
	    : json_array();

	if (missing == NULL) {
		outbox_refuse(q->s, q->id, &e);
		return;
	}
	outbox_answer(q->s, q->id, 200,
	    json_pack("{ss so ss}", "id", p->id, "missing", missing, "state",
		shown_state(q->s, state)),
	    -1);
}

static void
post_publication(struct asking *q)
{
	struct pushed p;
	struct publications_row k;
	struct err e;
	json_t *missing;
	int n;

	if (pushed_read(&p, q->body, q->s->conf, q->a, &e) < 0 ||
	    (n = publications_find(q->s->db, q->channel, p.id, &k, &e)) < 0) {
		outbox_refuse(q->s, q->id, &e);
		return;
	}
	if (n > 0 &&
	    (k.state == PUBLICATION_ACCEPTED ||
		k.state == PUBLICATION_CHECKING ||
		k.state == PUBLICATION_PREPARED)) {
		answer_known(q, &p, k.state);
		return;
	}
	if (may_follow(q, p.id, p.m) < 0)
		return;
	if (pushed_put(q->s->db, q->channel, &p, q->who, clock_now_s(), &e) <
		0 ||
	    (missing = pushed_missing(q->s, &p.files, &e)) == NULL) {
		outbox_refuse(q->s, q->id, &e);
		return;
	}
	outbox_answer(q->s, q->id, 200,
	    json_pack("{ss so ss}", "id", p.id, "missing", missing, "state",
		shown_state(q->s, PUBLICATION_OPEN)),
	    -1);
}

/* --- commit --- */

static void
post_commit(struct asking *q)
{
	struct publications_row k;
	struct err e;

	if (find(q, &k) < 0)
		return;
	if (k.state == PUBLICATION_OPEN) {
		if (may_follow(q, q->publication, k.m) < 0)
			return;
		if (intake_check_start(q->s, q->channel, q->publication, &e) <
		    0) {
			outbox_refuse(q->s, q->id, &e);
			return;
		}
		k.state = PUBLICATION_CHECKING;
	}
	outbox_answer(q->s, q->id, 202,
	    json_pack("{ss ss}", "id", q->publication, "state",
		shown_state(q->s, k.state)),
	    -1);
}

/* --- routes --- */

/* /v1/publications/<product>/<channel>[/<id>[/commit]] */
static int
parse(struct asking *q, const char *path, struct err *e)
{
	char product[PRODUCT_MAX + 1], channel[PRODUCT_MAX + 1];
	char *rest, *part[5] = { NULL };
	size_t n = 0;

	if (strncmp(path, PREFIX, strlen(PREFIX)) != 0)
		return err_set(e, ERR_MISSING, "there is no such thing");
	rest = arena_text(q->a, path + strlen(PREFIX), e);
	if (rest == NULL)
		return -1;
	while (n < COUNT(part) && (part[n] = strsep(&rest, "/")) != NULL)
		n++;
	if (n < 2 || n > 4 || (n == 4 && strcmp(part[3], "commit") != 0))
		return err_set(e, ERR_MISSING, "there is no such thing");
	(void)snprintf(
	    q->channel, sizeof(q->channel), "%.64s/%.64s", part[0], part[1]);
	q->publication = part[2];
	q->commit = n == 4;
	return channel_split(q->channel, product, channel, e);
}

static void
dispatch(struct asking *q, const char *method)
{
	bool get = strcmp(method, "GET") == 0;
	bool post = strcmp(method, "POST") == 0;
	struct err e;
	json_t *base;

	if (get && q->publication != NULL && !q->commit)
		get_publication(q);
	else if (post && q->commit)
		post_commit(q);
	else if (post && q->publication == NULL)
		post_publication(q);
	else if (!get || q->publication != NULL)
		outbox_answer(q->s, q->id, 405,
		    json_pack("{ss ss}", "error", "not with this method",
			"kind", "usage"),
		    -1);
	else if ((base = base_of(q->s, q->channel, &e)) == NULL)
		outbox_refuse(q->s, q->id, &e);
	else
		outbox_answer(q->s, q->id, 200, base, -1);
}

/* A body that did not fit a message. */
static int
read_body(struct asking *q, int fd, struct err *e)
{
	AUTO_BUF b;

	buf_init(&b, (size_t)q->s->conf->publication_max);
	/* nothing else: a pipe would have us wait for ever */
	if (ipc_memfd_read(fd, (size_t)q->s->conf->publication_max, &b, e) < 0)
		return -1;
	if (b.len > 0 && memchr(b.at, '\0', b.len) != NULL)
		return err_set(e, ERR_INPUT, "the body is not text");
	q->body = arena_text(q->a, buf_str(&b), e);
	return q->body == NULL ? -1 : 0;
}

void
intake_api(struct store *s, const json_t *ask, int fd)
{
	const char *method = json_string_value(json_object_get(ask, "method"));
	const char *path = json_string_value(json_object_get(ask, "path"));
	const char *token = json_string_value(json_object_get(ask, "token"));
	AUTO_ARENA a = arena_new(ARENA_MAX);
	struct asking q = { .s = s,
		.a = a,
		.id = json_integer_value(json_object_get(ask, "id")),
		.body = json_string_value(json_object_get(ask, "body")) };
	struct err e;

	if (a == NULL || method == NULL || path == NULL) {
		(void)err_set(&e, ERR_SYS, "a message of front is damaged");
		outbox_refuse(s, q.id, &e);
		return;
	}
	if (intake_token(s, token,
		strcmp(method, "GET") == 0 ? "read" : "publish", q.who,
		&e) < 0 ||
	    (fd >= 0 && read_body(&q, fd, &e) < 0) || parse(&q, path, &e) < 0 ||
	    channel_load(s->db, q.channel, a, &e) == NULL) {
		outbox_refuse(s, q.id, &e);
		return;
	}
	dispatch(&q, method);
}
