/*
 * Ranges: parts of a file that are one raw deflate stream each (RFC 1951), such
 * as the members of a zip or what gzip has packed.  A file whose ranges are
 * replaced by their content is "expanded"; blocks, references and regions are
 * of the expanded files.
 */
#ifndef SLUICE_CORE_RANGE_H
#define SLUICE_CORE_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "delta/core/deflate.h"
#include "delta/core/number.h"

#define RANGE_MAX 65536 /* of a file */

struct range {
	uint64_t at, raw;	    /* content in the expanded file */
	uint64_t packed_at, packed; /* old: the stream in the file as it is */
	struct deflate_how how;	    /* new: what made the stream */
};

/* They ascend and are disjoint. */
struct ranges {
	struct range *at; /* owned */
	size_t n;
};

/* ranges_room - for n ranges, zeroed; ranges_done frees. */
int ranges_room(struct ranges *r, size_t n, struct err *e) MUST_CHECK;
void ranges_done(struct ranges *r);

/* ranges_memory - bytes that so many take. */
uint64_t ranges_memory(const struct ranges *r);

/* ranges_read_old, ranges_read_new - from the tables; ERR_INPUT where they do
 * not make `expanded` bytes of `size` ones, or lie outside the file. */
int ranges_read_old(struct ranges *r, struct numbers *in, uint64_t size,
    uint64_t expanded, struct err *e) MUST_CHECK;
int ranges_read_new(struct ranges *r, struct numbers *in, uint64_t size,
    uint64_t expanded, struct err *e) MUST_CHECK;

/* ranges_write - returns bytes written, at most RANGE_BYTES for each and
 * NUMBER_MAX. */
#define RANGE_BYTES ((size_t)3 * NUMBER_MAX)
size_t ranges_write_old(const struct ranges *r, uint8_t *at);
size_t ranges_write_new(const struct ranges *r, uint8_t *at);

/*
 * ranges_place - for the generator: packed_at, packed and raw are set (of old),
 * or at in the file as it is as packed_at, packed and raw (of new): fills at.
 * Returns the size of the expanded file.
 */
uint64_t ranges_place(struct ranges *r, uint64_t size);

#endif
