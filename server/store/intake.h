/*
 * Publication intake: the HTTP API below /v1/publications, as messages from
 * front (store.h).  Everything that was pushed is checked in a child before
 * anything changes.
 */
#ifndef SLUICE_INTAKE_H
#define SLUICE_INTAKE_H

#include "server/store/context.h"

/* intake_api - one request; answers through the outbox.  fd (-1: none, stays
 * the caller's) holds the body where "in_fd" says so. */
void intake_api(struct store *s, const json_t *ask, int fd);

/* intake_base - what a signer builds on, as GET shows it. */
json_t *intake_base(
    struct store *s, const char *channel, struct err *e) MUST_CHECK;

/* intake_token - the token (may be NULL) has the scope; who gets "token ID". */
int intake_token(struct store *s, const char *token, const char *scope,
    char who[static 32], struct err *e) MUST_CHECK;

#endif
