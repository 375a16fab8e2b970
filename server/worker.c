/*
 * The thread: turn by turn, news from the inbox first.
 */
#include "server/worker.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/log.h"
#include "server/ipc.h"
#include "server/serve.h"

#define FLUSH_MS 5000 /* poll counts go to store this often */
#define LEAVE_MS 5000 /* what a stopping worker gives its connections */

/* --- tables --------------------------------------------------------------- */

/* The place of a channel's name, made if need be. */
static int
place_of(struct metrics_common *m, const char *name)
{
	int i = 0;

	while (i < m->nchannels && strcmp(m->channels[i], name) != 0)
		i++;
	if (i < m->nchannels)
		return i;
	if (i == METRICS_CHANNELS - 1)
		name = "other";
	if (i == METRICS_CHANNELS)
		return i - 1;
	(void)snprintf(m->channels[i], sizeof(m->channels[i]), "%s", name);
	m->nchannels++;
	return i;
}

struct worker_table *
worker_table_new(struct table *t, const struct metrics_common *before,
    int64_t now_s, struct err *e)
{
	struct worker_table *w = calloc(1, sizeof(*w));
	uint8_t *places = calloc(t->nchannels + 1, 1);
	char name[2 * PRODUCT_MAX + 2];

	if (w == NULL || places == NULL) {
		free(places);
		free(w);
		table_free(t);
		(void)err_set(e, ERR_SYS, "no memory for a table");
		return NULL;
	}
	w->table = t;
	w->places = places;
	if (before != NULL)
		w->common = *before;
	memset(w->common.validity, 0, sizeof(w->common.validity));
	w->common.generation = t->generation;
	w->common.table_s = now_s;
	for (size_t i = 0; i < t->nchannels; i++) {
		const struct table_channel *c = &t->channels[i];

		(void)snprintf(name, sizeof(name), "%s/%s", c->state.product,
		    c->state.channel);
		places[i] = (uint8_t)place_of(&w->common, name);
		validity_least(&w->common.validity[places[i]], &c->validity);
	}
	return w;
}

void
worker_table_drop(struct worker_table *t)
{
	if (t == NULL || atomic_fetch_sub(&t->users, 1) > 1)
		return;
	table_free(t->table);
	free(t->places);
	free(t);
}

/* --- the inbox ------------------------------------------------------------ */

int
worker_tell(struct worker *w, struct worker_table *table, json_t *answer,
    int fd, struct err *e)
{
	struct worker_news *n = calloc(1, sizeof(*n));
	const uint64_t one = 1;

	if (n == NULL) {
		json_decref(answer);
		if (fd >= 0)
			(void)close(fd);
		return err_set(e, ERR_SYS, "no memory for news");
	}
	n->table = table;
	n->answer = answer;
	n->fd = fd;
	(void)pthread_mutex_lock(&w->lock);
	*w->last = n;
	w->last = &n->next;
	(void)pthread_mutex_unlock(&w->lock);
	(void)!write(w->wake_fd, &one, sizeof(one));
	return 0;
}

static struct worker_news *
take_news(struct worker *w)
{
	struct worker_news *n;

	(void)pthread_mutex_lock(&w->lock);
	n = w->first;
	w->first = NULL;
	w->last = &w->first;
	(void)pthread_mutex_unlock(&w->lock);
	return n;
}

/* The last worker to take a table tells front, which tells store. */
static void
adopt(struct worker *w, struct worker_table *t)
{
	const uint64_t one = 1;

	worker_table_drop(w->current);
	w->current = t;
	if (atomic_fetch_add(&t->adopted, 1) + 1 == w->team->n)
		(void)!write(w->team->adopted_fd, &one, sizeof(one));
}

static void
read_news(struct worker *w)
{
	struct worker_news *n = take_news(w), *next;

	for (; n != NULL; n = next) {
		next = n->next;
		if (n->table != NULL)
			adopt(w, n->table);
		if (n->answer != NULL)
			relay_answer(w, n->answer, n->fd);
		json_decref(n->answer);
		free(n);
	}
}

/* --- what the HTTP server calls ------------------------------------------- */

static void
wake(void *ctx)
{
	struct worker *w = ctx;
	uint64_t n;

	(void)!read(w->wake_fd, &n, sizeof(n));
	read_news(w);
}

static void
flush(struct worker *w)
{
	struct err e;

	/* a busy store gets them the next time */
	if (counts_send(&w->counts, w->team->store_fd, clock_now_s(), &e) < 0 &&
	    e.kind != ERR_LIMIT)
		log_warn("counts_unsent", F("error", (const char *)e.msg));
}

static void
tick(void *ctx, int64_t now_ms)
{
	struct worker *w = ctx;

	relay_sweep(w, now_ms, false);
	METRICS_SET(w->metrics.connections, http_open(w->http));
	if (now_ms < w->next_flush_ms)
		return;
	w->next_flush_ms = now_ms + FLUSH_MS;
	flush(w);
}

static void
done(void *ctx, const struct http_request *q)
{
	struct worker *w = ctx;

	if (q->status > 0 && q->status < METRICS_STATUSES)
		METRICS_ADD(w->metrics.responses[q->status], 1);
	METRICS_ADD(w->metrics.bytes, q->sent);
}

static void
gone(void *ctx, struct http_request *q)
{
	relay_gone(ctx, q);
}

/* --- life ----------------------------------------------------------------- */

/* Polls first: they are what comes most; the most general pattern last. */
#define NONE HTTP_BODY_NONE
static void
routes_make(struct http_route *r, const struct server_config *conf)
{
	const struct http_route all[] = {
		// clang-format off
		{ { "GET", "/:product/:channel/timestamp.json" }, NONE, 0,
		    NULL, serve_timestamp },
		{ { "GET", "/:product/:channel/manifest.json" }, NONE, 0,
		    NULL, serve_manifest },
		{ { "GET", "/:product/:channel/manifest.json.minisig" }, NONE,
		    0, NULL, serve_minisig },
		{ { "POST", "/v1/health" }, HTTP_BODY_MEMORY,
		    conf->report_max, NULL, relay_report },
		{ { "GET", "/healthz" }, NONE, 0, NULL, serve_healthz },
		{ { "GET", "/metrics" }, NONE, 0, NULL, serve_metrics },
		{ { "GET", "/v1/publications/*" }, NONE, 0, NULL, relay_api },
		{ { "POST", "/v1/publications/*" }, HTTP_BODY_MEMORY,
		    conf->publication_max, NULL, relay_api },
		{ { "GET", "/v1/blobs/:sha256" }, NONE, 0, NULL, relay_blob },
		{ { "PUT", "/v1/blobs/:sha256" }, HTTP_BODY_FILE,
		    conf->file_max, relay_upload_start, relay_upload },
		{ { "GET", "/:product/:channel/*" }, NONE, 0, NULL,
		    serve_file },
		// clang-format on
	};

	_Static_assert(COUNT(all) == WORKER_ROUTES, "all routes have room");
	memcpy(r, all, sizeof(all));
}

static int
start_http(struct worker *w, int listen_fd, struct err *e)
{
	const struct server_config *c = w->conf;
	const struct http_settings s = {
		.listen_fd = listen_fd,
		.limits = w->team->limits,
		.connections = (c->connections + w->team->n - 1) / w->team->n,
		.per_prefix = c->connections_per_prefix,
		.header_ms = c->header_s * 1000,
		.body_ms = c->body_s * 1000,
		.keepalive_ms = c->keepalive_s * 1000,
		.min_rate = c->min_rate,
		.forwarded = c->forwarded,
		.routes = w->routes,
		.nroutes = COUNT(w->routes),
		.ctx = w,
		.wake_fd = w->wake_fd,
		.wake = wake,
		.tick = tick,
		.done = done,
		.gone = gone,
	};

	routes_make(w->routes, c);
	w->http = http_new(&s, e);
	return w->http != NULL ? 0 : -1;
}

struct worker *
worker_new(struct worker_team *t, int index, int listen_fd, int blobs_fd,
    struct err *e)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (w == NULL) {
		(void)err_set(e, ERR_SYS, "no memory for a worker");
		return NULL;
	}
	w->conf = t->conf;
	w->team = t;
	w->last = &w->first;
	(void)pthread_mutex_init(&w->lock, NULL);
	relay_init(&w->relay, index);
	counts_init(&w->counts);
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->blobs = blobcache_new(blobs_fd, e);
	if (w->wake_fd < 0)
		(void)err_sys(e, "eventfd");
	else if (w->blobs != NULL && start_http(w, listen_fd, e) == 0)
		return w;
	worker_free(w);
	return NULL;
}

void
worker_free(struct worker *w)
{
	if (w == NULL)
		return;
	http_free(w->http);
	blobcache_free(w->blobs);
	worker_table_drop(w->current);
	if (w->wake_fd >= 0)
		(void)close(w->wake_fd);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}

/* Requests in progress may end; store has some seconds to answer. */
static void
leave(struct worker *w)
{
	int64_t until = clock_mono_ms() + LEAVE_MS;

	http_quiesce(w->http);
	while (http_open(w->http) > 0 && clock_mono_ms() < until)
		http_turn(w->http);
	relay_sweep(w, 0, true);
	for (int i = 0; i < 8; i++)
		http_turn(w->http);
	flush(w);
}

static void *
run(void *arg)
{
	struct worker *w = arg;

	while (!atomic_load(&w->team->stop))
		http_turn(w->http);
	leave(w);
	return NULL;
}

int
worker_start(struct worker *w, struct err *e)
{
	int r = pthread_create(&w->thread, NULL, run, w);

	return r == 0 ? 0 : err_set(e, ERR_SYS, "thread: %s", strerror(r));
}
