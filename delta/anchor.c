/*
 * Matching by anchors: a rolling hash of 24 bytes, of which one in eight by its
 * value, so that the same bytes are anchors in both files.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "delta/blocks.h"
#include "delta/suffix.h"
#include "delta/threads.h"

#define WINDOW	   24
#define SAMPLE	   7 /* hash & SAMPLE == 0 */
#define BITS_MAX   26
#define CANDIDATES 4
#define PIECE	   ((size_t)2 << 20)
#define PRIME	   0x9e3779b97f4a7c15

struct anchors {
	uint32_t *at; /* owned; offset + 1, CANDIDATES for each hash */
	unsigned bits;
	uint64_t out; /* PRIME to the power of WINDOW */
};

static uint64_t
hash_first(const uint8_t *at)
{
	uint64_t h = 0;
	int i;

	for (i = 0; i < WINDOW; i++)
		h = h * PRIME + at[i] + 1;
	return h;
}

/* The hash one byte further. */
static uint64_t
hash_next(const struct anchors *a, uint64_t h, const uint8_t *at)
{
	return h * PRIME + at[WINDOW] + 1 - a->out * ((uint64_t)at[0] + 1);
}

static bool
sampled(uint64_t h)
{
	return (h >> 40 & SAMPLE) == 0;
}

static uint32_t *
bucket(const struct anchors *a, uint64_t h)
{
	return &a->at[((h ^ h >> 32) * PRIME >> (64 - a->bits)) * CANDIDATES];
}

static int
index_old(struct anchors *a, struct bytes old, struct err *e)
{
	uint64_t h, off;
	uint32_t *b;
	int i;

	a->bits = 8;
	while (a->bits < BITS_MAX && old.len >> (a->bits + 4) != 0)
		a->bits++;
	a->at = calloc((size_t)CANDIDATES << a->bits, sizeof(*a->at));
	if (a->at == NULL)
		return err_sys(e, "matching");
	a->out = 1;
	for (i = 0; i < WINDOW; i++)
		a->out *= PRIME;
	if (old.len < WINDOW)
		return 0;
	h = hash_first(old.at);
	for (off = 0;; off++) {
		if (sampled(h)) {
			b = bucket(a, h);
			for (i = 0; i < CANDIDATES && b[i] != 0; i++)
				continue;
			if (i < CANDIDATES)
				b[i] = (uint32_t)off + 1;
		}
		/* what lies further is for the suffix array */
		if (off + WINDOW >= old.len || off + 1 >= UINT32_MAX)
			return 0;
		h = hash_next(a, h, old.at + off);
	}
}

/* The block around equal bytes at (new, old), not before `from`. */
static struct block
grow(const struct view *v, uint64_t new, uint64_t old, uint64_t from)
{
	uint64_t left = v->new.len - new, back = 0, max;
	struct block b;

	if (left > v->old.len - old)
		left = v->old.len - old;
	b.len = suffix_common(v->new.at + new, v->old.at + old, (size_t)left);
	max = new - from < old ? new - from : old;
	while (back < max &&
	    v->new.at[new - back - 1] == v->old.at[old - back - 1])
		back++;
	b.new = new - back;
	b.old = old - back;
	b.len += back;
	return b;
}

/* The best block at an anchor; the alignment that is there comes first. */
static struct block
best_block(const struct anchors *a, const struct view *v, uint64_t h,
    uint64_t new, const struct block *last)
{
	uint64_t from = last->new + last->len,
		 here = new + last->old - last->new;
	const uint32_t *b = bucket(a, h);
	struct block best = { 0 }, c;
	int i;

	if (here < v->old.len) {
		best = grow(v, new, here, from);
		if (best.len >= WINDOW)
			return best;
	}
	for (i = 0; i < CANDIDATES && b[i] != 0; i++) {
		c = grow(v, new, b[i] - 1, from);
		if (c.len > best.len)
			best = c;
	}
	return best;
}

/* A piece of new, matched by one thread: the pieces do not depend on how many
 * threads there are. */
struct piece {
	const struct anchors *a;
	const struct view *v; /* its new ends where the piece does */
	uint64_t begin;
	struct blocks blocks;
	struct err e;
	int failed;
};

static int
scan_piece(struct piece *p, const struct view *v)
{
	struct block last = { p->begin, p->begin, 0 }, b;
	uint64_t at = p->begin, h;

	if (v->new.len - at < WINDOW)
		return 0;
	h = hash_first(v->new.at + at);
	for (;;) {
		b.len = 0;
		if (sampled(h))
			b = best_block(p->a, v, h, at, &last);
		if (b.len >= WINDOW) {
			if (blocks_add(&p->blocks, b, &p->e) < 0)
				return -1;
			last = b;
			at = b.new + b.len;
			if (v->new.len - at < WINDOW)
				return 0;
			h = hash_first(v->new.at + at);
			continue;
		}
		if (at + WINDOW >= v->new.len)
			return 0;
		h = hash_next(p->a, h, v->new.at + at);
		at++;
	}
}

struct work {
	struct piece *piece;
	size_t n;
	atomic_size_t next;
};

static void *
work_run(void *arg)
{
	struct work *w = arg;
	size_t i;

	while ((i = atomic_fetch_add(&w->next, 1)) < w->n) {
		struct piece *p = &w->piece[i];
		struct view v = *p->v;

		if (v.new.len - p->begin > PIECE)
			v.new.len = p->begin + PIECE;
		p->failed = scan_piece(p, &v) < 0;
	}
	return NULL;
}

static int
scan_new(const struct anchors *a, const struct view *v, struct blocks *out,
    struct err *e)
{
	struct work w = { .n = v->new.len / PIECE + 1 };
	int failed = 0;
	size_t i, k;

	w.piece = calloc(w.n, sizeof(*w.piece));
	if (w.piece == NULL)
		return err_sys(e, "matching");
	for (i = 0; i < w.n; i++)
		w.piece[i] = (struct piece){
			.a = a, .v = v, .begin = (uint64_t)i * PIECE
		};
	threads_run(work_run, &w, w.n);
	for (i = 0; i < w.n; i++) {
		struct piece *p = &w.piece[i];

		if (p->failed && failed == 0) {
			*e = p->e;
			failed = -1;
		}
		for (k = 0; k < p->blocks.n && failed == 0; k++)
			failed = blocks_add(out, p->blocks.at[k], e);
		blocks_done(&p->blocks);
	}
	free(w.piece);
	return failed;
}

int
anchor_blocks(const struct view *v, struct blocks *out, struct err *e)
{
	struct anchors a = { 0 };
	int failed = index_old(&a, v->old, e);

	if (failed == 0)
		failed = scan_new(&a, v, out, e);
	free(a.at);
	return failed;
}
