/*
 * Messages between the processes of the server, over SOCK_SEQPACKET pairs: one
 * JSON object each, at most IPC_MAX bytes, with at most one descriptor.  Large
 * things (the choice table) travel as a sealed memfd.
 *
 *   store -> brake   adopt, sign              brake -> store  answers
 *   store -> front   table (memfd)            front -> store  tabled (ack),
 *                                             report, polls, auth, blob, ...
 *   store -> post    event                    post -> store   delivered
 */
#ifndef SLUICE_IPC_H
#define SLUICE_IPC_H

#include <jansson.h>
#include <stddef.h>

#include "manifest/base/base.h"
#include "manifest/base/buf.h"
#include "manifest/base/err.h"

#define IPC_MAX (128 * 1024) /* bytes of one message */

enum process { PROC_SUPERVISOR, PROC_FRONT, PROC_STORE, PROC_POST, PROC_BRAKE };
const char *process_name(enum process p);

/* ipc_pair - a connected, close-on-exec SOCK_SEQPACKET pair with room. */
int ipc_pair(int fds[static 2], struct err *e) MUST_CHECK;

/* ipc_send - one message; send_fd -1: none.  Blocks unless the socket is
 * non-blocking (then ERR_LIMIT when full).  Does not consume v. */
int ipc_send(int fd, const json_t *v, int send_fd, struct err *e) MUST_CHECK;

/*
 * ipc_receive - one message into *v (new reference); *got_fd gets a descriptor
 * or -1.  Returns 1, 0 when the peer is gone, -1 (ERR_LIMIT: would block).
 */
int ipc_receive(int fd, json_t **v, int *got_fd, struct err *e) MUST_CHECK;

/* ipc_ask - send and wait for the one answer; an answer {"error","kind"}
 * becomes -1 with e set.  Returns the answer (new reference) or NULL. */
json_t *ipc_ask(int fd, const json_t *v, struct err *e) MUST_CHECK;

/* ipc_memfd - a sealed memfd with these bytes; the descriptor or -1. */
int ipc_memfd(struct bytes b, struct err *e) MUST_CHECK;

#endif
