/*
 * Foreign targets documents with delegations.  The first line is the path that
 * is looked for, the rest is the file.
 */
#include <stdlib.h>
#include <string.h>

#include "manifest/base/text.h"
#include "manifest/delegation.h"

#define ARENA_MAX (64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

/* Every role that the path is delegated to is one that the document has. */
static void
look(struct arena *a, const struct role *r, const char *path)
{
	const struct delegations *d = r->delegations;
	struct delegation out;
	size_t at = 0, n = 0;
	struct err e;

	while (delegation_next(d, path, &at, &out, a, &e) == 1) {
		if (out.name[0] == '\0' || out.keys.threshold < 1)
			abort();
		(void)!role_verify_delegated(r, r, &out, &e);
		n++;
	}
	if (n > (d->bit_length > 0 ? 1 : d->nroles))
		abort();
	for (size_t i = 0; d->bit_length == 0 && i < d->nroles; i++)
		for (size_t k = 0; k < d->roles[i].npaths; k++) {
			const char *p = d->roles[i].paths[k];

			/* what has no wildcard is itself */
			if (strpbrk(p, "*?") == NULL &&
			    !delegation_matches(p, p))
				abort();
		}
}

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	AUTO_ARENA a = arena_new(ARENA_MAX);
	const uint8_t *end = len == 0 ? NULL : memchr(at, '\n', len);
	const struct role *r;
	size_t n = end == NULL ? 0 : (size_t)(end - at);
	struct err e;
	char *path;

	if (end == NULL || memchr(at, '\0', n) != NULL)
		return 0;
	path = (char *)arena_bytes(a, at, n, &e);
	r = role_read(a, ROLE_TARGETS, (struct bytes){ end + 1, len - n - 1 },
	    ROLE_FOREIGN, &e);
	if (path != NULL && r != NULL && r->delegations != NULL)
		look(a, r, path);
	return 0;
}
