/*
 * What front answers by itself: polls from the choice table, files from blobs,
 * health and metrics.  No database, no question to anyone.
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
