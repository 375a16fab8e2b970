/*
 * Uploads and downloads of single files: front moves the bytes, through
 * descriptors that store opens; store believes only what it has hashed itself.
 */
#ifndef SLUICE_UPLOADS_H
#define SLUICE_UPLOADS_H

#include "server/store/context.h"

/* One message each; answers through the outbox (ipc.h). */
void uploads_open(struct store *s, const json_t *ask);
void uploads_end(struct store *s, const json_t *ask);
void uploads_blob(struct store *s, const json_t *ask);

/* uploads_taken - the child that copied and hashed has ended. */
void uploads_taken(struct store *s, const struct job *done,
    const json_t *answer, const struct err *why);

#endif
