/*
 * Writing the new file.
 */
#include "delta/core/output.h"

#include <stdlib.h>
#include <string.h>

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
	sha256_init(&o->sha);
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

/* Hash what of the buffer lies below the limit. */
static void
hash_pages(struct output *o)
{
	const struct pages *p = &o->pages;
	uint64_t at = o->written, end = o->written + o->n, next;

	end = end < p->limit ? end : p->limit;
	while (at < end) {
		next = ((at >> p->page_log) + 1) << p->page_log;
		next = next < p->limit ? next : p->limit;
		next = next < end ? next : end;
		sha256_add(&o->sha, o->buffer + (at - o->written),
		    (size_t)(next - at));
		at = next;
		if (at != p->limit && (at & (((uint64_t)1 << p->page_log) - 1)))
			continue;
		sha256_end(&o->sha, o->digests + SHA256_LEN * o->ndigests++);
		sha256_init(&o->sha);
	}
}

/* Put the digests where the buffer has their place. */
static void
fill_slots(struct output *o)
{
	uint64_t at = o->pages.slots, end, from, to;

	end = at + (uint64_t)o->pages.count * SHA256_LEN;
	from = at > o->written ? at : o->written;
	to = end < o->written + o->n ? end : o->written + o->n;
	if (from < to)
		memcpy(o->buffer + (from - o->written),
		    o->digests + (from - at), (size_t)(to - from));
}

static int
flush(struct output *o, struct err *e)
{
	if (o->pages.count) {
		/* the slots lie behind everything that is hashed */
		hash_pages(o);
		fill_slots(o);
	}
	if (o->n > 0 && o->write(o->ctx, o->buffer, o->n, e) < 0)
		return -1;
	o->written += o->n;
	o->n = 0;
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
		if (o->n == OUTPUT_SIZE && flush(o, e) < 0)
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

	if (OUTPUT_SIZE - o->n < least && flush(o, e) < 0)
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
	if (flush(o, e) < 0)
		return -1;
	if (o->written != o->size)
		return err_set(
		    e, ERR_INPUT, "patch: makes less than the new file");
	return 0;
}
