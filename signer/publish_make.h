/*
 * A publication in the making: what publish_make.c and its steps share.
 */
#ifndef SLUICE_PUBLISH_MAKE_H
#define SLUICE_PUBLISH_MAKE_H

#include "signer/deltas.h"
#include "signer/outdir.h"
#include "signer/publish.h"

struct making {
	struct publish *p;
	struct existing prev;
	struct publish_decision d;
	struct keyring ring;
	struct outdir outdir;
	struct pieces pieces;
	struct deltas deltas;
	struct role lowered; /* root with thresholds of 1, for --partial */
	struct arena *a;
	struct err *e;
};

/* publish_keys - unlock the keys; root must name them, enough of them. */
int publish_keys(struct making *k) MUST_CHECK;

/* publish_files_list - the files of the command line: they are there and fit;
 * nothing is read of them yet. */
int publish_files_list(struct making *k) MUST_CHECK;

/* publish_files_read - their digests, and the key that will sign them. */
int publish_files_read(struct making *k) MUST_CHECK;

/*
 * publish_files_drop - a platform that the release has already must bring the
 * same bytes; it is then left as it was signed.
 */
int publish_files_drop(struct making *k) MUST_CHECK;

/* publish_files_deltas - from the offer before and the good releases. */
int publish_files_deltas(struct making *k) MUST_CHECK;

/* publish_files_fill - put the files into the offer's manifest. */
int publish_files_fill(struct making *k) MUST_CHECK;

/* publish_files_carry - files of older releases, where they can be had without
 * the network, or all of them when they were asked for. */
int publish_files_carry(
    struct making *k, const struct publication *pub) MUST_CHECK;

#endif
