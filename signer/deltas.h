/*
 * Deltas from older releases to the artifacts of a new one.
 */
#ifndef SLUICE_DELTAS_H
#define SLUICE_DELTAS_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/manifest.h"
#include "signer/outdir.h"
#include "signer/pieces.h"
#include "signer/previous.h"

#define DELTAS_SAVE_BP 2000 /* one that saves less is dropped */

/* One old file that a new one can be made from. */
struct delta_job {
	const struct piece *piece;
	const struct sums_file *sum;
	const struct manifest *from;
	const struct artifact *old;
	const char *old_path; /* local copy; NULL: the source has none */
	const char *patch;    /* where it is made */
	/* what came of it */
	int64_t size; /* 0: dropped */
	uint8_t sha256[SHA256_SIZE];
	char why[160]; /* why it was dropped */
};

struct deltas {
	struct previous *previous;
	const struct pieces *pieces;
	struct outdir *outdir;
	struct arena *arena;
	int threads;
	const struct manifest *from[LADDER_MAX]; /* newest first */
	size_t nfrom;
	struct delta_job *jobs;
	size_t njobs;
};

/*
 * deltas_make - fetch the old files, make and check every delta side by side,
 * put those that are worth it into the output.  Says on standard error what
 * was dropped and why.
 */
int deltas_make(struct deltas *d, struct err *e) MUST_CHECK;

/* deltas_of - the entries of one piece's artifact, in the arena. */
int deltas_of(const struct deltas *d, const struct piece *piece,
    const struct delta_entry **out, size_t *n, struct err *e) MUST_CHECK;

#endif
