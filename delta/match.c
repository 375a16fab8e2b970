/*
 * Matching.  The new file is cut into pieces of a fixed size, so that several
 * threads can work and the result does not depend on how many there are.
 *
 * Within a piece: walk along the alignment (offset between new and old) of the
 * last match; where another place of old explains the bytes ahead better by
 * GAIN, a new match begins there.  Better by so much means: it holds so many
 * of the bytes that differ on the present alignment.  So only places are
 * searched for at which a byte differs, and only if what is around the next
 * such bytes may stand in old at all: that leaves few.  Each match is then
 * stretched forwards and backwards as long as more than half of the bytes
 * agree.
 */
#include "delta/match.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "delta/threads.h"

#define PIECE ((int64_t)4 << 20)
/* A match must explain this many bytes more than the alignment that is there:
 * less does not pay for a control triple. */
#define GAIN	8
#define WORTH	(GAIN + 1)	/* bytes of new per block, at least */
#define NOWHERE (INT64_MIN / 2) /* an offset at which there is no old byte */

struct piece {
	const struct suffix *old;
	struct bytes new;
	int64_t begin, end;
	struct blocks blocks;
	int failed; /* why: e */
	struct err e;
	/* the walk */
	int64_t at;		    /* everything before is decided */
	int64_t last_new, last_old; /* where the open block begins */
	int64_t offset;		    /* old position minus new position */
	/* the next bytes from at on that differ on this alignment */
	int64_t differ[WORTH];
	int64_t looked; /* how far for them */
	int n;
};

struct hit {
	int64_t new_at, old_at, len;
};

/* Equal bytes from new_at on, on the alignment that is there. */
static int64_t
run_length(const struct piece *p, int64_t new_at)
{
	int64_t old_at = new_at + p->offset;
	int64_t left = (int64_t)p->old->text.len - old_at;
	int64_t max = p->end - new_at < left ? p->end - new_at : left;

	if (old_at < 0 || max <= 0)
		return 0;
	return (int64_t)suffix_common(
	    p->new.at + new_at, p->old->text.at + old_at, (size_t)max);
}

/* Fill differ[] from at on; false: so many are not left in the piece. */
static bool
look_ahead(struct piece *p)
{
	int drop = 0;

	while (drop < p->n && p->differ[drop] < p->at)
		drop++;
	p->n -= drop;
	memmove(p->differ, p->differ + drop, (size_t)p->n * sizeof(int64_t));
	if (p->n == 0 && p->looked < p->at)
		p->looked = p->at;
	while (p->n < WORTH) {
		p->looked += run_length(p, p->looked);
		if (p->looked >= p->end)
			return false;
		p->differ[p->n++] = p->looked++;
	}
	return true;
}

/*
 * A match that pays holds all that differs: if bytes around one of them stand
 * nowhere in old, it begins behind them.  From the last to the first, since
 * that skips most.
 */
static bool
skip(struct piece *p)
{
	int64_t last = p->differ[WORTH - 1] + 1 - SUFFIX_SEEN, at;
	int i;

	for (i = WORTH - 1; i >= 0; i--) {
		at = p->differ[i] - SUFFIX_SEEN / 2;
		if (at > last || i == WORTH - 1)
			at = last;
		if (at < p->at)
			at = p->at;
		if (!suffix_has(p->old, p->new.at + at)) {
			p->at = at + 1;
			return true;
		}
	}
	return false;
}

/* The next place where another alignment is better by GAIN; false: none. */
static bool
next_hit(struct piece *p, struct hit *h)
{
	int64_t end;
	size_t where;

	while (look_ahead(p)) {
		/* a match from before holds these bytes, too */
		p->at = p->differ[0];
		if (skip(p))
			continue;
		h->len = (int64_t)suffix_longest(p->old,
		    (struct bytes){
			p->new.at + p->at, (size_t)(p->end - p->at) },
		    &where);
		end = p->at + h->len;
		if (end > p->differ[WORTH - 1]) {
			h->new_at = p->at;
			h->old_at = (int64_t)where;
			return true;
		}
		/* one that begins later and ends later holds these */
		if (h->len >= SUFFIX_SEEN &&
		    !suffix_has(p->old, p->new.at + end + 1 - SUFFIX_SEEN))
			p->at = end + 1 - SUFFIX_SEEN;
		p->at++;
	}
	return false;
}

int64_t
match_stretch(const uint8_t *new, const uint8_t *old, int64_t max, int step)
{
	int64_t i, balance = 0, best = 0, len = 0;

	for (i = 0; i < max; i++) {
		balance += new[i * step] == old[i * step] ? 1 : -1;
		if (balance > best) {
			best = balance;
			len = i + 1;
		}
	}
	return len;
}

int64_t
match_split(const uint8_t *new, const uint8_t *first, const uint8_t *second,
    int64_t overlap)
{
	int64_t i, balance = 0, best = 0, keep = 0;

	for (i = 0; i < overlap; i++) {
		balance += (new[i] == first[i]) - (new[i] == second[i]);
		if (balance > best) {
			best = balance;
			keep = i + 1;
		}
	}
	return keep;
}

static int64_t
min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Close the open block where the next one (NULL: the end) begins. */
static void
close_block(struct piece *p, const struct hit *h)
{
	const uint8_t *new = p->new.at, *old = p->old->text.at;
	int64_t to = h ? h->new_at : p->end, back = 0, overlap, max, len, keep;
	int64_t at = p->last_new, old_at = p->last_old;

	len = match_stretch(new + at, old + old_at,
	    min64(to - at, (int64_t)p->old->text.len - old_at), 1);
	if (h) {
		/* step back from the byte before, if there is one */
		max = min64(to - at, h->old_at);
		if (max > 0)
			back = match_stretch(
			    new + to - 1, old + h->old_at - 1, max, -1);
		overlap = at + len - (to - back);
		if (overlap > 0) {
			keep = match_split(new + to - back,
			    old + old_at + len - overlap,
			    old + h->old_at - back, overlap);
			len -= overlap - keep;
			back -= keep;
		}
		p->last_new = to - back;
		p->last_old = h->old_at - back;
		p->offset = h->old_at - h->new_at;
		p->at = p->looked = h->new_at + h->len;
		p->n = 0;
	}
	p->failed = blocks_add(&p->blocks,
	    (struct block){ (uint64_t)at, (uint64_t)old_at, (uint64_t)len },
	    &p->e);
}

static void
match_piece(struct piece *p)
{
	struct hit h;

	p->at = p->last_new = p->begin;
	p->last_old = min64(p->begin, (int64_t)p->old->text.len);
	/* an alignment that was not found would be kept too long */
	p->offset = p->begin == 0 ? 0 : NOWHERE;
	while (p->failed == 0 && next_hit(p, &h))
		close_block(p, &h);
	if (p->failed == 0)
		close_block(p, NULL);
}

struct work {
	struct piece *pieces;
	size_t n;
	atomic_size_t next;
};

static void *
work_run(void *arg)
{
	struct work *w = arg;
	size_t i;

	while ((i = atomic_fetch_add(&w->next, 1)) < w->n)
		match_piece(&w->pieces[i]);
	return NULL;
}

int
match_blocks(const struct suffix *old, struct bytes new, struct blocks *out,
    struct err *e)
{
	int64_t size = (int64_t) new.len;
	struct work w = { .n = (size_t)((size + PIECE - 1) / PIECE) };
	int failed = 0;
	size_t i, k;

	*out = (struct blocks){ 0 };
	w.pieces = calloc(w.n + 1, sizeof(*w.pieces));
	if (w.pieces == NULL)
		return err_sys(e, "matching");
	for (i = 0; i < w.n; i++) {
		w.pieces[i] = (struct piece){ .old = old,
			.new = new,
			.begin = (int64_t)i *PIECE,
			.end = min64(((int64_t)i + 1) * PIECE, size) };
	}
	threads_run(work_run, &w, w.n);
	for (i = 0; i < w.n; i++) {
		struct piece *p = &w.pieces[i];

		if (p->failed && failed == 0) {
			*e = p->e;
			failed = -1;
		}
		for (k = 0; k < p->blocks.n && failed == 0; k++)
			failed = blocks_add(out, p->blocks.at[k], e);
		blocks_done(&p->blocks);
	}
	free(w.pieces);
	if (failed)
		blocks_done(out);
	return failed;
}
