/*
 * Requests that only store can answer: health reports, the publish API,
 * uploads.  They are sent on, the connection sleeps, and the answer wakes it.
 * Polls never come here.
 */
#ifndef SLUICE_RELAY_H
#define SLUICE_RELAY_H

#include <jansson.h>
#include <stdint.h>

#include "server/http.h"

#define RELAY_ASKS 1024 /* at the same time, per thread */

struct relay_ask {
	int64_t id; /* 0: free */
	int64_t deadline_ms;
	struct http_request *q; /* NULL: the client went away */
	int next_free;
};

struct relay {
	int64_t serial; /* drawn at start: a restarted front must not take the
	                   answers to another's questions */
	int worker;
	int first_free, open;
	struct relay_ask asks[RELAY_ASKS];
};

struct worker;

void relay_init(struct relay *r, int worker);

/* relay_worker - the worker that an answer's id belongs to. */
int relay_worker(int64_t id);

/* Handlers. */
void relay_report(struct http_request *q);	 /* POST /v1/health */
void relay_api(struct http_request *q);		 /* /v1/publications */
void relay_upload_start(struct http_request *q); /* PUT /v1/blobs, header */
void relay_upload(struct http_request *q);	 /* and end */
void relay_blob(struct http_request *q);	 /* GET /v1/blobs */

/* relay_answer - store's answer; fd -1: none.  Takes fd over.  Store's word
 * that it has started anew ends all waiting: clients ask again. */
void relay_answer(struct worker *w, const json_t *answer, int fd);
/* relay_gone - the client of a sleeping request went away. */
void relay_gone(struct worker *w, struct http_request *q);
/* relay_sweep - answer 503 to what has waited too long; all: to everything. */
void relay_sweep(struct worker *w, int64_t now_ms, int all);

#endif
