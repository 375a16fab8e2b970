/*
 * Messages between the processes of the server, over SOCK_SEQPACKET pairs: one
 * JSON object each, with at most one descriptor.  A message longer than IPC_MAX
 * travels as a sealed memfd; neither side sees that.  The choice table is sent
 * as a sealed memfd of its own.
 *
 *   store -> brake   adopt, sign, state       brake -> store  answers
 *   store -> front   table, answers           front -> store  see below
 *   store -> post    event                    post -> store   delivered
 *
 * Between front and store ("id" pairs an answer with its question; answers may
 * come in any order; front's end does not block):
 *
 *   store -> front
 *     {"do":"started"}                first of all: what the store before had
 *                                     read and not answered, nobody answers
 *     {"do":"table"} + memfd          the choice table (server/table.h)
 *     {"do":"answer","id","status","body"?,"retry_after"?} [+ fd; with
 *      "in_fd":true it is a memfd with the body's text]
 *   front -> store
 *     {"do":"hello"}                  front has (re)started: send the table
 *     {"do":"tabled","generation"}    the table is what polls are answered by
 *     {"do":"report","id","body":{..}}
 *     {"do":"polls","rows":[{"channel","version","os","arch","day","n"}..]}
 *                                     no answer
 *     {"do":"api","id","method","path","query":{},"token":text|null,
 *      "body":text|null [+ fd, "in_fd":true]}  /v1/publications; a body longer
 *                                     than IPC_TEXT_MAX comes as a sealed memfd
 *     {"do":"upload","id","token","sha256","offset","size"}
 *         -> status 200 and incoming/<sha256> open for writing at offset;
 *            409, body {"offset"}: where it is; 204: the file is there
 *     {"do":"uploaded","id","sha256","size"} -> 204; store hashes it itself
 *     {"do":"blob","id","token","sha256"} -> 200 and a descriptor to read
 *
 * Both ends of the front-store pair outlive a crash of either process: the new
 * one finds what was sent meanwhile, so front ignores answers to questions
 * that it did not ask, and says hello.
 */
#ifndef SLUICE_IPC_H
#define SLUICE_IPC_H

#include <jansson.h>
#include <stddef.h>

#include "manifest/base/base.h"
#include "manifest/base/buf.h"
#include "manifest/base/err.h"

#define IPC_MAX	      (64 * 1024)	/* bytes of one packet */
#define IPC_TEXT_MAX  (16 * 1024)	/* of a body inside a message */
#define IPC_SPILL_MAX (4 * 1024 * 1024) /* bytes of a message by memfd */

enum process {
	PROC_SUPERVISOR,
	PROC_FRONT,
	PROC_STORE,
	PROC_POST,
	PROC_BRAKE
};
const char *process_name(enum process p);

/* ipc_pair - a connected, close-on-exec SOCK_SEQPACKET pair with room. */
int ipc_pair(int fds[static 2], struct err *e) MUST_CHECK;

/* ipc_send - one message; send_fd -1: none.  Blocks unless the socket is
 * non-blocking (then ERR_LIMIT when full).  Does not consume v.  Threads may
 * send on one socket.  ERR_LIMIT: longer than IPC_SPILL_MAX, or longer than
 * IPC_MAX with a descriptor. */
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

/* ipc_memfd_read - append the whole content of a sealed memfd; anything else
 * (a pipe, a file that can still change) is ERR_INPUT. */
int ipc_memfd_read(
    int fd, size_t max, struct buf *out, struct err *e) MUST_CHECK;

#endif
