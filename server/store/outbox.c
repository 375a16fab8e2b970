/*
 * Messages to front.
 */
#include "server/store/outbox.h"

#include <unistd.h>

#include "manifest/base/log.h"
#include "server/ipc.h"

static void
drop(json_t *message, int fd)
{
	json_decref(message);
	if (fd >= 0)
		(void)close(fd);
}

int
outbox_send(struct store *s, json_t *message, int fd, struct err *e)
{
	struct outbox *o;

	if (message == NULL) {
		drop(NULL, fd);
		return err_set(e, ERR_SYS, "no memory for a message");
	}
	if (s->outbox_n == 0) {
		if (ipc_send(s->front_fd, message, fd, e) == 0) {
			drop(message, fd);
			return 0;
		}
		if (e->kind != ERR_LIMIT) {
			drop(message, fd);
			return err_in(e, "front");
		}
	}
	if (s->outbox_n == OUTBOX_MAX) {
		drop(message, fd);
		return err_set(e, ERR_LIMIT, "front takes no messages");
	}
	o = &s->outbox[(s->outbox_at + s->outbox_n++) % OUTBOX_MAX];
	o->message = message;
	o->fd = fd;
	return 0;
}

int
outbox_flush(struct store *s, struct err *e)
{
	while (s->outbox_n > 0) {
		struct outbox *o = &s->outbox[s->outbox_at];

		if (ipc_send(s->front_fd, o->message, o->fd, e) < 0)
			return e->kind == ERR_LIMIT ? 0 : err_in(e, "front");
		drop(o->message, o->fd);
		s->outbox_at = (s->outbox_at + 1) % OUTBOX_MAX;
		s->outbox_n--;
	}
	return 0;
}

void
outbox_done(struct store *s)
{
	for (; s->outbox_n > 0; s->outbox_n--) {
		drop(s->outbox[s->outbox_at].message,
		    s->outbox[s->outbox_at].fd);
		s->outbox_at = (s->outbox_at + 1) % OUTBOX_MAX;
	}
}

void
outbox_answer(struct store *s, int64_t id, int status, json_t *body, int fd)
{
	struct err e;

	if (body == NULL)
		body = json_object();
	if (outbox_send(s,
		json_pack("{ss sI si so}", "do", "answer", "id", (json_int_t)id,
		    "status", status, "body", body),
		fd, &e) < 0)
		log_error("answer_lost", F("id", id),
		    F("error", (const char *)e.msg));
}

/* HTTP status of an error. */
static int
status_of(enum err_kind kind)
{
	switch (kind) {
	case ERR_NONE:
		return 200;
	case ERR_USAGE:
	case ERR_INPUT:
		return 400;
	case ERR_AUTH:
		return 401;
	case ERR_REFUSED:
		return 403;
	case ERR_MISSING:
		return 404;
	case ERR_CONFLICT:
		return 409;
	case ERR_LIMIT:
		return 413;
	case ERR_SYS:
		break;
	}
	return 503;
}

void
outbox_refuse(struct store *s, int64_t id, const struct err *why)
{
	/* the machine's troubles are for the log, not for the network */
	const char *text = why->kind == ERR_SYS
	    ? "the server cannot do this now; its log says why"
	    : why->msg;

	if (why->kind == ERR_SYS)
		log_error("request_failed", F("id", id),
		    F("error", (const char *)why->msg));
	outbox_answer(s, id, status_of(why->kind),
	    json_pack("{ss ss}", "error", text, "kind", err_name(why->kind)),
	    -1);
}
