/*
 * What front answers by itself: polls from the choice table, files from blobs,
 * its own health and metrics.  No database, no question to anyone.
 *
 * A poll's way: http.c (guard.c, url.c, route.c) -> worker.c, the table of
 * routes -> serve_timestamp -> choice.c, which rung -> table.c, the timestamp
 * that store had signed for it -> http.c.
 */
#ifndef SLUICE_SERVE_H
#define SLUICE_SERVE_H

#include "server/http.h"

void serve_timestamp(struct http_request *q); /* the poll */
void serve_manifest(struct http_request *q);
void serve_minisig(struct http_request *q);
void serve_file(struct http_request *q); /* immutable */
void serve_healthz(struct http_request *q);
void serve_metrics(struct http_request *q);

/*
 * serve_range - answer with the bytes of a descriptor (closed by us), or the
 * part that Range asks for; tag is its digest.
 */
void serve_range(struct http_request *q, int fd, int64_t size, const char *tag,
    const char *type);

#endif
