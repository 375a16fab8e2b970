/*
 * Raw deflate, by zlib.
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

struct deflate {
	z_stream z;
	unsigned level;
	enum range_encoder encoder;
	uint8_t buffer[BUFFER];
};

int
coder_deflate_open(
    void **state, unsigned level, enum range_encoder encoder, struct err *e)
{
	struct deflate *d = *state;

	if (d && d->level == level && d->encoder == encoder)
		return deflateReset(&d->z) == Z_OK
		    ? 0
		    : err_set(e, ERR_SYS, "patch: zlib refuses");
	if (d)
		coder_deflate_close(d);
	*state = d = calloc(1, sizeof(*d));
	if (d == NULL)
		return err_set(e, ERR_SYS, "patch: out of memory");
	d->level = level;
	d->encoder = encoder;
	if (deflateInit2(&d->z, (int)level, Z_DEFLATED, RAW_WINDOW,
		encoder == RANGE_ZLIB_9 ? 9 : 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return err_set(e, ERR_SYS, "patch: zlib refuses");
	return 0;
}

/* Take what is there; with Z_FINISH until the end. */
static int
run(struct deflate *d, int flush, const struct coder_out *out, struct err *e)
{
	size_t n;
	int ret;

	do {
		d->z.next_out = d->buffer;
		d->z.avail_out = BUFFER;
		ret = deflate(&d->z, flush);
		if (ret == Z_STREAM_ERROR)
			return err_set(e, ERR_SYS, "patch: zlib fails");
		n = BUFFER - d->z.avail_out;
		if (n > 0 && out->write(out->ctx, d->buffer, n, e) < 0)
			return -1;
	} while (
	    d->z.avail_out == 0 || (flush == Z_FINISH && ret != Z_STREAM_END));
	return 0;
}

int
coder_deflate_add(
    void *state, struct coder_in in, const struct coder_out *out, struct err *e)
{
	struct deflate *d = state;

	while (in.len > 0) {
		feed(&d->z, &in);
		if (run(d, Z_NO_FLUSH, out, e) < 0)
			return -1;
	}
	return 0;
}

int
coder_deflate_end(void *state, const struct coder_out *out, struct err *e)
{
	return run(state, Z_FINISH, out, e);
}

void
coder_deflate_close(void *state)
{
	struct deflate *d = state;

	if (d == NULL)
		return;
	(void)deflateEnd(&d->z);
	free(d);
}
