/*
 * Messages to front.  Sent at once when its socket has room, else kept: store
 * never waits for front, which may be waiting for store.
 */
#ifndef SLUICE_OUTBOX_H
#define SLUICE_OUTBOX_H

#include "server/store/context.h"

/* outbox_send - takes over message (NULL: no memory) and fd (-1: none), on
 * success and, closing them, on failure. */
int outbox_send(
    struct store *s, json_t *message, int fd, struct err *e) MUST_CHECK;

/* outbox_answer - {"do":"answer"} to a request; takes over body (NULL: an
 * empty object) and fd.  Failures are logged: front's deadline then speaks. */
void outbox_answer(
    struct store *s, int64_t id, int status, json_t *body, int fd);

/* outbox_refuse - the answer to a request that failed. */
void outbox_refuse(struct store *s, int64_t id, const struct err *why);

/* outbox_flush - what now has room; when front's socket is writable. */
int outbox_flush(struct store *s, struct err *e) MUST_CHECK;
void outbox_done(struct store *s);

#endif
