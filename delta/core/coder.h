/*
 * The coders of the libraries, one file for each: an updater that embeds the
 * core and never sees patches of one of them can leave it out and link a file
 * of its own that refuses.
 */
#ifndef SLUICE_CORE_CODER_H
#define SLUICE_CORE_CODER_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

/* Packed bytes on their way, or any others. */
struct coder_in {
	const uint8_t *at;
	size_t len;
};

/* coder_zstd_open - window: log2 of the largest that is allowed. */
int coder_zstd_open(void **state, unsigned window, struct err *e) MUST_CHECK;
/* coder_zstd_read - up to room bytes; 0: there are none any more, or damaged
 * ones. */
size_t coder_zstd_read(
    void *state, struct coder_in *in, uint8_t *out, size_t room);
void coder_zstd_close(void *state);

/* coder_xz_open - dict: bytes of its dictionary, which begins with preset. */
int coder_xz_open(void **state, uint32_t dict, struct coder_in preset,
    struct err *e) MUST_CHECK;
size_t coder_xz_read(
    void *state, struct coder_in *in, uint8_t *out, size_t room);
void coder_xz_close(void *state);

/* Where bytes go. */
struct coder_out {
	int (*write)(void *ctx, const uint8_t *at, size_t len, struct err *e);
	void *ctx;
};

/* What coder_inflate takes at most. */
#define CODER_INFLATE_MEMORY ((uint64_t)128 << 10)

/* coder_inflate - the content of one raw deflate stream (RFC 1951), which has
 * exactly these bytes and makes exactly raw ones; ERR_INPUT if not.  (The way
 * back is core/deflate.h: there what a library does is not settled.) */
int coder_inflate(struct coder_in packed, uint64_t raw,
    const struct coder_out *out, struct err *e) MUST_CHECK;

#endif
