/*
 * A pair of files with what is packed in them unpacked: what a patch is made
 * between.  And the parts of such a file, among which there may be executables.
 */
#ifndef SLUICE_UNPACKED_H
#define SLUICE_UNPACKED_H

#include "delta/container.h"
#include "delta/core/range.h"

struct unpacked {
	struct bytes file;    /* borrowed: as it is */
	struct entries list;  /* of the file; owned */
	struct ranges ranges; /* owned */
	struct bytes bytes;   /* with the ranges unpacked; file without any */
	uint8_t *own;	      /* those, if there are ranges; owned */
	struct entries parts; /* of bytes; owned; the file first, as "" */
};

/* unpacked_most - the bytes that a file can become, by what its archives say. */
uint64_t unpacked_most(struct bytes file);

/*
 * unpacked_plan - which streams of the two files to unpack: file must be set
 * in both, the rest zero.  Fills list, ranges and bytes.len.
 *
 * Of new those that no stream of old is equal to, and that can be packed again
 * to the same bytes; of old their counterparts.  Everything else stays as it
 * is: then both are packed, or nothing is gained.
 *
 * memory_max as of delta_make: ERR_LIMIT where looking at a stream takes more.
 */
int unpacked_plan(struct unpacked *old, struct unpacked *new,
    int64_t memory_max, struct err *e) MUST_CHECK;

/* unpacked_fill - bytes and parts. */
int unpacked_fill(struct unpacked *u, struct err *e) MUST_CHECK;

void unpacked_done(struct unpacked *u);

#endif
