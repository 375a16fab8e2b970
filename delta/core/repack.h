/*
 * The last step on the way out: what lies in a range of the expanded new file
 * is deflated, the rest passes as it is.
 */
#ifndef SLUICE_CORE_REPACK_H
#define SLUICE_CORE_REPACK_H

#include "delta/core/coder.h"
#include "delta/core/deflate.h"
#include "delta/core/range.h"

struct repack {
	struct coder_out out; /* counted against left */
	uint64_t left;	      /* bytes that may still go out */
	const struct range *next, *end;
	uint64_t at;		 /* in the expanded file */
	bool inside;		 /* the range next */
	struct deflate *deflate; /* owned */
};

/* repack_init - ranges: of new, borrowed; size: that the file will have. */
void repack_init(struct repack *p, const struct ranges *ranges, uint64_t size,
    struct coder_out out);

/* repack_write - bytes of the expanded file; ctx: struct repack.  ERR_INPUT
 * where more than size would go out; they do not. */
int repack_write(
    void *ctx, const uint8_t *at, size_t len, struct err *e) MUST_CHECK;

/* repack_end - everything was written: it is exactly size bytes. */
int repack_end(struct repack *p, struct err *e) MUST_CHECK;
void repack_done(struct repack *p);

#endif
