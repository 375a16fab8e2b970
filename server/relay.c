/*
 * Asking store.  A question holds a place in a fixed table until its answer,
 * its deadline or both have come; its id names place, worker and a serial, so
 * that a late answer never reaches another's request.
 */
#include "server/relay.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/log.h"
#include "server/fields.h"
#include "server/ipc.h"
#include "server/serve.h"
#include "server/worker.h"

#define TOKEN_MAX     200
#define ASK_MS	      30000
#define COPY_RATE     (16 * 1024 * 1024) /* bytes/s at which store hashes */
#define AUTH_FAILURES 5 /* per prefix and minute; then they wait */

enum step {
	STEP_ASKED,
	STEP_SINK,
	STEP_UPLOADED,
	STEP_BLOB,
	STEP_REPORT
};

/* --- the table of questions ----------------------------------------------- */

/* id: serial, place (10 bits), worker (4 bits); below 2^53 for JSON's sake */
#define ID_WORKER_BITS 4
#define ID_PLACE_BITS  10
#define ID_SERIAL_MASK (((int64_t)1 << 38) - 1)

_Static_assert(WORKERS_MAX <= 1 << ID_WORKER_BITS, "workers fit an id");
_Static_assert(RELAY_ASKS <= 1 << ID_PLACE_BITS, "places fit an id");

void
relay_init(struct relay *r, int worker)
{
	memset(r, 0, sizeof(*r));
	r->worker = worker;
	r->serial = (int64_t)randombytes_random() << 5;
	for (int i = 0; i < RELAY_ASKS; i++)
		r->asks[i].next_free = i + 1 < RELAY_ASKS ? i + 1 : -1;
}

int
relay_worker(int64_t id)
{
	return (int)(id & ((1 << ID_WORKER_BITS) - 1));
}

static struct relay_ask *
ask_of(struct relay *r, int64_t id)
{
	struct relay_ask *a =
	    &r->asks[id >> ID_WORKER_BITS & ((1 << ID_PLACE_BITS) - 1)];

	return id > 0 && a->id == id ? a : NULL;
}

static void
ask_done(struct relay *r, struct relay_ask *a)
{
	a->id = 0;
	a->q = NULL;
	a->next_free = r->first_free;
	r->first_free = (int)(a - r->asks);
	r->open--;
}

static struct relay_ask *
ask_new(struct relay *r, struct http_request *q, int64_t wait_ms)
{
	int place = r->first_free;
	struct relay_ask *a;

	if (place < 0)
		return NULL;
	a = &r->asks[place];
	r->first_free = a->next_free;
	r->serial = (r->serial + 1) & ID_SERIAL_MASK;
	a->id =
	    (r->serial << ID_PLACE_BITS | place) << ID_WORKER_BITS | r->worker;
	a->q = q;
	a->deadline_ms = clock_mono_ms() + wait_ms;
	r->open++;
	return a;
}

/*
 * Send a question (consumed) and put the request to sleep; where store is too
 * busy, answer 503.
 */
static void
ask(struct http_request *q, json_t *m, int fd, int64_t wait_ms)
{
	struct worker *w = worker_of(q);
	AUTO_JSON message = m;
	struct relay_ask *a;
	struct err e;

	if (message == NULL) {
		http_refuse(q, 503, "sys", "no memory");
		return;
	}
	if ((a = ask_new(&w->relay, q, wait_ms)) == NULL) {
		http_refuse(q, 503, "limit", "busy");
		return;
	}
	(void)json_object_set_new(message, "id", json_integer(a->id));
	if (ipc_send(w->team->store_fd, message, fd, &e) < 0) {
		ask_done(&w->relay, a);
		http_refuse(q, 503, "limit", "busy");
		return;
	}
	q->ask = a->id;
	http_later(q);
}

void
relay_gone(struct worker *w, struct http_request *q)
{
	struct relay_ask *a = ask_of(&w->relay, q->ask);

	/* the place stays taken until store has answered or time is up */
	if (a != NULL)
		a->q = NULL;
}

void
relay_sweep(struct worker *w, int64_t now_ms, int all)
{
	for (int i = 0; i < RELAY_ASKS && w->relay.open > 0; i++) {
		struct relay_ask *a = &w->relay.asks[i];
		struct http_request *q = a->q;

		if (a->id == 0 || (!all && now_ms < a->deadline_ms))
			continue;
		ask_done(&w->relay, a);
		if (q == NULL)
			continue;
		http_refuse(q, 503, "limit",
		    all ? "starting again" : "no answer in time");
		http_resume(q);
	}
	METRICS_SET(w->metrics.asks, w->relay.open);
}

/* --- answers -------------------------------------------------------------- */

static int64_t
int_of(const json_t *v, const char *key, int64_t none)
{
	const json_t *n = json_object_get(v, key);

	return json_is_integer(n) ? json_integer_value(n) : none;
}

/* The body of an answer as store sent it; takes fd over. */
static void
answer_body(struct http_request *q, int status, const json_t *m, int fd)
{
	const json_t *body = json_object_get(m, "body");
	struct stat st;
	AUTO_BUF text;
	struct err e;

	buf_init(&text, IPC_SPILL_MAX);
	if (fd >= 0 && fstat(fd, &st) == 0) {
		http_answer(q, status, "application/json",
		    HTTP_FD(fd, 0, (int64_t)st.st_size));
		return;
	}
	if (body == NULL || json_is_null(body) ||
	    json_write(body, &text, &e) < 0) {
		http_answer(q, status, NULL, HTTP_NOTHING);
	} else {
		http_answer(q, status, "application/json",
		    HTTP_TAKE((char *)text.at, (int64_t)text.len));
		text.at = NULL; /* it has been taken over */
	}
}

static void
answer_plainly(struct http_request *q, int status, const json_t *m, int fd)
{
	int64_t retry = int_of(m, "retry_after", -1);
	char text[32];

	answer_body(q, status, m, fd);
	http_set(q, "Cache-Control", "no-store");
	if (retry < 0 && status == 503)
		retry = 5;
	if (retry >= 0) {
		(void)snprintf(text, sizeof(text), "%lld", (long long)retry);
		http_set(q, "Retry-After", text);
	}
}

/* What each step makes of an answer. */
static void
finish(struct worker *w, struct http_request *q, const json_t *m, int fd)
{
	int status = (int)int_of(m, "status", 503);
	struct stat st;

	if (status < 200 || status > 599)
		status = 503;
	if (status == 401)
		(void)peer_take(w->team->failures, &q->peer, AUTH_FAILURES,
		    clock_mono_ms());
	if (q->step == STEP_REPORT)
		METRICS_ADD(*(status == 202 ? &w->metrics.reports
					    : &w->metrics.reports_limited),
		    status == 202 || status == 503);
	if (q->step == STEP_SINK && status == 200 && fd >= 0) {
		http_sink(q, fd);
		return;
	}
	if (q->step == STEP_BLOB && status == 200 && fd >= 0 &&
	    fstat(fd, &st) == 0) {
		serve_range(q, fd, (int64_t)st.st_size, q->arg[0],
		    "application/octet-stream");
		return;
	}
	answer_plainly(q, status, m, fd);
}

void
relay_answer(struct worker *w, const json_t *answer, int fd)
{
	const char *what = json_string_value(json_object_get(answer, "do"));
	struct relay_ask *a = ask_of(&w->relay, int_of(answer, "id", 0));
	struct http_request *q = a != NULL ? a->q : NULL;

	if (what != NULL && strcmp(what, "started") == 0) {
		relay_sweep(w, 0, true);
		return;
	}
	if (a != NULL)
		ask_done(&w->relay, a);
	if (q == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	finish(w, q, answer, fd);
	http_resume(q);
}

/* --- questions ------------------------------------------------------------ */

void
relay_report(struct http_request *q)
{
	struct worker *w = worker_of(q);
	struct err e;
	json_t *body;

	if (!peer_take(w->team->limits, &q->peer, w->conf->report_rate,
		clock_mono_ms())) {
		METRICS_ADD(w->metrics.reports_limited, 1);
		http_refuse(q, 429, "limit", "too many reports");
		http_set(q, "Retry-After", "60");
		return;
	}
	body = json_read(q->body, (size_t)w->conf->report_max, &e);
	if (body == NULL || !json_is_object(body)) {
		json_decref(body);
		http_refuse(q, 400, "input", "malformed report");
		return;
	}
	q->step = STEP_REPORT;
	ask(q, json_pack("{s:s, s:o}", "do", "report", "body", body), -1,
	    ASK_MS);
	if (q->status == 503)
		METRICS_ADD(w->metrics.reports_limited, 1);
}

/* The token into text; false: answered, since this prefix guesses. */
static bool
read_token(struct http_request *q, char text[static TOKEN_MAX], bool *there)
{
	*there =
	    fields_bearer(http_header(q, "Authorization"), text, TOKEN_MAX);
	if (!peer_spent(worker_of(q)->team->failures, &q->peer, AUTH_FAILURES,
		clock_mono_ms()))
		return true;
	http_refuse(q, 429, "limit", "too many wrong tokens");
	http_set(q, "Retry-After", "60");
	return false;
}

static json_t *
query_of(const struct url *u)
{
	json_t *v = json_object();

	for (size_t i = 0; i < u->npairs; i++)
		(void)json_object_set_new(
		    v, u->pairs[i].key, json_string(u->pairs[i].value));
	return v;
}

/* Both are UTF-8 or the message could not be made. */
static bool
text_ok(const struct http_request *q)
{
	const struct url *u = q->url;

	for (size_t i = 0; i < u->npairs; i++)
		if (!utf8_ok(u->pairs[i].key, strlen(u->pairs[i].key)) ||
		    !utf8_ok(u->pairs[i].value, strlen(u->pairs[i].value)))
			return false;
	return q->body.len == 0 || utf8_ok(q->body.at, q->body.len);
}

void
relay_api(struct http_request *q)
{
	char token[TOKEN_MAX], path[URL_MAX + 32];
	bool inside = q->body.len <= IPC_TEXT_MAX, there;
	AUTO_FD fd = -1;
	struct err e;
	json_t *m;

	if (!read_token(q, token, &there))
		return;
	if (!text_ok(q)) {
		http_refuse(q, 400, "input", "not UTF-8");
		return;
	}
	if (!inside && (fd = ipc_memfd(q->body, &e)) < 0) {
		http_refuse(q, 503, "sys", "no memory");
		return;
	}
	(void)snprintf(path, sizeof(path), "/v1/publications/%s", q->arg[0]);
	m = json_pack("{s:s, s:s, s:s, s:o, s:s?}", "do", "api", "method",
	    strcmp(q->method, "HEAD") == 0 ? "GET" : q->method, "path", path,
	    "query", query_of(q->url), "token", there ? token : NULL);
	if (m != NULL && q->body.len > 0 && inside)
		(void)json_object_set_new(m, "body",
		    json_stringn((const char *)q->body.at, q->body.len));
	if (m != NULL && !inside)
		(void)json_object_set_new(m, "in_fd", json_true());
	q->step = STEP_ASKED;
	ask(q, m, fd, ASK_MS);
}

/* sha256, offset and size of an upload; false: answered. */
static bool
read_upload(struct http_request *q, int64_t *offset, int64_t *size)
{
	const char *at = url_query(q->url, "offset");
	const char *all = url_query(q->url, "size");
	const struct server_config *conf = worker_of(q)->conf;
	uint8_t raw[SHA256_SIZE];

	if (hex_read(raw, sizeof(raw), q->arg[0]) == 0 &&
	    strlen(q->arg[0]) == 2 * sizeof(raw) && all != NULL &&
	    int_read(all, 0, conf->file_max, size) == 0 &&
	    int_read(at != NULL ? at : "0", 0, *size, offset) == 0 &&
	    q->length == *size - *offset)
		return true;
	http_refuse(q, 400, "input",
	    "an upload needs a digest, offset and size, and size - offset"
	    " bytes");
	return false;
}

void
relay_upload_start(struct http_request *q)
{
	char token[TOKEN_MAX];
	int64_t offset, size;
	bool there;

	if (!read_upload(q, &offset, &size) || !read_token(q, token, &there))
		return;
	q->step = STEP_SINK;
	ask(q,
	    json_pack("{s:s, s:s?, s:s, s:I, s:I}", "do", "upload", "token",
		there ? token : NULL, "sha256", q->arg[0], "offset",
		(json_int_t)offset, "size", (json_int_t)size),
	    -1, ASK_MS);
}

void
relay_upload(struct http_request *q)
{
	int64_t offset, size;

	if (!read_upload(q, &offset, &size))
		return;
	q->step = STEP_UPLOADED;
	ask(q,
	    json_pack("{s:s, s:s, s:I}", "do", "uploaded", "sha256", q->arg[0],
		"size", (json_int_t)size),
	    -1, ASK_MS + size / COPY_RATE * 1000);
}

void
relay_blob(struct http_request *q)
{
	char token[TOKEN_MAX];
	uint8_t raw[SHA256_SIZE];
	bool there;

	if (hex_read(raw, sizeof(raw), q->arg[0]) < 0 ||
	    strlen(q->arg[0]) != 2 * sizeof(raw)) {
		http_refuse(q, 400, "input", "not a digest");
		return;
	}
	if (!read_token(q, token, &there))
		return;
	q->step = STEP_BLOB;
	ask(q,
	    json_pack("{s:s, s:s?, s:s}", "do", "blob", "token",
		there ? token : NULL, "sha256", q->arg[0]),
	    -1, ASK_MS);
}
