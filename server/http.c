/*
 * libmicrohttpd, folded.  Its access callback is called several times for one
 * request: at the header, for each piece of the body, and at the end; struct
 * exchange keeps what has happened so far.
 *
 * An answer that is queued at the header costs the connection, so that only
 * refusals go out there.  In the middle of a body none can be queued at all:
 * what is refused then is read to its end, if that is near, or cut.
 */
#include "server/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "server/fields.h"
#include "server/guard.h"
#include "server/link.h"

#define POOL_BYTES  8192 /* of a connection: its header and its buffers */
#define TURN_MS	    500
#define QUIET_MS    10	  /* when what is left is to end soon */
#define ANSWER_MS   30000 /* to take an answer, beside its size */
#define DRAIN_MAX   (1 << 20)
#define BODIES_MAX  (64 << 20) /* bytes of bodies in memory, per thread */
#define SPARE_MAX   64	       /* exchanges kept for reuse */
#define IDLE_BACKUP 120	       /* seconds; our own deadlines come first */

enum phase {
	PHASE_HEAD,
	PHASE_BODY,
	PHASE_DRAIN,
	PHASE_RUN,
	PHASE_RAN
};

struct exchange {
	struct http_request q; /* first: handlers hold pointers to it */
	struct http *http;
	struct MHD_Connection *connection;
	struct link *link;
	struct MHD_Response *response;
	enum phase phase;
	bool waiting, suspended, sent, counted;
	int url_status; /* 0, or what the target is refused with */
	int sink;
	int64_t received;
	uint8_t *room; /* of q.body */
	struct exchange *spare;
	struct url url;
};

struct http {
	struct http_settings s;
	struct MHD_Daemon *daemon;
	int listen_fd, epoll_fd;
	struct links links;
	struct exchange *spares;
	int nspares;
	int64_t bodies; /* bytes held */
	int64_t next_tick_ms;
	bool quiet;
};

static struct exchange *
exchange_of(struct http_request *q)
{
	return (struct exchange *)(void *)q;
}

/* --- connections and their deadlines -------------------------------------- */

static enum MHD_Result
admit(void *cls, const struct sockaddr *sa, socklen_t len)
{
	struct http *h = cls;
	struct peer p = peer_read(sa);

	(void)len;
	/* all of a proxy's connections come from one address */
	if (h->s.forwarded && peer_loopback(&p))
		return MHD_YES;
	return peer_full(h->s.limits, &p, h->s.per_prefix) ? MHD_NO : MHD_YES;
}

static struct link *
link_opened(struct http *h, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *fd = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	const union MHD_ConnectionInfo *address = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	return link_open(&h->links, fd != NULL ? fd->connect_fd : -1,
	    address != NULL ? address->client_addr : NULL,
	    clock_mono_ms() + h->s.header_ms);
}

static void
connection_event(void *cls, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode code)
{
	struct http *h = cls;

	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		*context = link_opened(h, connection);
	else
		link_close(&h->links, *context);
}

static void
deadline(struct exchange *x, int64_t ms, int64_t bytes)
{
	int64_t rate = x->http->s.min_rate;

	if (x->link != NULL)
		x->link->deadline_ms =
		    clock_mono_ms() + ms + bytes / rate * 1000;
}

/* --- an exchange's life --------------------------------------------------- */

/* Called when the request line is there: the target is still as it came. */
static void *
target_arrived(void *cls, const char *uri, struct MHD_Connection *connection)
{
	struct http *h = cls;
	struct exchange *x = h->spares;
	const union MHD_ConnectionInfo *info;
	struct err e;

	if (x != NULL) {
		h->spares = x->spare;
		h->nspares--;
	} else if ((x = malloc(sizeof(*x))) == NULL) {
		return NULL;
	}
	memset(x, 0, offsetof(struct exchange, url));
	x->http = h;
	x->connection = connection;
	x->sink = -1;
	x->q.url = &x->url;
	x->q.ctx = h->s.ctx;
	info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	x->link = info != NULL ? info->socket_context : NULL;
	if (x->link != NULL)
		x->link->busy = true;
	if (url_read(&x->url, uri, &e) < 0)
		x->url_status = e.kind == ERR_LIMIT ? 414 : 400;
	deadline(x, h->s.header_ms, 0);
	return x;
}

static void
body_drop(struct exchange *x)
{
	if (x->room != NULL)
		x->http->bodies -= x->q.length;
	free(x->room);
	x->room = NULL;
	x->q.body = (struct bytes){ NULL, 0 };
}

static void
exchange_over(void *cls, struct MHD_Connection *connection, void **context,
    enum MHD_RequestTerminationCode code)
{
	struct http *h = cls;
	struct exchange *x = *context;

	(void)connection;
	(void)code;
	*context = NULL;
	if (x == NULL)
		return;
	if (x->waiting)
		h->s.gone(h->s.ctx, &x->q);
	if (x->q.status != 0)
		h->s.done(h->s.ctx, &x->q);
	if (x->link != NULL) {
		x->link->busy = false;
		x->link->deadline_ms = clock_mono_ms() + h->s.keepalive_ms;
	}
	body_drop(x);
	if (x->sink >= 0)
		(void)close(x->sink);
	if (x->response != NULL)
		MHD_destroy_response(x->response);
	if (h->nspares == SPARE_MAX) {
		free(x);
		return;
	}
	x->spare = h->spares;
	h->spares = x;
	h->nspares++;
}

/* --- answers -------------------------------------------------------------- */

const char *
http_header(const struct http_request *q, const char *name)
{
	const struct exchange *x = (const struct exchange *)(const void *)q;

	return MHD_lookup_connection_value(
	    x->connection, MHD_HEADER_KIND, name);
}

static struct MHD_Response *
response_of(struct http_content c)
{
	struct MHD_Response *r;

	switch (c.kind) {
	case HTTP_CONTENT_FD:
		r = MHD_create_response_from_fd_at_offset64(
		    (uint64_t)c.len, c.fd, (uint64_t)c.from);
		if (r == NULL)
			(void)close(c.fd);
		return r;
	case HTTP_CONTENT_TAKE:
		r = MHD_create_response_from_buffer(
		    (size_t)c.len, c.at, MHD_RESPMEM_MUST_FREE);
		if (r == NULL)
			free(c.at);
		return r;
	case HTTP_CONTENT_COPY:
		return MHD_create_response_from_buffer(
		    (size_t)c.len, c.at, MHD_RESPMEM_MUST_COPY);
	case HTTP_CONTENT_STATIC:
		break;
	}
	return MHD_create_response_from_buffer(
	    (size_t)c.len, c.at, MHD_RESPMEM_PERSISTENT);
}

void
http_answer(
    struct http_request *q, int status, const char *type, struct http_content c)
{
	struct exchange *x = exchange_of(q);

	if (x->response != NULL)
		MHD_destroy_response(x->response);
	x->response = response_of(c);
	q->status = status;
	q->sent = strcmp(q->method, "HEAD") == 0 ? 0 : c.len;
	if (type != NULL) {
		http_set(q, "Content-Type", type);
		http_set(q, "X-Content-Type-Options", "nosniff");
	}
}

void
http_set(struct http_request *q, const char *name, const char *value)
{
	struct exchange *x = exchange_of(q);

	if (x->response != NULL)
		(void)MHD_add_response_header(x->response, name, value);
}

void
http_refuse(
    struct http_request *q, int status, const char *kind, const char *text)
{
	char body[512];
	int n = snprintf(body, sizeof(body),
	    "{\"error\":\"%s\",\"kind\":\"%s\"}\n", text, kind);

	http_answer(q, status, "application/json", HTTP_COPY(body, n));
	http_set(q, "Cache-Control", "no-store");
	/* what is only starting is there in a moment */
	if (status == 503)
		http_set(q, "Retry-After",
		    strncmp(text, "starting", 8) == 0 ? "1" : "5");
}

void
http_later(struct http_request *q)
{
	exchange_of(q)->waiting = true;
}

void
http_resume(struct http_request *q)
{
	struct exchange *x = exchange_of(q);

	x->waiting = false;
	if (x->suspended)
		MHD_resume_connection(x->connection);
	x->suspended = false;
}

void
http_sink(struct http_request *q, int fd)
{
	exchange_of(q)->sink = fd;
}

static enum MHD_Result
send_answer(struct exchange *x)
{
	if (x->q.status == 0)
		http_refuse(&x->q, 500, "sys", "no answer");
	if (x->response == NULL)
		return MHD_NO;
	x->sent = true;
	deadline(x, ANSWER_MS, x->q.sent);
	return MHD_queue_response(
	    x->connection, (unsigned)x->q.status, x->response);
}

/* At the header: the connection does not survive this. */
static enum MHD_Result
send_and_close(struct exchange *x)
{
	http_set(&x->q, MHD_HTTP_HEADER_CONNECTION, "close");
	return send_answer(x);
}

/* --- requests ------------------------------------------------------------- */

static enum MHD_Result
guard_each(void *cls, enum MHD_ValueKind kind, const char *name,
    size_t name_len, const char *value, size_t value_len)
{
	(void)kind;
	return guard_field(cls, name, name_len, value, value_len) ? MHD_YES
								  : MHD_NO;
}

/* The last field of the name: a proxy adds its own behind what it was sent. */
static enum MHD_Result
last_forwarded(
    void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	const char **last = cls;

	(void)kind;
	if (strcasecmp(name, "X-Forwarded-For") == 0)
		*last = value != NULL ? value : "";
	return MHD_YES;
}

static void
find_peer(struct exchange *x)
{
	char text[INET6_ADDRSTRLEN];
	const char *forwarded = NULL;

	if (x->link == NULL) {
		x->q.peer = peer_read(NULL);
		return;
	}
	x->q.peer = x->link->peer;
	if (!peer_loopback(&x->q.peer))
		return;
	(void)MHD_get_connection_values(
	    x->connection, MHD_HEADER_KIND, last_forwarded, &forwarded);
	/* it is somebody else's, whoever that is */
	if (forwarded != NULL &&
	    (!x->http->s.forwarded ||
		!fields_forwarded(forwarded, text, sizeof(text)) ||
		peer_text(&x->q.peer, text) < 0))
		memset(&x->q.peer, 0, sizeof(x->q.peer));
}

/* Find the route, or refuse with 404 or 405. */
static void
find_route(struct exchange *x)
{
	const struct http_settings *s = &x->http->s;
	char other[URL_MAX + 1];
	char *arg[ROUTE_ARGS];
	bool known = false;

	for (size_t i = 0; i < s->nroutes; i++) {
		const struct http_route *r = &s->routes[i];

		if (!route_allows(&r->match, x->q.method)) {
			memcpy(other, x->url.path, sizeof(other));
			known |= route_match(r->match.pattern, other, arg) >= 0;
		} else if (route_match(
			       r->match.pattern, x->url.path, x->q.arg) >= 0) {
			x->q.route = r;
			return;
		}
	}
	if (known)
		http_refuse(&x->q, 405, "input", "method not allowed here");
	else
		http_refuse(&x->q, 404, "missing", "nothing here");
}

static int
judge_head(struct exchange *x, const char *version)
{
	struct guard g;
	int status;

	guard_init(&g);
	(void)MHD_get_connection_values_n(
	    x->connection, MHD_HEADER_KIND, guard_each, &g);
	status = guard_end(&g, version);
	x->q.length = g.content_length > 0 ? g.content_length : 0;
	if (status == 0)
		status = x->url_status;
	return status;
}

/* Room for a body in memory. */
static void
make_room(struct exchange *x)
{
	if (x->q.length == 0)
		return;
	if (x->http->bodies + x->q.length <= BODIES_MAX)
		x->room = malloc((size_t)x->q.length);
	if (x->room == NULL) {
		http_refuse(&x->q, 503, "limit", "no memory");
		return;
	}
	x->http->bodies += x->q.length;
	x->q.body = (struct bytes){ x->room, 0 };
}

static void
start_body(struct exchange *x)
{
	const struct http_route *r = x->q.route;

	if (r == NULL)
		return;
	if (x->q.length > r->body_max)
		http_refuse(&x->q, 413, "limit", "the body is too long");
	else if (r->body == HTTP_BODY_MEMORY)
		make_room(x);
	else if (r->body == HTTP_BODY_FILE)
		r->start(&x->q);
}

static enum MHD_Result
at_head(struct exchange *x, const char *method, const char *version)
{
	int status;

	x->q.method = method;
	find_peer(x);
	if ((status = judge_head(x, version)) != 0) {
		http_refuse(&x->q, status, "input", "malformed request");
		return send_and_close(x);
	}
	find_route(x);
	start_body(x);
	if (x->q.length == 0) {
		x->phase = PHASE_RUN;
		return MHD_YES;
	}
	/* only these two have bodies, to the library as to us */
	if (strcmp(method, "POST") != 0 && strcmp(method, "PUT") != 0)
		return MHD_NO;
	if (x->q.status != 0 && x->q.length > DRAIN_MAX)
		return send_and_close(x);
	x->phase = x->q.status != 0 ? PHASE_DRAIN : PHASE_BODY;
	deadline(x, x->http->s.body_ms, x->q.length);
	return MHD_YES;
}

static enum MHD_Result
wait_here(struct exchange *x)
{
	x->suspended = true;
	/* who asked sees to it that an answer comes */
	if (x->link != NULL)
		x->link->deadline_ms = LINK_NEVER;
	MHD_suspend_connection(x->connection);
	return MHD_YES;
}

static void
take_piece(struct exchange *x, const char *data, size_t len)
{
	if (x->room != NULL) {
		memcpy(x->room + x->q.body.len, data, len);
		x->q.body.len += len;
		return;
	}
	while (len > 0) {
		ssize_t n = write(x->sink, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			http_refuse(&x->q, 503, "sys", "cannot write");
			x->phase = PHASE_DRAIN;
			return;
		}
		data += n;
		len -= (size_t)n;
	}
}

/* A piece of the body.  Answers wait for its end; who keeps sending far too
 * much is cut off. */
static enum MHD_Result
at_piece(struct exchange *x, const char *data, size_t *len)
{
	if (x->waiting)
		return wait_here(x); /* the same piece comes again */
	if (x->link != NULL && x->link->deadline_ms == LINK_NEVER)
		deadline(x, x->http->s.body_ms, x->q.length - x->received);
	if (x->q.status != 0)
		x->phase = PHASE_DRAIN;
	if ((x->received += (int64_t)*len) > x->q.length)
		return MHD_NO;
	if (x->phase == PHASE_DRAIN) {
		if (x->q.length - x->received > DRAIN_MAX)
			return MHD_NO;
	} else if (x->room == NULL && x->sink < 0) {
		return MHD_NO;
	} else {
		take_piece(x, data, *len);
	}
	*len = 0;
	return MHD_YES;
}

static enum MHD_Result
at_end(struct exchange *x)
{
	if (x->phase != PHASE_RAN && !x->waiting && x->q.status == 0) {
		x->phase = PHASE_RAN;
		x->q.route->run(&x->q);
	}
	if (x->waiting)
		return wait_here(x);
	return send_answer(x);
}

static enum MHD_Result
handle(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *len,
    void **context)
{
	struct exchange *x = *context;

	(void)cls;
	(void)connection;
	(void)url;
	if (x == NULL)
		return MHD_NO;
	if (x->sent) {
		*len = 0;
		return MHD_YES;
	}
	if (x->phase == PHASE_HEAD)
		return at_head(x, method, version);
	return *len > 0 ? at_piece(x, data, len) : at_end(x);
}

/* --- the loop ------------------------------------------------------------- */

/* Names and values stay as they came: url.h decodes. */
static size_t
leave_raw(void *cls, struct MHD_Connection *connection, char *s)
{
	(void)cls;
	(void)connection;
	return strlen(s);
}

struct http *
http_new(const struct http_settings *s, struct err *e)
{
	struct http *h = calloc(1, sizeof(*h));
	const union MHD_DaemonInfo *info = NULL;

	if (h == NULL) {
		(void)err_set(e, ERR_SYS, "no memory for a server");
		return NULL;
	}
	h->s = *s;
	h->links.limits = s->limits;
	/* the library closes it */
	h->listen_fd = dup(s->listen_fd);
	/* sendfile works in this mode only if we say that SIGPIPE is ours */
	h->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME,
	    0, admit, h, handle, h, MHD_OPTION_LISTEN_SOCKET, h->listen_fd,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)s->connections,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_BACKUP,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP,
	    1, MHD_OPTION_URI_LOG_CALLBACK, target_arrived, h,
	    MHD_OPTION_UNESCAPE_CALLBACK, leave_raw, h,
	    MHD_OPTION_NOTIFY_COMPLETED, exchange_over, h,
	    MHD_OPTION_NOTIFY_CONNECTION, connection_event, h, MHD_OPTION_END);
	if (h->daemon != NULL)
		info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL) {
		(void)err_set(e, ERR_SYS, "cannot start the HTTP server");
		http_free(h);
		return NULL;
	}
	h->epoll_fd = info->epoll_fd;
	return h;
}

void
http_free(struct http *h)
{
	struct exchange *x;

	if (h == NULL)
		return;
	if (h->daemon != NULL)
		MHD_stop_daemon(h->daemon);
	while ((x = h->spares) != NULL) {
		h->spares = x->spare;
		free(x);
	}
	free(h);
}

void
http_turn(struct http *h)
{
	struct pollfd p[] = {
		{ .fd = h->epoll_fd, .events = POLLIN },
		{ .fd = h->s.wake_fd, .events = POLLIN },
	};
	MHD_UNSIGNED_LONG_LONG wanted;
	int timeout = h->quiet ? QUIET_MS : TURN_MS;
	int64_t now;

	if (MHD_get_timeout(h->daemon, &wanted) == MHD_YES &&
	    wanted < (unsigned)timeout)
		timeout = (int)wanted;
	(void)poll(p, COUNT(p), timeout);
	if ((p[1].revents & POLLIN) != 0)
		h->s.wake(h->s.ctx);
	(void)MHD_run(h->daemon);
	now = clock_mono_ms();
	if (now >= h->next_tick_ms) {
		h->next_tick_ms = now + TURN_MS;
		link_sweep(&h->links, now, h->quiet);
		h->s.tick(h->s.ctx, now);
	}
}

void
http_quiesce(struct http *h)
{
	MHD_socket fd = MHD_quiesce_daemon(h->daemon);

	if (fd != MHD_INVALID_SOCKET)
		(void)close(fd);
	h->quiet = true;
	link_sweep(&h->links, 0, true);
}

int
http_open(const struct http *h)
{
	return h->links.n;
}
