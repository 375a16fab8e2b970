/*
 * HTTP: the one place that knows libmicrohttpd.  One struct http per thread,
 * driven by our own loop over its epoll descriptor.  Handlers get a request
 * that the guard let through and answer it, now or later; they never see the
 * library.
 *
 *	static void
 *	health_get(struct http_request *q)
 *	{
 *		http_answer(q, 200, "text/plain", HTTP_STATIC("ok\n"));
 *	}
 */
#ifndef SLUICE_HTTP_H
#define SLUICE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "server/peer.h"
#include "server/route.h"
#include "server/url.h"

struct http;

struct http_request {
	const struct http_route *route;
	char *arg[ROUTE_ARGS];
	const struct url *url;
	const char *method;
	struct peer peer;  /* who asks; behind our proxy, whom it asks for */
	int64_t length;	   /* of the body; 0: none */
	struct bytes body; /* HTTP_BODY_MEMORY */
	void *ctx;	   /* of the settings */
	int status;	   /* of the answer; 0: none yet */
	int64_t sent;	   /* bytes of the answer's body */
	/* the handler's, kept over http_later */
	int64_t ask;
	int step;
	struct http_request *next;
};

enum http_body {
	HTTP_BODY_NONE,
	HTTP_BODY_MEMORY,
	HTTP_BODY_FILE, /* goes to a descriptor that start provides */
};

struct http_route {
	struct route match;
	enum http_body body;
	int64_t body_max;
	/* start - HTTP_BODY_FILE: the header is there; calls http_sink or
	 * http_answer, now or after http_later */
	void (*start)(struct http_request *q);
	/* run - all is there; calls http_answer, now or after http_later */
	void (*run)(struct http_request *q);
};

struct http_settings {
	int listen_fd; /* non-blocking; stays the caller's */
	struct peer_limits *limits;
	int64_t connections, per_prefix;
	int64_t header_ms, body_ms, keepalive_ms, min_rate;
	bool forwarded;
	const struct http_route *routes;
	size_t nroutes;
	void *ctx;
	/* wake - wake_fd can be read; tick - some twice a second */
	int wake_fd;
	void (*wake)(void *ctx);
	void (*tick)(void *ctx, int64_t now_ms);
	/* done - a request is over; gone - it went while http_later held */
	void (*done)(void *ctx, const struct http_request *q);
	void (*gone)(void *ctx, struct http_request *q);
};

struct http *http_new(const struct http_settings *s, struct err *e) MUST_CHECK;
void http_free(struct http *h);

/* http_turn - wait for something to do (at most half a second) and do it. */
void http_turn(struct http *h);

/* http_quiesce - accept nothing more, close idle connections; http_open counts
 * those that are left. */
void http_quiesce(struct http *h);
int http_open(const struct http *h);

/* http_header - value of a request header, or NULL. */
const char *http_header(const struct http_request *q, const char *name);

/* What an answer's body is. */
struct http_content {
	enum {
		HTTP_CONTENT_STATIC, /* outlives the server */
		HTTP_CONTENT_COPY,
		HTTP_CONTENT_TAKE, /* malloc'ed; freed even on failure */
		HTTP_CONTENT_FD,   /* closed even on failure */
	} kind;
	void *at;
	int64_t len;
	int fd;
	int64_t from; /* offset in fd */
};
#define HTTP_STATIC(s)                                                       \
	((struct http_content){ HTTP_CONTENT_STATIC, (void *)(uintptr_t)(s), \
	    sizeof(s) - 1, -1, 0 })
#define HTTP_COPY(s, n)         \
	((struct http_content){ \
	    HTTP_CONTENT_COPY, (void *)(uintptr_t)(s), (n), -1, 0 })
#define HTTP_TAKE(s, n) \
	((struct http_content){ HTTP_CONTENT_TAKE, (s), (n), -1, 0 })
#define HTTP_FD(fd, from, n) \
	((struct http_content){ HTTP_CONTENT_FD, NULL, (n), (fd), (from) })
#define HTTP_NOTHING HTTP_STATIC("")

/* http_answer - the answer; type may be NULL (no content).  http_set adds a
 * header to it afterwards. */
void http_answer(struct http_request *q, int status, const char *type,
    struct http_content c);
void http_set(struct http_request *q, const char *name, const char *value);

/* http_refuse - {"error":text,"kind":kind}, not to be stored. */
void http_refuse(
    struct http_request *q, int status, const char *kind, const char *text);

/* http_later - the answer (or sink) comes later, from this thread, followed by
 * http_resume. */
void http_later(struct http_request *q);
void http_resume(struct http_request *q);

/* http_sink - from start: the body goes to fd (closed by us), from its current
 * offset. */
void http_sink(struct http_request *q, int fd);

#endif
