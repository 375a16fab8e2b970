/*
 * What a document says, as a list of short lines: two lists are compared line
 * by line.
 */
#ifndef SLUICE_FACTS_H
#define SLUICE_FACTS_H

#include <stddef.h>

#include "manifest/publication.h"

#define FACTS_MAX 4096

struct facts {
	const char **lines; /* in the order of reading */
	size_t n;
	struct arena *arena;
};

int facts_init(struct facts *f, struct arena *a, struct err *e) MUST_CHECK;

/* facts_root - version, expiry, keys, thresholds. */
int facts_root(
    struct facts *f, const struct role *root, struct err *e) MUST_CHECK;

/* facts_publication - everything that a signer answers for. */
int facts_publication(
    struct facts *f, const struct publication *p, struct err *e) MUST_CHECK;

/* facts_have - is the line there? */
bool facts_have(const struct facts *f, const char *line);

/* facts_print_changes - on stdout, "- " what went, "+ " what came. */
void facts_print_changes(const struct facts *old, const struct facts *new);

#endif
