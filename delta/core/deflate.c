/*
 * Matches: a window of 64 KiB that moves by 32, chains of places with the same
 * hash, and what the families make different.
 */
#include "delta/core/deflate.h"

#include <stdlib.h>
#include <string.h>

#include "delta/core/huffman.h"

#define HALF	  32768u
#define WINDOW	  (2 * HALF)
#define LONGEST	  258u
#define SHORTEST  3u
#define AHEAD	  (LONGEST + SHORTEST + 1) /* bytes that a step may look at */
#define REACH	  (HALF - AHEAD)
#define TOO_FAR	  4096u /* for the shortest match */
#define HASH_MOST 65536u
#define NONE	  0 /* no place: 0 itself is never matched */

/* How hard a level tries. */
struct effort {
	uint16_t good; /* a match so long: try a quarter as hard for the next */
	uint16_t lazy; /* do not look for a better one; without lazy: remember
			* no places within a longer one */
	uint16_t nice; /* long enough */
	uint16_t chain;
	bool is_lazy;
};
static const struct effort efforts[DEFLATE_LEVEL_MAX + 1] = {
	{ 0, 0, 0, 0, false },
	{ 4, 4, 8, 4, false },
	{ 4, 5, 16, 8, false },
	{ 4, 6, 32, 32, false },
	{ 4, 4, 16, 16, true },
	{ 8, 16, 32, 32, true },
	{ 8, 16, 128, 128, true },
	{ 8, 32, 128, 256, true },
	{ 32, 128, 258, 1024, true },
	{ 32, 258, 258, 4096, true },
};

/* What the families do differently. */
struct family {
	uint8_t hash_bits;
	uint16_t tokens; /* of a block */
	bool four;	 /* bytes in the hash */
	bool gzip;	 /* ends blocks early; at the end of all, what comes
			  * after it is looked at and remembered */
	bool beyond;	 /* a match past the end is better than one up to it */
};
static const struct family families[DEFLATE_FAMILIES] = {
	[DEFLATE_ZLIB_8] = { 15, 16383, false, false, false },
	[DEFLATE_ZLIB_9] = { 16, 32767, false, false, false },
	[DEFLATE_GZIP] = { 15, 32767, false, true, true },
	[DEFLATE_INFOZIP] = { 15, 32767, false, true, false },
	[DEFLATE_CHROMIUM_8] = { 15, 16383, true, false, false },
	[DEFLATE_CHROMIUM_9] = { 16, 32767, true, false, false },
};

struct deflate {
	struct effort effort;
	struct family family;
	unsigned level;
	uint32_t at, ahead;	/* place in the window, bytes after it */
	uint32_t start, length; /* the match that was found */
	uint32_t start_before, length_before;
	bool waiting;  /* the byte before at is not written yet */
	int64_t block; /* where the block begins; < 0: out of the window */
	uint16_t before[HALF];	  /* the place before with the same hash */
	uint16_t head[HASH_MOST]; /* the last place with a hash */
	uint8_t window[WINDOW + LONGEST + 8];
	struct huffman out;
};

size_t
deflate_memory(void)
{
	return sizeof(struct deflate);
}

int
deflate_open(struct deflate **state, const struct deflate_how *how,
    const struct coder_out *out, struct err *e)
{
	struct deflate *d = *state;

	if (d == NULL)
		d = *state = malloc(sizeof(*d));
	if (d == NULL)
		return err_set(e, ERR_SYS, "deflate: out of memory");
	d->effort = efforts[how->level];
	d->family = families[how->family];
	d->level = how->level;
	d->at = d->ahead = 0;
	d->start = d->start_before = 0;
	d->length = d->length_before = SHORTEST - 1;
	d->waiting = false;
	d->block = 0;
	/* places in before[] are only read once they were written */
	memset(d->head, 0, sizeof(d->head));
	memset(d->window, 0, sizeof(d->window));
	huffman_init(&d->out, out);
	return 0;
}

void
deflate_close(struct deflate *d)
{
	free(d);
}

static uint32_t
hash(const struct deflate *d, const uint8_t *s)
{
	const uint32_t mask = (1u << d->family.hash_bits) - 1;
	const unsigned shift = (d->family.hash_bits + 2u) / 3;
	uint32_t v;

	if (!d->family.four)
		return ((uint32_t)s[0] << 2 * shift ^ (uint32_t)s[1] << shift ^
			   s[2]) &
		    mask;
	v = (uint32_t)s[0] | (uint32_t)s[1] << 8 | (uint32_t)s[2] << 16 |
	    (uint32_t)s[3] << 24;
	return (v * 66521u + 66521u) >> 16 & mask;
}

/* Remember the place at; the one before it with the same hash, or NONE. */
static uint32_t
remember(struct deflate *d, uint32_t at)
{
	uint32_t h = hash(d, d->window + at), found = d->head[h];

	d->before[at % HALF] = (uint16_t)found;
	d->head[h] = (uint16_t)at;
	return found;
}

/* How far two places are equal, at most LONGEST; the first bytes are. */
static uint32_t
equal(const uint8_t *x, const uint8_t *y)
{
	uint32_t n = SHORTEST;

	while (n + 8 <= LONGEST && memcmp(x + n, y + n, 8) == 0)
		n += 8;
	while (n < LONGEST && x[n] == y[n])
		n++;
	return n;
}

/* The longest match from the place found on that beats length_before. */
static uint32_t
longest(struct deflate *d, uint32_t found)
{
	const uint32_t limit = d->at > REACH ? d->at - REACH : NONE;
	const uint8_t *scan = d->window + d->at, *match;
	uint32_t chain = d->effort.chain, nice = d->effort.nice, n;
	uint32_t best = d->length_before;

	if (d->length_before >= d->effort.good)
		chain >>= 2;
	if (!d->family.beyond && nice > d->ahead)
		nice = d->ahead;
	do {
		match = d->window + found;
		if (match[best] != scan[best] ||
		    match[best - 1] != scan[best - 1] || match[0] != scan[0] ||
		    match[1] != scan[1])
			continue;
		n = equal(scan, match);
		if (n > best) {
			d->start = found;
			best = n;
			if (n >= nice)
				break;
		}
	} while ((found = d->before[found % HALF]) > limit && --chain != 0);
	return best < d->ahead ? best : d->ahead;
}

static int
write_block(struct deflate *d, bool last, struct err *e)
{
	const uint8_t *at = d->block < 0 ? NULL : d->window + d->block;
	size_t n = (size_t)((int64_t)d->at - d->block);

	d->block = d->at;
	return huffman_write(&d->out, at, n, last, e);
}

/* Whether the block ends after the token that was added. */
static bool
is_full(const struct deflate *d)
{
	const struct huffman *b = &d->out;

	/* gzip's guess whether it pays: every 4096 tokens */
	if (d->family.gzip && d->level > 2 && b->n % 4096 == 0) {
		uint64_t out = (8 * b->n + huffman_dist_bits(b)) >> 3;
		uint64_t in = (uint64_t)((int64_t)d->at - d->block);

		if (b->matches < b->n / 2 && out < in / 2)
			return true;
	}
	return b->n == d->family.tokens;
}

/* Whether a place may be searched for and remembered. */
static bool
whole(const struct deflate *d)
{
	return d->family.gzip || d->ahead >= SHORTEST;
}

static bool
in_reach(const struct deflate *d, uint32_t found)
{
	return found != NONE && d->at - found <= REACH &&
	    (!d->family.gzip || d->at <= WINDOW - AHEAD);
}

/* One step without a look at the next: levels 1 to 3. */
static int
step_fast(struct deflate *d, struct err *e)
{
	uint32_t found = whole(d) ? remember(d, d->at) : NONE, n = 0;
	bool full;

	if (in_reach(d, found))
		n = longest(d, found);
	if (n >= SHORTEST) {
		huffman_match(&d->out, d->at - d->start, n);
		full = is_full(d);
		d->ahead -= n;
		if (n <= d->effort.lazy && whole(d)) {
			while (--n > 0)
				(void)remember(d, ++d->at);
			d->at++;
		} else {
			d->at += n;
		}
	} else {
		huffman_literal(&d->out, d->window[d->at]);
		full = is_full(d);
		d->ahead--;
		d->at++;
	}
	return full ? write_block(d, false, e) : 0;
}

/* The match before at was the better one: write it. */
static int
take_match(struct deflate *d, struct err *e)
{
	uint32_t last = d->at + d->ahead - SHORTEST, n;
	bool full;

	huffman_match(&d->out, d->at - 1 - d->start_before, d->length_before);
	full = is_full(d);
	d->ahead -= d->length_before - 1;
	for (n = d->length_before - 2; n > 0; n--) {
		d->at++;
		if (d->family.gzip || d->at <= last)
			(void)remember(d, d->at);
	}
	d->at++;
	d->waiting = false;
	d->length = SHORTEST - 1;
	return full ? write_block(d, false, e) : 0;
}

/* One step that prefers a longer match at the next byte: levels 4 to 9. */
static int
step_lazy(struct deflate *d, struct err *e)
{
	uint32_t found = whole(d) ? remember(d, d->at) : NONE;
	int failed = 0;

	d->length_before = d->length;
	d->start_before = d->start;
	d->length = SHORTEST - 1;
	if (d->length_before < d->effort.lazy && in_reach(d, found)) {
		d->length = longest(d, found);
		if (d->length == SHORTEST && d->at - d->start > TOO_FAR)
			d->length = SHORTEST - 1;
	}
	if (d->length_before >= SHORTEST && d->length <= d->length_before)
		return take_match(d, e);
	if (d->waiting) {
		huffman_literal(&d->out, d->window[d->at - 1]);
		if (is_full(d))
			failed = write_block(d, false, e);
	}
	d->waiting = true;
	d->at++;
	d->ahead--;
	return failed;
}

/* The upper half becomes the lower one. */
static void
slide(struct deflate *d)
{
	size_t i;

	if (d->at < HALF + REACH)
		return;
	memcpy(d->window, d->window + HALF, HALF);
	d->start -= HALF;
	d->at -= HALF;
	d->block -= HALF;
	for (i = 0; i < HASH_MOST; i++)
		d->head[i] =
		    d->head[i] >= HALF ? (uint16_t)(d->head[i] - HALF) : NONE;
	for (i = 0; i < HALF; i++)
		d->before[i] = d->before[i] >= HALF
		    ? (uint16_t)(d->before[i] - HALF)
		    : NONE;
}

/* Steps while more than least bytes are ahead. */
static int
steps(struct deflate *d, uint32_t least, struct err *e)
{
	while (d->ahead > least)
		if ((d->effort.is_lazy ? step_lazy(d, e) : step_fast(d, e)) < 0)
			return -1;
	return 0;
}

int
deflate_add(struct deflate *d, const uint8_t *at, size_t n, struct err *e)
{
	size_t room, k;

	while (n > 0) {
		room = WINDOW - d->at - d->ahead;
		k = room < n ? room : n;
		memcpy(d->window + d->at + d->ahead, at, k);
		d->ahead += (uint32_t)k;
		at += k;
		n -= k;
		if (k < room)
			return 0;
		/* only a full window is looked at: how the bytes came does not
		 * matter */
		if (steps(d, AHEAD - 1, e) < 0)
			return -1;
		slide(d);
	}
	return 0;
}

int
deflate_end(struct deflate *d, struct err *e)
{
	if (steps(d, AHEAD - 1, e) < 0)
		return -1;
	slide(d);
	if (d->family.gzip)
		memset(d->window + d->at + d->ahead, 0, SHORTEST - 1);
	while (d->ahead > 0) {
		if (!d->family.gzip)
			slide(d);
		if (steps(d, d->ahead - 1, e) < 0)
			return -1;
	}
	if (d->waiting)
		huffman_literal(&d->out, d->window[d->at - 1]);
	return write_block(d, true, e) < 0 ? -1 : huffman_end(&d->out, e);
}
