/*
 * What raw deflate has packed, by zlib.
 */
#include <stdlib.h>

#include <zlib.h>

#include "delta/core/coder.h"

/* The largest window, without a header. */
#define RAW_WINDOW (-15)
#define BUFFER	   32768
#define STEP_MAX   ((size_t)1 << 30) /* zlib counts what is there in ints */

/* Give the next bytes to a stream that has none left. */
static void
feed(z_stream *z, struct coder_in *in)
{
	size_t n = in->len < STEP_MAX ? in->len : STEP_MAX;

	if (z->avail_in > 0 || n == 0)
		return;
	/* it does not write there; older versions lack the const */
	z->next_in = (z_const Bytef *)(uintptr_t)in->at;
	z->avail_in = (uInt)n;
	in->at += n;
	in->len -= n;
}

static int
damaged(struct err *e)
{
	return err_set(
	    e, ERR_INPUT, "not the deflate stream that the patch says");
}

static int
inflate_all(z_stream *z, uint8_t *buffer, struct coder_in in, uint64_t raw,
    const struct coder_out *out, struct err *e)
{
	size_t n;
	int ret = Z_OK;

	while (ret != Z_STREAM_END) {
		feed(z, &in);
		/* one byte too many shows what is too long */
		z->next_out = buffer;
		z->avail_out = raw < BUFFER ? (uInt)raw + 1 : BUFFER;
		n = z->avail_out;
		ret = inflate(z, Z_NO_FLUSH);
		if (ret == Z_MEM_ERROR)
			return err_set(e, ERR_SYS, "zlib: out of memory");
		n -= z->avail_out;
		if ((ret != Z_OK && ret != Z_STREAM_END) || n > raw)
			return damaged(e);
		raw -= n;
		if (n > 0 && out->write(out->ctx, buffer, n, e) < 0)
			return -1;
	}
	return raw == 0 && z->avail_in == 0 && in.len == 0 ? 0 : damaged(e);
}

int
coder_inflate(struct coder_in packed, uint64_t raw, const struct coder_out *out,
    struct err *e)
{
	uint8_t *buffer = malloc(BUFFER);
	z_stream z = { .next_in = NULL };
	int failed;

	if (buffer == NULL || inflateInit2(&z, RAW_WINDOW) != Z_OK) {
		free(buffer);
		return err_set(e, ERR_SYS, "zlib: out of memory");
	}
	failed = inflate_all(&z, buffer, packed, raw, out, e);
	(void)inflateEnd(&z);
	free(buffer);
	return failed;
}
