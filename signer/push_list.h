/*
 * What a push announces: every file that the publication names, whether it is
 * at hand or (of older releases) only at the server.
 */
#ifndef SLUICE_PUSH_LIST_H
#define SLUICE_PUSH_LIST_H

#include "signer/existing.h"

#define PUSH_LIST_MAX (1 << 20) /* bytes of the announcement */

struct push_file {
	const char *path;
	const char *local; /* NULL: not here */
	int64_t size;
	uint8_t sha256[SHA256_SIZE];
};

struct push_list {
	struct push_file *files;
	size_t n;
	struct bytes body; /* canonical JSON {"files":[...],"m":M} */
};

/* push_list_make - digests are taken anew, so that what was changed since is
 * seen here and not at the server. */
int push_list_make(struct push_list *l, const struct existing *p, int threads,
    struct arena *a, struct err *e) MUST_CHECK;

/* push_list_find - by digest; one that is at hand if there are several. */
const struct push_file *push_list_find(
    const struct push_list *l, const uint8_t sha256[static SHA256_SIZE]);

#endif
