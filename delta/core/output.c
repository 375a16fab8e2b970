/*
 * Writing the new file.
 */
#include "delta/core/output.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_MAX ((size_t)1 << 16) /* of a signature */

int
output_init(
    struct output *o, const struct pages *pages, uint64_t size, struct err *e)
{
	memset(o, 0, sizeof(*o));
	o->size = size;
	o->pages = *pages;
	o->buffer = malloc(OUTPUT_SIZE);
	if (pages->count)
		o->digests = malloc((size_t)pages->count * SHA256_LEN);
	if (o->buffer == NULL || (pages->count && o->digests == NULL))
		return err_set(e, ERR_SYS, "patch: out of memory");
	return 0;
}

void
output_done(struct output *o)
{
	free(o->buffer);
	free(o->digests);
	o->buffer = NULL;
	o->digests = NULL;
}

static void
digest(const struct output *o, uint8_t *out, const uint8_t *at, size_t n)
{
	struct sha256 s;

	if (o->sha256) {
		o->sha256(out, at, n);
		return;
	}
	sha256_init(&s);
	sha256_add(&s, at, n);
	sha256_end(&s, out);
}

/* Hash what of the next n bytes of the buffer lies below the limit; they begin
 * with a page. */
static void
hash_pages(struct output *o, size_t n)
{
	const struct pages *p = &o->pages;
	uint64_t page = (uint64_t)1 << p->page_log, at = o->written, end, len;

	end = at + n < p->limit ? at + n : p->limit;
	for (; at < end; at += len) {
		len = end - at < page ? end - at : page;
		digest(o, o->digests + (size_t)SHA256_LEN * o->ndigests++,
		    o->buffer + (at - o->written), (size_t)len);
	}
}

/* Put the digests where the buffer has their place. */
static void
fill_slots(struct output *o, size_t n)
{
	uint64_t at = o->pages.slots, end, from, to;

	end = at + (uint64_t)o->pages.count * SHA256_LEN;
	from = at > o->written ? at : o->written;
	to = end < o->written + n ? end : o->written + n;
	if (from < to)
		memcpy(o->buffer + (from - o->written),
		    o->digests + (from - at), (size_t)(to - from));
}

/* Write what is there, but for the end whole pages. */
static int
flush(struct output *o, bool end, struct err *e)
{
	size_t n = end ? o->n : o->n & ~(PAGE_MAX - 1);

	if (o->pages.count) {
		/* the slots lie behind everything that is hashed */
		hash_pages(o, n);
		fill_slots(o, n);
	}
	if (n > 0 && o->write(o->ctx, o->buffer, n, e) < 0)
		return -1;
	o->written += n;
	o->n -= n;
	if (o->n > 0)
		memmove(o->buffer, o->buffer + n, o->n);
	return 0;
}

static int
passes(struct err *e)
{
	return err_set(
	    e, ERR_INPUT, "patch: makes more than the new file's size");
}

int
output_add(struct output *o, const uint8_t *at, uint64_t n, struct err *e)
{
	size_t step;

	if (n > o->size - o->written - o->n)
		return passes(e);
	while (n > 0) {
		if (o->n == OUTPUT_SIZE && flush(o, false, e) < 0)
			return -1;
		step = OUTPUT_SIZE - o->n;
		step = step < n ? step : (size_t)n;
		memcpy(o->buffer + o->n, at, step);
		o->n += step;
		at += step;
		n -= step;
	}
	return 0;
}

uint8_t *
output_room(struct output *o, size_t least, uint64_t *n, struct err *e)
{
	uint64_t left = o->size - o->written - o->n;

	if (OUTPUT_SIZE - o->n < least && flush(o, false, e) < 0)
		return NULL;
	if (left < least) {
		(void)passes(e);
		return NULL;
	}
	*n = OUTPUT_SIZE - o->n;
	*n = *n < left ? *n : left;
	return o->buffer + o->n;
}

void
output_took(struct output *o, uint64_t n)
{
	o->n += (size_t)n;
}

int
output_end(struct output *o, struct err *e)
{
	if (flush(o, true, e) < 0)
		return -1;
	if (o->written != o->size)
		return err_set(
		    e, ERR_INPUT, "patch: makes less than the new file");
	return 0;
}
