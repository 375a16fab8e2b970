/*
 * The ladder: hold, then blocks of offer, halt, rollback to each good release.
 * A compact description from which versions, meanings and moves follow.
 */
#ifndef SLUICE_LADDER_H
#define SLUICE_LADDER_H

#include <stdbool.h>
#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

#define LADDER_MAX    32 /* rungs */
#define LADDER_BLOCKS 4	 /* default; 1 with --no-lift */
#define LADDER_GOOD   3	 /* default K */
/* the greatest m whose whole ladder fits 31 bits */
#define LADDER_M_MAX ((INT32_MAX - (LADDER_MAX - 1)) / LADDER_MAX)

enum rung_kind {
	RUNG_HOLD,
	RUNG_OFFER,
	RUNG_HALT,
	RUNG_ROLLBACK
};
const char *rung_kind_name(enum rung_kind k);

struct ladder {
	int64_t m; /* snapshot and targets version = 32 m + index */
	int nblocks;
	int ngood; /* rollback rungs per block, 0.. */
	int64_t offer_seq;
	int64_t fallback_seq;	      /* 0: none */
	int64_t good_seq[LADDER_MAX]; /* newest first, ngood entries */
};

/* ladder_check - bounds: 1 + nblocks (2 + ngood) <= 32, good_seq descending
 * and below offer_seq, fallback_seq is good_seq[0] (with ngood 0: 0, or a
 * release that the floor forbids to go back to), version fits. */
int ladder_check(const struct ladder *l, struct err *e) MUST_CHECK;

int ladder_rungs(const struct ladder *l);
enum rung_kind ladder_kind(const struct ladder *l, int index);
/* ladder_block - 0..nblocks-1; -1 for hold. */
int ladder_block(const struct ladder *l, int index);
/* ladder_seq - the release that the rung names; 0: none. */
int64_t ladder_seq(const struct ladder *l, int index);
int64_t ladder_version(const struct ladder *l, int index);
/* ladder_index - the rung of a snapshot version; -1: of another publication.*/
int ladder_index(const struct ladder *l, int64_t version);

/*
 * ladder_same - two rungs mean the same to a client: both hold or halt, both
 * offer, or both rollback to the same release.
 */
bool ladder_same(const struct ladder *l, int a, int b);

/* ladder_rung - index of (block, kind; seq for rollback); -1: none. */
int ladder_rung(
    const struct ladder *l, int block, enum rung_kind kind, int64_t seq);

/* ladder_next - the lowest rung >= from of a kind (and seq, for rollback); -1*/
int ladder_next(
    const struct ladder *l, int from, enum rung_kind kind, int64_t seq);

/* ladder_lists - whether seq is among n release numbers (the good ones of a
 * ladder, those withdrawn, those pinned). */
bool ladder_lists(const int64_t *list, int n, int64_t seq);

/* ladder_m - m of a new publication: the later of previous + 1 (previous 0:
 * none) and Unix minutes. */
int64_t ladder_m(int64_t previous_m, int64_t now_s);
/* ladder_round - the same for timestamps; version = 32 round + index. */
int64_t ladder_round(int64_t previous_round, int64_t now_s);

#endif
