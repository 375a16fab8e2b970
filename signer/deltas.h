/*
 * Deltas from older releases to the artifacts of a new one: deltas.c says which
 * pairs there are, deltaplan.c how each is made, deltas_run.c makes them,
 * deltas_say.c tells what came of them.
 */
#ifndef SLUICE_DELTAS_H
#define SLUICE_DELTAS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "manifest/manifest.h"
#include "signer/deltaplan.h"
#include "signer/existing.h"
#include "signer/outdir.h"
#include "signer/pieces.h"
#include "signer/versions.h"

/* What a person may ask for. */
struct deltas_ask {
	enum deltaplan_formats formats;
	int64_t memory;	  /* bytes for all that is made at once */
	int64_t time_s;	  /* of all processors; 0: no end */
	int share_bp;	  /* a release on fewer machines is no base */
	const char *list; /* file of versions; NULL: none */
};

/* deltas_ask_default - half of the machine's memory. */
struct deltas_ask deltas_ask_default(void);

/* A release that deltas may start from. */
struct deltas_base {
	const struct manifest *m;
	bool kept; /* however few machines run it */
};

/* One old file that a new one can be made from, in one format. */
struct delta_job {
	const struct piece *piece;
	const struct sums_file *sum;
	const struct manifest *from; /* NULL: a release that is not at hand */
	const char *from_version;
	const struct artifact *old;
	const char *old_path; /* local copy */
	const char *patch;    /* where it is made */
	int share_bp;	      /* of the platform's machines; -1: unknown */
	int64_t packed;	      /* bytes of the compressed full download */
	struct deltaplan_choice how;
	/* what came of it */
	int64_t size; /* 0: dropped, how.why says why */
	int64_t max_memory, ms;
	uint8_t sha256[SHA256_SIZE];
	int saving_bp;
};

struct deltas {
	struct existing *previous;
	const struct pieces *pieces;
	struct outdir *outdir;
	struct arena *arena;
	int threads;
	struct deltas_ask ask;
	const char *channel; /* "product/channel" of the list */
	struct deltas_base bases[LADDER_MAX];
	size_t nbases;
	struct versions versions;
	struct delta_job *jobs;
	size_t njobs;
};

/*
 * deltas_make - fetch the old files, make and check every delta side by side,
 * put those that are worth it into the output.
 */
int deltas_make(struct deltas *d, struct err *e) MUST_CHECK;

/* deltas_run - the making alone: fills in what came of each job that has a
 * format and a local copy of the old file. */
int deltas_run(struct deltas *d, struct err *e) MUST_CHECK;

/* deltas_of - the entries of one piece's artifact, in the arena. */
int deltas_of(const struct deltas *d, const struct piece *piece,
    const struct delta_entry **out, size_t *n, struct err *e) MUST_CHECK;

/* deltas_print - a table: what was made of each pair, or why nothing. */
void deltas_print(FILE *f, const struct deltas *d);
/* deltas_json - the same for programs; the caller releases it. */
json_t *deltas_json(const struct deltas *d);

#endif
