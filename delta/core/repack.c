/*
 * Deflating on the way out.
 */
#include "delta/core/repack.h"

#include <string.h>

void
repack_init(struct repack *p, const struct ranges *ranges, uint64_t size,
    struct coder_out out)
{
	*p = (struct repack){ .out = out,
		.left = size,
		.next = ranges->at,
		.end = ranges->at + ranges->n };
}

void
repack_done(struct repack *p)
{
	deflate_close(p->deflate);
	p->deflate = NULL;
}

static int
put(void *ctx, const uint8_t *at, size_t len, struct err *e)
{
	struct repack *p = ctx;

	if (len > p->left)
		return err_set(
		    e, ERR_INPUT, "patch: makes more than the new file's size");
	p->left -= len;
	return p->out.write(p->out.ctx, at, len, e);
}

/* Where the present range, or the gap before the next one, ends. */
static uint64_t
boundary(const struct repack *p)
{
	if (p->next == p->end)
		return UINT64_MAX;
	return p->inside ? p->next->at + p->next->raw : p->next->at;
}

static int
cross(struct repack *p, struct err *e)
{
	const struct coder_out to = { put, p };

	if (!p->inside) {
		p->inside = true;
		return deflate_open(&p->deflate, &p->next->how, &to, e);
	}
	p->inside = false;
	p->next++;
	return deflate_end(p->deflate, e);
}

int
repack_write(void *ctx, const uint8_t *at, size_t len, struct err *e)
{
	struct repack *p = ctx;
	uint64_t step;
	int failed;

	while (len > 0) {
		while (p->at == boundary(p))
			if (cross(p, e) < 0)
				return -1;
		step = boundary(p) - p->at;
		step = step < len ? step : len;
		failed = p->inside
		    ? deflate_add(p->deflate, at, (size_t)step, e)
		    : put(p, at, (size_t)step, e);
		if (failed < 0)
			return -1;
		p->at += step;
		at += step;
		len -= (size_t)step;
	}
	return 0;
}

int
repack_end(struct repack *p, struct err *e)
{
	while (p->at == boundary(p))
		if (cross(p, e) < 0)
			return -1;
	if (p->next != p->end || p->left > 0)
		return err_set(
		    e, ERR_INPUT, "patch: makes less than the new file");
	return 0;
}
