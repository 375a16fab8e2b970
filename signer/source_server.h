/*
 * The server's side of a source: what a signer builds on, and blobs.
 */
#ifndef SLUICE_SOURCE_SERVER_H
#define SLUICE_SOURCE_SERVER_H

#include "signer/source.h"

/* source_server_open - GET /v1/publications/P/C into the source. */
int source_server_open(
    struct source *s, const struct source_ask *ask, struct err *e) MUST_CHECK;

const struct source_file *source_server_find(
    const struct source *s, const char *path);

int source_server_read(struct source *s, const char *path, size_t max,
    struct arena *a, struct bytes *out, struct err *e) MUST_CHECK;

int source_server_copy(struct source *s, const struct publication_file *f,
    const char *to, struct err *e) MUST_CHECK;

/* source_server_refused - turn an answer that is no success into an error:
 * its "error" and "kind", or the status. */
int source_server_refused(const struct fetch_answer *answer, struct err *e);

#endif
