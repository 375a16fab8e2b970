/*
 * BSDIFF40, Colin Percival's patch format:
 *
 *	0   8  "BSDIFF40"
 *	8   8  length of the control stream
 *	16  8  length of the diff stream
 *	24  8  size of the new file
 *	32     control, diff and extra stream, each a bzip2 stream
 *
 * A number is 8 bytes, little-endian, the top bit being the sign.  The control
 * stream is a list of triples: add so many bytes of the diff stream to those
 * of the old file; take so many of the extra stream; move in the old file.
 */
#ifndef SLUICE_BSDIFF_H
#define SLUICE_BSDIFF_H

#include <stdint.h>

#include "delta/delta.h"

#define BSDIFF_HEADER 32
#define BSDIFF_NUMBER 8

struct bsdiff_header {
	int64_t control_len, diff_len, extra_len, new_size;
};

struct bsdiff_triple {
	int64_t add, extra, seek;
};

int64_t bsdiff_number_read(const uint8_t at[static BSDIFF_NUMBER]);
void bsdiff_number_write(uint8_t at[static BSDIFF_NUMBER], int64_t n);

/* bsdiff_header_read - ERR_INPUT unless the parts fill the file. */
int bsdiff_header_read(
    int fd, struct bsdiff_header *out, struct err *e) MUST_CHECK;

/*
 * bsdiff_triple_check - the rules that hold for each triple before anything is
 * done: no negative length, the new file is not passed, add and seek stay in
 * the old file (old_size INT64_MAX: not known), something moves.  Adds it to the progress.
 */
struct bsdiff_progress {
	int64_t old_size, new_size; /* bounds */
	int64_t old_at, new_at;
	int64_t added, idle; /* bytes by diff; triples that made nothing */
};
int bsdiff_triple_check(struct bsdiff_progress *p,
    const struct bsdiff_triple *t, struct err *e) MUST_CHECK;

/* The three functions behind delta.h, see there. */
int bsdiff_make(const struct delta_make *d, struct err *e) MUST_CHECK;
int bsdiff_apply(const struct delta_apply *d, struct err *e) MUST_CHECK;
int bsdiff_inspect(int fd, struct buf *out, struct err *e) MUST_CHECK;
int64_t bsdiff_make_memory(int64_t old_size, int64_t new_size);
int64_t bsdiff_patch_memory(int fd, struct err *e) MUST_CHECK;
int64_t bsdiff_apply_memory(int64_t old_size, int64_t new_size);

#endif
