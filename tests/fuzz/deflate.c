/*
 * Fuzz target: deflate of our own.  Whatever is packed, by whichever encoder
 * and in whichever steps, inflates to itself.  The first two bytes choose.
 */
#include "delta/core/deflate.h"

#include <stdlib.h>
#include <string.h>

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
	return 0;
}
