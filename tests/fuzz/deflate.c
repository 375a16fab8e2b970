/*
 * Fuzz target: deflate of our own.  Whatever is packed, by whichever encoder
 * and in whichever steps, inflates to itself, and zlib's own is what zlib makes
 * of it.  The first two bytes choose; the rest is inflated as it stands, too.
 */
#include "delta/core/deflate.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#define INPUT_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

struct packed {
	uint8_t at[INPUT_MAX + INPUT_MAX / 8 + 1024];
	size_t len;
};

static int
collect(void *ctx, const uint8_t *at, size_t n, struct err *e)
{
	struct packed *p = ctx;

	(void)e;
	if (n > sizeof(p->at) - p->len)
		abort(); /* deflate stores what it cannot pack */
	memcpy(p->at + p->len, at, n);
	p->len += n;
	return 0;
}

static int
compare(void *ctx, const uint8_t *at, size_t n, struct err *e)
{
	struct coder_in *want = ctx;

	(void)e;
	if (n > want->len || memcmp(at, want->at, n) != 0)
		abort();
	want->at += n;
	want->len -= n;
	return 0;
}

static void
beside_zlib(const struct deflate_how *how, const uint8_t *at, size_t len,
    const struct packed *p)
{
	static uint8_t made[sizeof(p->at)];
	z_stream z = { .next_in = (z_const Bytef *)(uintptr_t)at,
		.avail_in = (uInt)len,
		.next_out = made,
		.avail_out = sizeof(made) };

	if (how->family != DEFLATE_ZLIB_8 && how->family != DEFLATE_ZLIB_9)
		return;
	if (deflateInit2(&z, (int)how->level, Z_DEFLATED, -15,
		how->family == DEFLATE_ZLIB_9 ? 9 : 8,
		Z_DEFAULT_STRATEGY) != Z_OK ||
	    deflate(&z, Z_FINISH) != Z_STREAM_END || z.total_out != p->len ||
	    memcmp(made, p->at, p->len) != 0)
		abort();
	(void)deflateEnd(&z);
}

/* The input as if somebody had packed it: no more than so many bytes. */
static void
inflate_input(struct packed *p, const uint8_t *at, size_t len, uint64_t raw)
{
	const struct coder_out to = { collect, p };
	struct err e;

	p->len = 0;
	if (coder_inflate((struct coder_in){ at, len }, raw, &to, &e) == 0 &&
	    p->len != raw)
		abort();
	if (p->len > raw)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static struct packed p;
	static struct deflate *d; /* used again, as applying does */
	struct deflate_how how;
	struct coder_in in;
	const struct coder_out to = { collect, &p };
	const struct coder_out back = { compare, &in };
	struct err e;
	size_t i, n, step;

	if (len < 2 || len > INPUT_MAX)
		return -1;
	how.family = (enum deflate_family)(at[0] % DEFLATE_FAMILIES);
	how.level = 1 + at[0] / DEFLATE_FAMILIES % DEFLATE_LEVEL_MAX;
	step = 1 + (size_t)at[1] * at[1] * 7;
	in = (struct coder_in){ at + 2, len - 2 };
	p.len = 0;
	if (deflate_open(&d, &how, &to, &e) < 0)
		abort();
	for (i = 0; i < in.len; i += n) {
		n = in.len - i < step ? in.len - i : step;
		if (deflate_add(d, in.at + i, n, &e) < 0)
			abort();
	}
	if (deflate_end(d, &e) < 0 ||
	    coder_inflate(
		(struct coder_in){ p.at, p.len }, len - 2, &back, &e) < 0 ||
	    in.len != 0)
		abort();
	beside_zlib(&how, at + 2, len - 2, &p);
	inflate_input(&p, at + 2, len - 2, (uint64_t)at[0] << 8 | at[1]);
	return 0;
}
