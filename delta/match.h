/*
 * Which parts of the new file resemble which parts of the old one: Percival's
 * matching ("Naive differences of executable code", 2003).  Knows no patch
 * format.
 */
#ifndef SLUICE_MATCH_H
#define SLUICE_MATCH_H

#include <stdint.h>

#include "delta/blocks.h"
#include "delta/suffix.h"
#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"

/*
 * match_blocks - find the blocks, of which most bytes are equal; what none
 * holds is new.  Runs on all CPUs; the result depends on the two files only.
 */
int match_blocks(const struct suffix *old, struct bytes new, struct blocks *out,
    struct err *e) MUST_CHECK;

/* match_stretch - how far a match reaches (step 1: forwards, -1: backwards):
 * the length with most agreeing over differing bytes. */
int64_t match_stretch(
    const uint8_t *new, const uint8_t *old, int64_t max, int step);

/* match_split - where two blocks overlap, the split with most agreeing bytes:
 * how many of the overlapping ones stay with the first. */
int64_t match_split(const uint8_t *new, const uint8_t *first,
    const uint8_t *second, int64_t overlap);

#endif
