/*
 * The post: a small queue between the store's messages and outgoing requests.
 * One request at a time; while it waits for the next try it takes messages.
 */
#include "server/post.h"

#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "manifest/base/arena.h"
#include "manifest/base/buf.h"
#include "manifest/base/clock.h"
#include "manifest/base/fetch.h"
#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/log.h"
#include "manifest/base/secret.h"
#include "manifest/base/text.h"
#include "server/ipc.h"

#define BODY_MAX   (256 * 1024)
#define ANSWER_MAX (64 * 1024) /* nobody reads it */
#define DEADLINE_S 15
#define WAIT_MAX_S 600
#define SECRET_MIN 16
#define SECRET_MAX 4096

struct event {
	json_t *message; /* owned */
	int tries;
	int64_t due_ms;
};

struct post {
	int fd;
	const char *only_url;
	struct secret secret;
	struct fetch *fetch;
	struct event queue[POST_QUEUE_MAX];
	size_t n;
};

int64_t
post_wait_s(int tries, int64_t retry_after_s)
{
	int64_t wait_s = 1;

	if (tries < 1 || tries >= POST_TRIES)
		return tries < 1 ? 0 : -1;
	for (int i = 1; i < tries; i++)
		wait_s *= 5; /* 1, 5, 25, 125 s */
	if (retry_after_s > wait_s)
		wait_s = retry_after_s;
	return wait_s > WAIT_MAX_S ? WAIT_MAX_S : wait_s;
}

bool
post_final(int status)
{
	return (status >= 200 && status < 300) ||
	    (status >= 400 && status < 500 && status != 408 && status != 429);
}

static void
send_delivered(struct post *p, const struct event *ev, bool ok, int status,
    const char *error)
{
	char safe[400];
	AUTO_JSON out = json_pack("{ss sO? sb si si ss}", "do", "delivered",
	    "id", json_object_get(ev->message, "id"), "ok", ok, "tries",
	    ev->tries, "status", status, "error",
	    text_safe(safe, sizeof(safe), error));
	struct err e = { 0 };

	if (out == NULL || ipc_send(p->fd, out, -1, &e) < 0)
		log_warn("post_unanswered", F("error", (const char *)e.msg));
}

static void
drop(struct post *p, size_t at)
{
	json_decref(p->queue[at].message);
	memmove(&p->queue[at], &p->queue[at + 1],
	    (p->n - at - 1) * sizeof(p->queue[0]));
	p->n--;
}

/* --- one request --------------------------------------------------------- */

struct headers {
	char signature[128], id[64];
	const char *list[4];
};

static void
sign_body(const struct post *p, struct bytes body, struct headers *h)
{
	crypto_auth_hmacsha256_state st;
	uint8_t mac[crypto_auth_hmacsha256_BYTES];
	char hex[HEX_SIZE(sizeof(mac))];

	crypto_auth_hmacsha256_init(&st, p->secret.at, p->secret.len);
	crypto_auth_hmacsha256_update(&st, body.at, body.len);
	crypto_auth_hmacsha256_final(&st, mac);
	hex_write(hex, mac, sizeof(mac));
	snprintf(h->signature, sizeof(h->signature),
	    "Sluice-Signature: sha256=%s", hex);
}

static int
try_once(struct post *p, const struct event *ev, struct fetch_answer *got,
    struct err *e)
{
	AUTO_ARENA a = arena_new(4 * ANSWER_MAX);
	const json_t *id = json_object_get(ev->message, "id");
	const char *url =
	    json_string_value(json_object_get(ev->message, "url"));
	struct fetch_request r = FETCH_REQUEST;
	struct headers h = { .list = { "Content-Type: application/json" } };
	size_t n = 1;
	AUTO_BUF body;

	buf_init(&body, BODY_MAX);
	if (a == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if (json_write(json_object_get(ev->message, "body"), &body, e) < 0 ||
	    buf_ok(&body, e) < 0)
		return -1;
	snprintf(h.id, sizeof(h.id), "Sluice-Event: %" JSON_INTEGER_FORMAT,
	    json_integer_value(id));
	h.list[n++] = h.id;
	if (p->secret.at != NULL) {
		sign_body(p, buf_bytes(&body), &h);
		h.list[n++] = h.signature;
	}
	r.method = "POST";
	r.url = url;
	r.headers = h.list;
	r.body = buf_bytes(&body);
	r.max = ANSWER_MAX;
	r.deadline_s = DEADLINE_S;
	return fetch_run(p->fetch, &r, got, a, e);
}

static void
work(struct post *p, size_t at)
{
	struct event *ev = &p->queue[at];
	struct fetch_answer got = { .retry_after_s = -1 };
	struct err e = { 0 };
	int rc = try_once(p, ev, &got, &e);
	int status = rc < 0 ? 0 : got.status;
	int64_t wait_s;

	ev->tries++;
	wait_s = post_wait_s(ev->tries, rc < 0 ? -1 : got.retry_after_s);
	if (!post_final(status) && wait_s >= 0 &&
	    (rc == 0 || e.kind == ERR_SYS || e.kind == ERR_LIMIT)) {
		ev->due_ms = clock_mono_ms() + 1000 * wait_s;
		return;
	}
	if (rc == 0 && (status < 200 || status >= 300))
		err_set(&e, ERR_SYS, "HTTP status %d", status);
	send_delivered(p, ev, status >= 200 && status < 300, status, e.msg);
	drop(p, at);
}

/* --- messages ------------------------------------------------------------ */

static const char *
refusal(const struct post *p, const json_t *message)
{
	const char *verb = json_string_value(json_object_get(message, "do"));
	const char *url = json_string_value(json_object_get(message, "url"));

	if (verb == NULL || strcmp(verb, "event") != 0)
		return "the post takes events only";
	if (url == NULL || !json_is_object(json_object_get(message, "body")))
		return "an event has a url and a body";
	if (p->only_url != NULL && strcmp(url, p->only_url) != 0)
		return "not the URL of the configuration";
	if (p->n == POST_QUEUE_MAX)
		return "too many events are waiting";
	return NULL;
}

/* receive - one message; 0 when the peer is gone. */
static int
receive(struct post *p)
{
	struct event ev = { .due_ms = clock_mono_ms() };
	AUTO_FD got = -1;
	struct err e = { 0 };
	int n = ipc_receive(p->fd, &ev.message, &got, &e);
	const char *why;

	if (n < 0)
		log_error("post_stops", F("error", (const char *)e.msg));
	if (n <= 0)
		return n;
	why = refusal(p, ev.message);
	if (why != NULL) {
		send_delivered(p, &ev, false, 0, why);
		json_decref(ev.message);
		return 1;
	}
	p->queue[p->n++] = ev;
	return 1;
}

/* next_due - index of the event that is due first, -1: none waits. */
static int
next_due(const struct post *p)
{
	int best = -1;

	for (size_t i = 0; i < p->n; i++) {
		if (best < 0 || p->queue[i].due_ms < p->queue[best].due_ms)
			best = (int)i;
	}
	return best;
}

static int
serve(struct post *p)
{
	for (;;) {
		struct pollfd pfd = { .fd = p->fd, .events = POLLIN };
		int at = next_due(p), timeout = -1;
		int n;

		if (at >= 0) {
			int64_t left = p->queue[at].due_ms - clock_mono_ms();

			timeout = left > 0 ? (int)left : 0;
		}
		n = poll(&pfd, 1, timeout);
		if (n > 0) {
			int rc = receive(p);

			if (rc <= 0)
				return rc < 0 ? 2 : 0;
		} else if (n == 0 && at >= 0) {
			work(p, (size_t)at);
		}
	}
}

/* read_secret - straight into guarded memory. */
static int
read_secret(struct secret *s, const char *path, struct err *e)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return err_sys(e, "%s", path);
	if (sodium_init() < 0)
		return err_set(e, ERR_SYS, "libsodium does not start");
	if (secret_new(s, SECRET_MAX, e) < 0)
		return -1;
	n = file_pread(fd, s->at, SECRET_MAX, 0);
	if (n < 0)
		return err_sys(e, "%s", path);
	while (n > 0 && (s->at[n - 1] == '\n' || s->at[n - 1] == '\r'))
		n--;
	if (n < SECRET_MIN)
		return err_set(e, ERR_INPUT,
		    "%s: a webhook's secret has at least %d bytes", path,
		    SECRET_MIN);
	s->len = (size_t)n;
	return 0;
}

int
post_check(const char *secret_path, struct err *e)
{
	AUTO_SECRET s = { 0 };

	return read_secret(&s, secret_path, e);
}

int
post_run(int fd, const char *only_url, const char *secret_path)
{
	struct post *p = calloc(1, sizeof(*p));
	struct err e = { .msg = "no memory" };
	int rc = 2;

	if (p == NULL)
		return 2;
	p->fd = fd;
	p->only_url = only_url;
	p->fetch = fetch_new("sluiced/" SLUICE_VERSION, &e);
	if (p->fetch == NULL ||
	    (secret_path != NULL &&
		read_secret(&p->secret, secret_path, &e) < 0))
		log_error("post_stops", F("error", (const char *)e.msg));
	else
		rc = serve(p);
	while (p->n > 0)
		drop(p, p->n - 1);
	fetch_free(p->fetch);
	secret_done(&p->secret);
	free(p);
	return rc;
}
