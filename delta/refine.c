/*
 * Better blocks: each costs some bytes of the patch, so those that say little
 * go, neighbours of one alignment join, and what is between them is given to
 * whom it resembles.
 */
#include <string.h>

#include "delta/blocks.h"
#include "delta/match.h"

#define FAR	   4096 /* alignments that differ by more: a dear block */
#define FAR_SCORE  20
#define NEAR_SCORE 6
#define NEAR_EQUAL 12
#define JOIN	   8  /* gaps that are always joined */
#define JOIN_SOME  64 /* and those of which a third agrees */

static int64_t
equal_bytes(const struct view *v, const struct block *b)
{
	const uint8_t *x = v->new.at + b->new, *y = v->old.at + b->old;
	int64_t n = 0;
	uint64_t i;

	for (i = 0; i < b->len; i++)
		n += x[i] == y[i];
	return n;
}

static uint64_t
distance(const struct block *a, const struct block *b)
{
	int64_t d = (int64_t)(a->old - a->new) - (int64_t)(b->old - b->new);

	return (uint64_t)(d < 0 ? -d : d);
}

static bool
weak(const struct view *v, const struct block *b, const struct block *before,
    const struct block *after)
{
	uint64_t far = before ? distance(b, before) : UINT64_MAX;
	uint64_t other = after ? distance(b, after) : UINT64_MAX;
	int64_t equal, score;

	if (b->len > 4096 || far == 0)
		return false;
	far = far < other ? far : other;
	equal = equal_bytes(v, b);
	score = 2 * equal - (int64_t)b->len;
	if (far > FAR)
		return score < FAR_SCORE;
	return score < NEAR_SCORE && equal < NEAR_EQUAL;
}

static void
drop_weak(const struct view *v, struct blocks *b)
{
	const struct block *before;
	size_t i, n = 0;

	for (i = 0; i < b->n; i++) {
		before = n > 0 ? &b->at[n - 1] : NULL;
		if (weak(v, &b->at[i], before,
			i + 1 < b->n ? &b->at[i + 1] : NULL))
			continue;
		b->at[n++] = b->at[i];
	}
	b->n = n;
}

/* Between two blocks of one alignment: does the gap go to them? */
static bool
joins(const struct view *v, const struct block *a, const struct block *b)
{
	struct block gap = { a->new + a->len, a->old + a->len, 0 };

	if (distance(a, b) != 0)
		return false;
	gap.len = b->new - gap.new;
	if (gap.len <= JOIN)
		return true;
	return gap.len <= JOIN_SOME &&
	    3 * equal_bytes(v, &gap) >= (int64_t)gap.len;
}

static void
join(const struct view *v, struct blocks *b)
{
	size_t i, n = 0;

	for (i = 0; i < b->n; i++) {
		if (n > 0 && joins(v, &b->at[n - 1], &b->at[i]))
			b->at[n - 1].len =
			    b->at[i].new + b->at[i].len - b->at[n - 1].new;
		else
			b->at[n++] = b->at[i];
	}
	b->n = n;
}

static int64_t
least(uint64_t a, uint64_t b)
{
	return (int64_t)(a < b ? a : b);
}

/* Give the bytes between a and b (NULL: an end of the file) to them. */
static void
extend(const struct view *v, struct block *a, struct block *b)
{
	uint64_t from = a ? a->new + a->len : 0;
	uint64_t gap = (b ? b->new : v->new.len) - from;
	int64_t ahead = 0, back = 0, overlap, keep;

	if (gap == 0)
		return;
	if (a)
		ahead =
		    match_stretch(v->new.at + from, v->old.at + a->old + a->len,
			least(gap, v->old.len - a->old - a->len), 1);
	if (b && b->old > 0)
		back = match_stretch(v->new.at + b->new - 1,
		    v->old.at + b->old - 1, least(gap, b->old), -1);
	overlap = ahead + back - (int64_t)gap;
	if (overlap > 0) {
		keep = match_split(v->new.at + b->new - back,
		    v->old.at + a->old + a->len + ahead - overlap,
		    v->old.at + b->old - back, overlap);
		ahead -= overlap - keep;
		back -= keep;
	}
	if (a)
		a->len += (uint64_t)ahead;
	if (b) {
		b->new -= (uint64_t)back;
		b->old -= (uint64_t)back;
		b->len += (uint64_t)back;
	}
}

int
refine_blocks(const struct view *v, struct blocks *b, struct err *e)
{
	size_t i;

	(void)e;
	join(v, b);
	drop_weak(v, b);
	join(v, b);
	for (i = 0; i <= b->n && b->n > 0; i++)
		extend(v, i > 0 ? &b->at[i - 1] : NULL,
		    i < b->n ? &b->at[i] : NULL);
	join(v, b);
	return 0;
}
