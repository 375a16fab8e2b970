/*
 * What the two files have in common is mostly long and plain to see.  Long
 * equal runs on the alignment of the first map are settled: they are cut out of
 * both texts before the suffix array is made, which then is a fraction of the
 * size.  A margin stays, so that what is next to a run can still be matched
 * with it.
 */
#include <stdlib.h>
#include <string.h>

#include "delta/blocks.h"
#include "delta/match.h"
#include "delta/suffix.h"

#define RUN_MIN 2048
#define AGREE	24
#define DIFFER	8
#define MARGIN	256

/* A text without what was cut out, and where each part of it comes from. */
struct part {
	uint64_t at, from, len; /* in the short text, in the whole one */
};

struct text {
	uint8_t *bytes;	   /* borrowed */
	uint64_t whole;	   /* length before anything was cut out */
	bool old;	   /* which of the two files */
	struct part *part; /* owned */
	size_t n;
	uint64_t len;
};

static void
text_done(struct text *t)
{
	free(t->part);
}

/*
 * How far two files go along with each other: short differences do not matter
 * where AGREE equal bytes follow within DIFFER.
 */
static uint64_t
along(const uint8_t *new, const uint8_t *old, uint64_t len)
{
	uint64_t at = 0, n, k;

	for (;;) {
		at += suffix_common(new + at, old + at, (size_t)(len - at));
		for (k = 1; k <= DIFFER && at + k < len; k++) {
			n = len - at - k;
			n = suffix_common(new + at + k, old + at + k,
			    (size_t)(n < AGREE ? n : AGREE));
			if (n == AGREE)
				break;
		}
		if (k > DIFFER || at + k >= len)
			return at;
		at += k;
	}
}

static int
settle_block(const struct view *v, const struct block *b, struct blocks *out,
    struct err *e)
{
	const uint8_t *new = v->new.at + b->new, *old = v->old.at + b->old;
	uint64_t at = 0, n;

	while (at < b->len) {
		n = along(new + at, old + at, b->len - at);
		if (n >= RUN_MIN &&
		    blocks_add(out,
			(struct block){ b->new + at + MARGIN,
			    b->old + at + MARGIN, n - 2 * MARGIN },
			e) < 0)
			return -1;
		at += n + 1;
	}
	return 0;
}

static int
by_old(const void *x, const void *y)
{
	const struct block *a = x, *b = y;

	if (a->old != b->old)
		return a->old < b->old ? -1 : 1;
	return a->new < b->new ? -1 : a->new > b->new;
}

static int
by_new(const void *x, const void *y)
{
	const struct block *a = x, *b = y;

	return a->new < b->new ? -1 : a->new > b->new;
}

/* Add blocks to others, and sort all by their place in a text. */
static int
sort_with(const struct text *t, struct blocks *to, const struct blocks *from,
    struct err *e)
{
	size_t i;

	for (i = 0; i < from->n; i++)
		if (blocks_add(to, from->at[i], e) < 0)
			return -1;
	if (to->n > 0)
		qsort(to->at, to->n, sizeof(*to->at), t->old ? by_old : by_new);
	return 0;
}

static void
keep(struct text *t, uint64_t from, uint64_t to)
{
	if (from >= to)
		return;
	memmove(t->bytes + t->len, t->bytes + from, (size_t)(to - from));
	t->part[t->n++] = (struct part){ t->len, from, to - from };
	t->len += to - from;
}

/* The text without the runs, and without what is noise beside the guess. */
static int
shorten(struct text *t, const struct blocks *guess, const struct blocks *runs,
    struct err *e)
{
	CLEANUP(blocks_done) struct blocks known = { 0 };
	CLEANUP(blocks_done) struct blocks cut = { 0 };
	uint64_t at = 0, from;
	size_t i;

	if (sort_with(t, &known, guess, e) < 0 ||
	    noise_find((struct bytes){ t->bytes, (size_t)t->whole }, &known,
		t->old, &cut, e) < 0 ||
	    sort_with(t, &cut, runs, e) < 0)
		return -1;
	t->part = malloc((cut.n + 1) * sizeof(*t->part));
	if (t->part == NULL)
		return err_sys(e, "matching");
	for (i = 0; i < cut.n; i++) {
		from = t->old ? cut.at[i].old : cut.at[i].new;
		keep(t, at, from);
		/* runs may share bytes of old */
		if (from + cut.at[i].len > at)
			at = from + cut.at[i].len;
	}
	keep(t, at, t->whole);
	return 0;
}

/* The part that holds a place of the short text. */
static const struct part *
part_of(const struct text *t, uint64_t at)
{
	size_t lo = 0, hi = t->n, half;

	while (hi - lo > 1) {
		half = (lo + hi) / 2;
		if (t->part[half].at <= at)
			lo = half;
		else
			hi = half;
	}
	return &t->part[lo];
}

/* A block of the short texts as blocks of the whole ones. */
static int
unfold(const struct text *old, const struct text *new, struct block c,
    struct blocks *out, struct err *e)
{
	const struct part *o, *n;
	uint64_t len, in;

	for (; c.len > 0; c.len -= len, c.new += len, c.old += len) {
		o = part_of(old, c.old);
		n = part_of(new, c.new);
		len = c.len;
		in = o->at + o->len - c.old;
		len = in < len ? in : len;
		in = n->at + n->len - c.new;
		len = in < len ? in : len;
		if (blocks_add(out,
			(struct block){ n->from + (c.new - n->at),
			    o->from + (c.old - o->at), len },
			e) < 0)
			return -1;
	}
	return 0;
}

static int
match_short(const struct text *old, const struct text *new, struct blocks *out,
    struct err *e)
{
	const struct bytes text = { old->bytes, (size_t)old->len };
	const struct bytes want = { new->bytes, (size_t) new->len };
	CLEANUP(blocks_done) struct blocks short_ones = { 0 };
	struct suffix suffix = { 0 };
	int failed = suffix_init(&suffix, text, e);
	size_t i;

	if (failed == 0)
		failed = match_blocks(&suffix, want, &short_ones, e);
	suffix_done(&suffix);
	for (i = 0; i < short_ones.n && failed == 0; i++)
		failed = unfold(old, new, short_ones.at[i], out, e);
	return failed;
}

/* Both ascend in new and are disjoint there. */
static int
merge(const struct blocks *a, const struct blocks *b, struct blocks *out,
    struct err *e)
{
	size_t i = 0, k = 0;

	while (i < a->n || k < b->n) {
		const struct block *next =
		    k == b->n || (i < a->n && a->at[i].new < b->at[k].new)
		    ? &a->at[i++]
		    : &b->at[k++];

		if (blocks_add(out, *next, e) < 0)
			return -1;
	}
	return 0;
}

int
settle_match(const struct settle *s, struct blocks *out, struct err *e)
{
	CLEANUP(text_done)
	struct text old = { .bytes = s->old, .whole = s->old_len, .old = true };
	CLEANUP(text_done)
	struct text new = { .bytes = s->new, .whole = s->new_len };
	CLEANUP(blocks_done) struct blocks runs = { 0 };
	CLEANUP(blocks_done) struct blocks found = { 0 };
	const struct view v = { { s->old, s->old_len },
		{ s->new, s->new_len } };
	size_t i;

	for (i = 0; i < s->guess->n; i++)
		if (settle_block(&v, &s->guess->at[i], &runs, e) < 0)
			return -1;
	if (shorten(&old, s->guess, &runs, e) < 0 ||
	    shorten(&new, s->guess, &runs, e) < 0 ||
	    match_short(&old, &new, &found, e) < 0)
		return -1;
	return merge(&runs, &found, out, e);
}
