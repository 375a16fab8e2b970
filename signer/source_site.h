/*
 * A channel at its own address, as every client sees it: a server or a static
 * site, by HTTP, without a token.
 */
#ifndef SLUICE_SOURCE_SITE_H
#define SLUICE_SOURCE_SITE_H

#include "signer/source.h"

int source_site_open(
    struct source *s, const struct source_ask *ask, struct err *e) MUST_CHECK;

int source_site_read(struct source *s, const char *path, size_t max,
    struct arena *a, struct bytes *out, struct err *e) MUST_CHECK;

/* source_site_copy - as source_copy, the digest not yet verified. */
int source_site_copy(struct source *s, const struct publication_file *f,
    const char *to, struct err *e) MUST_CHECK;

#endif
