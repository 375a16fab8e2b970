/*
 * What deltas are worth making: pure decisions over sizes, shares and budgets.
 * deltas.c gathers what they need and acts on them.
 */
#ifndef SLUICE_DELTAPLAN_H
#define SLUICE_DELTAPLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

#define DELTAPLAN_SAVE_BP  2000 /* one that saves less is dropped */
#define DELTAPLAN_SHARE_BP 100	/* releases below are no bases */
#define DELTAPLAN_WHY	   160

enum deltaplan_formats {
	DELTAPLAN_SLUICE, /* bsdiff40 where memory is too small for it */
	DELTAPLAN_BSDIFF40,
	DELTAPLAN_BOTH,
};

/* deltaplan_formats_read - "sluice", "bsdiff40" or "both". */
int deltaplan_formats_read(
    const char *text, enum deltaplan_formats *out, struct err *e) MUST_CHECK;

/* deltaplan_ending - what the name of a patch of this format ends in. */
const char *deltaplan_ending(const char *format);

/*
 * deltaplan_base - whether deltas start from this release: kept is one of the
 * newest (the offer before, the good ones), share_bp its share of the machines
 * of the platform, -1 where nobody counted.
 */
bool deltaplan_base(bool kept, int share_bp, int least_bp);

/*
 * deltaplan_format - the format of a pair's nth delta (from 0) within memory
 * bytes.  False: there is no nth.  format NULL: nothing fits; why then says so,
 * and also when it is not the one that was asked for ("" otherwise).
 */
struct deltaplan_choice {
	const char *format;
	int64_t memory; /* that making takes */
	char why[DELTAPLAN_WHY];
};
struct deltaplan_pair {
	int64_t old_size, new_size;
	int64_t native; /* memory for the native format (delta_file_memory) */
	int64_t memory;
	enum deltaplan_formats formats;
};
bool deltaplan_format(
    const struct deltaplan_pair *p, int nth, struct deltaplan_choice *out);

/* deltaplan_saving_bp - how much less a patch is than the compressed file;
 * below 0 where it is more. */
int deltaplan_saving_bp(int64_t patch_size, int64_t packed_size);

/*
 * deltaplan_in_time - whether to begin another pair: what was spent and what
 * is under way leave time for it, going by the speed so far.
 */
struct deltaplan_time {
	int64_t budget_ms; /* 0: no end */
	int64_t spent_ms;
	int64_t done;	 /* bytes that spent_ms made */
	int64_t running; /* bytes of pairs under way */
};
bool deltaplan_in_time(const struct deltaplan_time *t, int64_t next);

/*
 * deltaplan_side_by_side - how many of n pairs to work on at once: as many as
 * threads, as far as so many of the largest fit the memory; at least one.
 */
int deltaplan_side_by_side(
    const int64_t *need, size_t n, int threads, int64_t memory);

#endif
