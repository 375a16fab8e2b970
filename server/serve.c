/*
 * Answers without store: files, polls, and what the process says of itself.
 */
#include "server/serve.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/json.h"
#include "manifest/base/log.h"
#include "manifest/cohort.h"
#include "server/fields.h"
#include "server/ticket.h"
#include "server/worker.h"

#define JSON_TYPE   "application/json"
#define BINARY_TYPE "application/octet-stream"
#define PRIVATE	    "private, no-cache"
#define FOR_EVER    "public, max-age=31536000, immutable"
#define DAY_S	    86400
#define VERSION_MAX ((int64_t)INT32_MAX) /* of TUF documents: 31 bits */

static void
no_such(struct http_request *q)
{
	http_refuse(q, 404, "missing", "nothing here");
}

/* --- files ---------------------------------------------------------------- */

static const char *
type_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	if (dot != NULL && strcmp(dot, ".json") == 0)
		return JSON_TYPE;
	if (dot != NULL && strcmp(dot, ".minisig") == 0)
		return "text/plain";
	return BINARY_TYPE;
}

static void
set_tag(struct http_request *q, const char *tag)
{
	char quoted[SHA256_HEX_SIZE + 2];

	(void)snprintf(quoted, sizeof(quoted), "\"%s\"", tag);
	http_set(q, "ETag", quoted);
}

/* The part of size bytes that is asked for; false: answered with 416. */
static bool
part_of(struct http_request *q, int64_t size, const char *tag, int64_t *from,
    int64_t *len)
{
	char text[64];

	*from = 0;
	*len = size;
	if (!fields_if_range(http_header(q, "If-Range"), tag))
		return true;
	if (fields_range(http_header(q, "Range"), size, from, len) != RANGE_BAD)
		return true;
	http_refuse(q, 416, "input", "no such range");
	(void)snprintf(text, sizeof(text), "bytes */%lld", (long long)size);
	http_set(q, "Content-Range", text);
	return false;
}

static void
set_part(struct http_request *q, int64_t from, int64_t len, int64_t size)
{
	char text[96];

	http_set(q, "Accept-Ranges", "bytes");
	if (q->status != 206)
		return;
	(void)snprintf(text, sizeof(text), "bytes %lld-%lld/%lld",
	    (long long)from, (long long)(from + len - 1), (long long)size);
	http_set(q, "Content-Range", text);
}

void
serve_range(struct http_request *q, int fd, int64_t size, const char *tag,
    const char *type)
{
	int64_t from, len;

	if (!part_of(q, size, tag, &from, &len)) {
		(void)close(fd);
		return;
	}
	http_answer(q, len < size ? 206 : 200, type, HTTP_FD(fd, from, len));
	set_part(q, from, len, size);
	set_tag(q, tag);
}

static void
send_blob(struct http_request *q, const struct blob *b, const char *type)
{
	int64_t from, len;
	int fd;

	if (b->at == NULL) {
		fd = fcntl(b->fd, F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			http_refuse(q, 503, "limit", "too many open files");
		else
			serve_range(q, fd, b->size, b->sha256, type);
		return;
	}
	if (!part_of(q, b->size, b->sha256, &from, &len))
		return;
	http_answer(
	    q, len < b->size ? 206 : 200, type, HTTP_COPY(b->at + from, len));
	set_part(q, from, len, b->size);
	set_tag(q, b->sha256);
}

/* A file that the table names; caching says how long it may be kept. */
static void
send_file(
    struct http_request *q, const struct listed_file *f, const char *caching)
{
	const struct blob *b;
	struct err e;

	if (fields_etag(http_header(q, "If-None-Match"), f->sha256)) {
		http_answer(q, 304, NULL, HTTP_NOTHING);
		set_tag(q, f->sha256);
		http_set(q, "Cache-Control", caching);
		return;
	}
	b = blobcache_get(worker_of(q)->blobs, f->sha256, f->size, &e);
	if (b == NULL) {
		log_error("blob_unreadable", F("path", f->path),
		    F("error", (const char *)e.msg));
		http_refuse(q, 503, "sys", "the file cannot be read");
		return;
	}
	send_blob(q, b, type_of(f->path));
	if (q->status < 400)
		http_set(q, "Cache-Control", caching);
}

static const struct table_channel *
channel_of(const struct http_request *q)
{
	const struct worker_table *t = worker_of(q)->current;

	return t != NULL ? table_channel(t->table, q->arg[0], q->arg[1]) : NULL;
}

/* Before the first table nobody knows what there is. */
static bool
ready(struct http_request *q)
{
	if (worker_of(q)->current != NULL)
		return true;
	http_refuse(q, 503, "limit", "starting");
	return false;
}

void
serve_file(struct http_request *q)
{
	const struct table_channel *c;
	const struct listed_file *f;

	if (!ready(q))
		return;
	c = channel_of(q);
	f = c != NULL ? table_file(c, q->arg[2]) : NULL;
	if (f == NULL)
		no_such(q);
	else
		send_file(q, f, FOR_EVER);
}

/* --- polls ---------------------------------------------------------------- */

struct poll {
	struct request request;
	struct counts_poll says;
	char platform[PLATFORM_MAX + 1];
	int64_t now_s;
	const struct table_channel *channel;
	struct choice choice;
};

/* A parameter that must be a name if it is there. */
static int
name_param(const struct http_request *q, const char *key, const char **out)
{
	*out = url_query(q->url, key);
	return *out == NULL || name_ok(*out, COUNTS_NAME) ? 0 : -1;
}

static void
read_id(const struct http_request *q, struct request *r)
{
	struct err e;

	r->id = url_query(q->url, "id");
	if (r->id == NULL)
		r->id = http_header(q, "Sluice-Client");
	if (r->id != NULL && cohort_id_check(r->id, &e) < 0) {
		METRICS_ADD(worker_of(q)->metrics.invalid_ids, 1);
		r->id = NULL;
	}
}

/* Form only; what it means is choice_make's affair. */
static int
read_poll(const struct http_request *q, struct poll *p)
{
	const char *seen = url_query(q->url, "seen");
	const char *ask = url_query(q->url, "ask");
	struct request *r = &p->request;
	struct err e;

	memset(p, 0, sizeof(*p));
	read_id(q, r);
	if (name_param(q, "os", &p->says.os) < 0 ||
	    name_param(q, "arch", &p->says.arch) < 0 ||
	    name_param(q, "group", &r->group) < 0)
		return -1;
	if (seen != NULL && int_read(seen, 0, VERSION_MAX, &r->seen) < 0)
		return -1;
	if (ask != NULL && strcmp(ask, "1") != 0 && strcmp(ask, "0") != 0)
		return -1;
	r->ask = ask != NULL && ask[0] == '1';
	p->says.version = url_query(q->url, "version");
	if (p->says.version != NULL && semver_check(p->says.version, &e) == 0)
		r->version = p->says.version;
	if (p->says.os != NULL && p->says.arch != NULL &&
	    snprintf(p->platform, sizeof(p->platform), "%s-%s", p->says.os,
		p->says.arch) < (int)sizeof(p->platform))
		r->platform = p->platform;
	return 0;
}

static void
count(const struct http_request *q, struct poll *p)
{
	struct worker *w = worker_of(q);
	const struct worker_table *t = w->current;
	size_t place = t->places[p->channel - t->table->channels];
	const struct ladder *l = &p->channel->state.ladder;

	p->says.product = q->arg[0];
	p->says.channel = q->arg[1];
	counts_add(&w->counts, &p->says);
	METRICS_ADD(w->metrics.polls[place][ladder_kind(l, p->choice.rung)]
				    [p->choice.rule],
	    1);
	if (p->request.seen > ladder_version(l, p->choice.rung))
		METRICS_ADD(w->metrics.behind[place], 1);
}

/* Read and decide; false: answered. */
static bool
decide(struct http_request *q, struct poll *p)
{
	if (!ready(q))
		return false;
	if (read_poll(q, p) < 0) {
		http_refuse(q, 400, "input", "malformed query");
		return false;
	}
	p->channel = channel_of(q);
	if (p->channel == NULL) {
		no_such(q);
		return false;
	}
	p->now_s = clock_now_s();
	/* as of when the views were signed, so that what is chosen is there */
	p->choice =
	    choice_make(&p->channel->state, &p->request, p->channel->signed_s);
	if (p->choice.rung < 0) {
		no_such(q);
		return false;
	}
	count(q, p);
	return true;
}

static void
set_ticket(struct http_request *q, const struct poll *p)
{
	const struct ladder *l = &p->channel->state.ladder;
	char text[TICKET_TEXT_SIZE];
	struct ticket t;
	struct err e;

	if (p->request.id == NULL)
		return;
	t.kind = ladder_kind(l, p->choice.rung);
	t.seq = ladder_seq(l, p->choice.rung);
	t.day = p->now_s / DAY_S;
	(void)snprintf(t.channel, sizeof(t.channel), "%s", q->arg[1]);
	if (ticket_make(text, worker_of(q)->current->table->ticket_key, &t,
		p->request.id, q->arg[0], &e) == 0)
		http_set(q, "Sluice-Ticket", text);
}

void
serve_timestamp(struct http_request *q)
{
	const struct table_view *v;
	struct poll p;

	if (!decide(q, &p))
		return;
	v = table_view(p.channel, &p.choice);
	if (v == NULL) {
		log_error("view_missing", F("product", q->arg[0]),
		    F("channel", q->arg[1]), F("rung", p.choice.rung));
		http_refuse(q, 503, "sys", "not signed yet");
		return;
	}
	if (fields_etag(http_header(q, "If-None-Match"), v->etag))
		http_answer(q, 304, NULL, HTTP_NOTHING);
	else
		http_answer(q, 200, JSON_TYPE,
		    HTTP_COPY(v->timestamp, (int64_t)v->len));
	set_tag(q, v->etag);
	http_set(q, "Cache-Control", PRIVATE);
	set_ticket(q, &p);
}

/* The manifest of the chosen rung, or what stands beside it. */
static void
serve_chosen(struct http_request *q, const char *suffix)
{
	const struct listed_file *f;
	const char *digest;
	char path[SHA256_HEX_SIZE + 48];
	struct poll p;

	if (!decide(q, &p))
		return;
	digest = p.channel->manifests[p.choice.rung];
	(void)snprintf(path, sizeof(path), "targets/%s.manifest.json%s",
	    digest != NULL ? digest : "", suffix);
	f = table_file(p.channel, path);
	if (f == NULL) {
		no_such(q);
		return;
	}
	send_file(q, f, PRIVATE);
	if (q->status >= 400)
		return;
	http_set(q, "Content-Location", path);
	if (*suffix == 0)
		set_ticket(q, &p);
}

void
serve_manifest(struct http_request *q)
{
	serve_chosen(q, "");
}

void
serve_minisig(struct http_request *q)
{
	serve_chosen(q, ".minisig");
}

/* --- health and metrics --------------------------------------------------- */

static bool
may_read_metrics(const struct http_request *q)
{
	const char *who = worker_of(q)->conf->metrics;

	return strcmp(who, "all") == 0 ||
	    (strcmp(who, "local") == 0 && peer_loopback(&q->peer));
}

/* Of all channels, to list; the worst of it. */
static enum expiry_level
warn_all(json_t *list, const struct table *t)
{
	enum expiry_level worst = EXPIRY_FINE, l;
	char name[2 * PRODUCT_MAX + 2];

	for (size_t i = 0; i < t->nchannels; i++) {
		const struct table_channel *c = &t->channels[i];
		struct validity_of of = { name, c->state.mirror, &c->validity };

		(void)snprintf(name, sizeof(name), "%s/%s", c->state.product,
		    c->state.channel);
		l = validity_warn(list, &of, clock_now_s());
		worst = l > worst ? l : worst;
	}
	return worst;
}

/* That something expires is told to all, which channels there are only to who
 * may read it in the metrics too. */
void
serve_healthz(struct http_request *q)
{
	const struct worker *w = worker_of(q);
	json_t *list = json_array();
	enum expiry_level worst;
	AUTO_JSON v = NULL;
	AUTO_BUF out;
	struct err e;

	buf_init(&out, 4 << 20);
	if (!ready(q)) {
		json_decref(list);
		return;
	}
	worst = warn_all(list, w->current->table);
	if (!may_read_metrics(q))
		(void)json_array_clear(list);
	v = json_pack("{sb ss sI si sb ss so}", "ok", 1, "version",
	    SLUICE_VERSION, "generation",
	    (json_int_t)w->current->table->generation, "landlock",
	    w->team->sandbox.landlock, "seccomp", (int)w->team->sandbox.seccomp,
	    "expiry", expiry_level_name(worst), "warnings", list);
	if (v == NULL || json_write(v, &out, &e) < 0 || buf_ok(&out, &e) < 0) {
		http_refuse(q, 503, "limit", "too much to say");
		return;
	}
	buf_printf(&out, "\n");
	http_answer(q, 200, JSON_TYPE, HTTP_COPY(out.at, (int64_t)out.len));
	http_set(q, "Cache-Control", "no-store");
}

void
serve_metrics(struct http_request *q)
{
	const struct worker *w = worker_of(q);
	const struct worker_team *t = w->team;
	const struct metrics *each[WORKERS_MAX];
	struct err e;
	AUTO_BUF out;

	buf_init(&out, 4 << 20);
	if (!may_read_metrics(q)) {
		no_such(q);
		return;
	}
	if (!ready(q))
		return;
	for (int i = 0; i < t->n; i++)
		each[i] = &t->workers[i]->metrics;
	metrics_write(&out, each, t->n, &w->current->common, clock_now_s());
	if (buf_ok(&out, &e) < 0) {
		http_refuse(q, 503, "limit", "too much to say");
		return;
	}
	http_answer(q, 200, "text/plain; version=0.0.4",
	    HTTP_COPY(out.at, (int64_t)out.len));
	http_set(q, "Cache-Control", "no-store");
}
