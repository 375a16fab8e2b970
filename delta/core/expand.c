/*
 * Unpacking the ranges of a file.
 */
#include "delta/core/expand.h"

/* The bytes from one offset to another, in steps that a size_t holds. */
static int
plain(struct coder_in file, uint64_t from, uint64_t to,
    const struct coder_out *out, struct err *e)
{
	if (from == to)
		return 0;
	return out->write(
	    out->ctx, file.at + (size_t)from, (size_t)(to - from), e);
}

int
expand_write(const struct ranges *r, struct coder_in file,
    const struct coder_out *out, struct err *e)
{
	uint64_t at = 0;
	size_t i;

	for (i = 0; i < r->n; i++) {
		const struct range *g = &r->at[i];
		const struct coder_in packed = { file.at + (size_t)g->packed_at,
			(size_t)g->packed };

		if (plain(file, at, g->packed_at, out, e) < 0)
			return -1;
		if (coder_inflate(packed, g->raw, out, e) < 0)
			return err_in(e, "range at byte %llu of the old file",
			    (unsigned long long)g->packed_at);
		at = g->packed_at + g->packed;
	}
	return plain(file, at, file.len, out, e);
}
