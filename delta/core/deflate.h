/*
 * Deflate (RFC 1951) as it was done before, bit for bit.  What an encoder
 * writes is its own choice: which matches it looks for and how long, where a
 * block ends.  An archive comes out the same only if these choices are made in
 * the same way, whatever library a machine has: so they are made here.
 *
 * Three families that share one method (Gailly, Adler): zlib 1.2.5.1 and
 * later, GNU gzip and Info-ZIP, and Chromium's zlib, which is Node's.
 */
#ifndef SLUICE_CORE_DEFLATE_H
#define SLUICE_CORE_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "delta/core/coder.h"

enum deflate_family {
	DEFLATE_ZLIB_8,	    /* memLevel 8: what nearly everybody uses, */
	DEFLATE_ZLIB_9,	    /* 9 */
	DEFLATE_GZIP,	    /* GNU's */
	DEFLATE_INFOZIP,    /* zip */
	DEFLATE_CHROMIUM_8, /* its hash takes four bytes */
	DEFLATE_CHROMIUM_9,
	DEFLATE_FAMILIES,
};

#define DEFLATE_LEVEL_MAX 9 /* 1 to 9 */

struct deflate_how {
	enum deflate_family family;
	unsigned level;
};

struct deflate;

/* deflate_memory - what one writer takes. */
size_t deflate_memory(void);

/*
 * deflate_open - begin a stream, whose bytes go to out in their order; how is in
 * its bounds.  *d is NULL, or one that was used before, which is cheaper.
 * deflate_close also after a failure; NULL is allowed.
 */
int deflate_open(struct deflate **d, const struct deflate_how *how,
    const struct coder_out *out, struct err *e) MUST_CHECK;

/* deflate_add - n bytes to pack; deflate_end - there are no more. */
int deflate_add(
    struct deflate *d, const uint8_t *at, size_t n, struct err *e) MUST_CHECK;
int deflate_end(struct deflate *d, struct err *e) MUST_CHECK;
void deflate_close(struct deflate *d);

#endif
