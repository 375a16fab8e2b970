/*
 * The bytes that a publication names, held against what was signed.
 */
#ifndef SLUICE_CHECK_H
#define SLUICE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest/publication.h"
#include "signer/source.h"

struct check {
	const struct publication *pub;
	struct source *source; /* a folder */
	int threads;
	bool complete; /* files of older releases must be there too */
	bool deltas;   /* apply each delta whose old file is there */
	/* what was found */
	size_t files, absent, applied, unapplied;
	int64_t bytes;
};

/*
 * check_run - every file that is there has the signed digest; every file of
 * the offer is there; deltas give the promised bytes.  ERR_AUTH for wrong
 * bytes, ERR_MISSING for a file that must be there.
 */
int check_run(struct check *c, struct arena *a, struct err *e) MUST_CHECK;

/* check_timestamp - if the folder has a timestamp.json: it is signed, names a
 * rung of this publication, and has not expired.  1, or 0 without one. */
int check_timestamp(const struct check *c, int64_t now_s, struct arena *a,
    struct err *e) MUST_CHECK;

#endif
