/*
 * Blocks: which bytes of the new file are made from which of the old one.  How
 * they are found and mended; what a patch format makes of them is not known
 * here.
 */
#ifndef SLUICE_BLOCKS_H
#define SLUICE_BLOCKS_H

#include <stdbool.h>

#include "delta/core/map.h"
#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"

struct blocks {
	struct block *at; /* owned; ascending in new */
	size_t n, room;
};

/* blocks_add - add one behind the last; joined with it if it goes on there. */
int blocks_add(struct blocks *b, struct block add, struct err *e) MUST_CHECK;
void blocks_done(struct blocks *b);

/* A file, or a view of it in which references were replaced. */
struct view {
	struct bytes old, new;
};

/*
 * anchor_blocks - blocks by equal runs of 24 bytes and more: fast, and good
 * enough for the first map.
 */
int anchor_blocks(
    const struct view *v, struct blocks *out, struct err *e) MUST_CHECK;

/*
 * noise_find - stretches of a file without a pattern and without a byte of the
 * known blocks, which ascend in it (in old, or else in new); as blocks of
 * which both places are that in the file.
 */
int noise_find(struct bytes file, const struct blocks *known, bool old,
    struct blocks *out, struct err *e) MUST_CHECK;

/*
 * settle_match - the blocks of a view by its suffix array, but for what the
 * blocks of a first guess settle.  That is cut out of the two texts where they
 * stand: they are spoilt afterwards.
 */
struct settle {
	uint8_t *old, *new;
	size_t old_len, new_len;
	const struct blocks *guess;
};
int settle_match(
    const struct settle *s, struct blocks *out, struct err *e) MUST_CHECK;

/* refine_blocks - drop those that cost more than they give, join, extend. */
int refine_blocks(
    const struct view *v, struct blocks *b, struct err *e) MUST_CHECK;

#endif
