/*
 * Packed or encrypted parts of a file look like noise: no match but by chance,
 * and those searches take longest of all.  What anchors found nothing in and
 * whose bytes are all about as frequent is left out of the search, in both
 * files; it will be literals.
 */
#include <stdlib.h>
#include <string.h>

#include "delta/blocks.h"

#define CHUNK 4096
/* Shorter stretches are tables of constants, or a picture. */
#define STRETCH_MIN 16384
/*
 * The sum of the squares of how often each byte stands in a chunk: 69632 on
 * the average where all are equally likely, at least 90000 in code and text.
 */
#define SQUARES_MAX 76000

static bool
noisy(const uint8_t *at)
{
	uint32_t count[256] = { 0 }, sum = 0;
	int i;

	for (i = 0; i < CHUNK; i++)
		count[at[i]]++;
	for (i = 0; i < 256; i++)
		sum += count[i] * count[i];
	return sum <= SQUARES_MAX;
}

static uint64_t
place(const struct block *b, bool old)
{
	return old ? b->old : b->new;
}

static int
add(struct blocks *out, uint64_t from, uint64_t to, struct err *e)
{
	if (to - from < STRETCH_MIN)
		return 0;
	return blocks_add(out, (struct block){ from, from, to - from }, e);
}

int
noise_find(struct bytes file, const struct blocks *known, bool old,
    struct blocks *out, struct err *e)
{
	/* where the present stretch begins, and the blocks so far end */
	uint64_t from = 0, end = 0, at;
	size_t i = 0;

	for (at = 0; file.len - at >= CHUNK; at += CHUNK) {
		for (; i < known->n && place(&known->at[i], old) < at + CHUNK;
		     i++) {
			uint64_t to =
			    place(&known->at[i], old) + known->at[i].len;

			end = to > end ? to : end;
		}
		if (end <= at && noisy(file.at + at))
			continue;
		if (add(out, from, at, e) < 0)
			return -1;
		from = at + CHUNK;
	}
	return add(out, from, at, e);
}
