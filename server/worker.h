/*
 * One HTTP thread of front and what it owns.  Nothing here is shared with
 * another thread but the table (counted, never written) and the atomics; the
 * inbox has a lock that no poll ever takes.
 */
#ifndef SLUICE_WORKER_H
#define SLUICE_WORKER_H

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "server/blobcache.h"
#include "server/config.h"
#include "server/counts.h"
#include "server/http.h"
#include "server/metrics.h"
#include "server/relay.h"
#include "server/table.h"

#define WORKERS_MAX   16
#define WORKER_ROUTES 11

/* A table and what is derived from it when it arrives. */
struct worker_table {
	struct table *table;
	struct metrics_common common;
	uint8_t *places; /* of common.channels, by index of the channel */
	_Atomic int users, adopted;
};

/* Something for a worker to do: a new table, or an answer of store. */
struct worker_news {
	struct worker_table *table;
	json_t *answer;
	int fd;
	struct worker_news *next;
};

struct worker {
	const struct server_config *conf;
	const struct worker_team *team;
	pthread_t thread;
	struct http *http;
	struct http_route routes[WORKER_ROUTES];
	struct worker_table *current; /* NULL before the first */
	struct blobcache *blobs;
	struct counts counts;
	struct relay relay;
	struct metrics metrics;
	int64_t next_flush_ms;
	int wake_fd;
	pthread_mutex_t lock; /* of the inbox */
	struct worker_news *first, **last;
};

/* worker_of - the one whose thread a request is in. */
static inline struct worker *
worker_of(const struct http_request *q)
{
	return q->ctx;
}

/* What the workers share. */
struct worker_team {
	const struct server_config *conf;
	int store_fd;	/* non-blocking */
	int adopted_fd; /* an eventfd: a worker has taken the newest table */
	struct peer_limits *limits, *failures;
	struct sandbox sandbox;
	_Atomic bool stop;
	int n;
	struct worker *workers[WORKERS_MAX];
};

/* worker_new - ready to run; listen_fd and blobs_fd stay the caller's. */
struct worker *worker_new(struct worker_team *t, int index, int listen_fd,
    int blobs_fd, struct err *e) MUST_CHECK;
void worker_free(struct worker *w);

/* worker_start - its thread, which ends when t->stop is set. */
int worker_start(struct worker *w, struct err *e) MUST_CHECK;

/* worker_tell - put news into its inbox; takes answer and fd over.  A table
 * is counted for it already. */
int worker_tell(struct worker *w, struct worker_table *table, json_t *answer,
    int fd, struct err *e) MUST_CHECK;

/* worker_table_new - derive what front needs; common carries the names of the
 * channels over from before (NULL: none).  Takes the table over. */
struct worker_table *worker_table_new(struct table *t,
    const struct metrics_common *before, int64_t now_s,
    struct err *e) MUST_CHECK;
/* worker_table_drop - one user less; the last one frees it. */
void worker_table_drop(struct worker_table *t);

#endif
