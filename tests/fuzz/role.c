/*
 * TUF documents.  The low three bits of the first byte are the kind and
 * whether to be strict ('0'..'3' foreign, '4'..'7' ours), the rest is the
 * file.
 */
#include <stdlib.h>
#include <string.h>

#include "manifest/role.h"

#define ARENA_MAX (64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

/* What users rely on once a document was read. */
static void
look(struct arena *a, const struct role *r, int mode)
{
	struct err e;

	if (mode == ROLE_STRICT &&
	    (r->product == NULL || r->signed_.at < r->file.at ||
		r->signed_.at + r->signed_.len != r->file.at + r->file.len - 1))
		abort();
	for (size_t i = 0; i < r->nmeta; i++)
		if (metafile_check(&r->meta[i], r->file, &e) == 0 &&
		    r->meta[i].hashed)
			abort(); /* a file does not hold its own digest */
	for (size_t i = 0; i < r->ntargets; i++)
		if (role_target(r, r->targets[i].path) == NULL ||
		    role_path(a, &r->targets[i], &e) == NULL)
			abort();
	if (r->kind == ROLE_ROOT)
		(void)!role_verify(r, r, NULL, mode == ROLE_STRICT, &e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	AUTO_ARENA a = arena_new(ARENA_MAX);
	const struct role *r;
	struct err e;
	int mode;

	if (len == 0)
		return 0;
	mode = (at[0] & 4) != 0 ? ROLE_STRICT : ROLE_FOREIGN;
	r = role_read(a, (enum role_kind)(at[0] & 3),
	    (struct bytes){ at + 1, len - 1 }, mode, &e);
	if (r != NULL)
		look(a, r, mode);
	return 0;
}
