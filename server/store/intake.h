/*
 * Publication intake: the HTTP API below /v1/publications, as messages from
 * front (ipc.h).  A publication passes through these files, in this order:
 *
 *   intake.c        the API; may it come next?         state "open"
 *   pushed.c        its list of files
 *   uploads.c       the files that are missing
 *   intake_check.c  "commit": a child looks at it      state "checking"
 *   judge.c         what the child does
 *   switch.c        it takes the place of the one before
 *                                        states "prepared", then "accepted"
 *
 * Until switch.c nothing changes for anybody; what is wrong is "refused".
 */
#ifndef SLUICE_INTAKE_H
#define SLUICE_INTAKE_H

#include "server/store/context.h"

/* intake_api - one request; answers through the outbox.  fd (-1: none, stays
 * the caller's) holds the body where "in_fd" says so. */
void intake_api(struct store *s, const json_t *ask, int fd);

/* intake_token - the token (may be NULL) has the scope; who gets "token ID". */
int intake_token(struct store *s, const char *token, const char *scope,
    char who[static 32], struct err *e) MUST_CHECK;

#endif
