/*
 * For tests of ranges: two files with a deflated part each, and the patch
 * between them, put together by hand.
 */
#ifndef SLUICE_TESTS_RANGE_WORLD_H
#define SLUICE_TESTS_RANGE_WORLD_H

#include <stddef.h>
#include <stdint.h>

#include "delta/core/tables.h"
#include "manifest/base/arena.h"
#include "manifest/base/buf.h"
#include "manifest/base/err.h"

#define RANGE_EDGE 100 /* bytes before and after the range */

/* Old and new: noise, a stream of deflate, noise.  A block makes all of the
 * expanded new file but for what follows it. */
struct range_world {
	struct buf old, new, content, literal;
	struct buf patch;
	struct tables t;
	struct format f;
	uint64_t block; /* bytes of it */
	uint64_t less;	/* than the memory that it takes */
};

/* range_world_init - old: a content of so many bytes by level 1; new: the same
 * and a line more, by these, one of zlib's.  range_world_done frees. */
void range_world_init(struct range_world *w, size_t bytes, unsigned level,
    enum deflate_family family);
void range_world_done(struct range_world *w);
#define AUTO_RANGE_WORLD CLEANUP(range_world_done) struct range_world

/* range_world_pack - deflate by zlib itself, fed differently than the core
 * does; how many bytes.  range_world_edge - RANGE_EDGE bytes of noise. */
size_t range_world_pack(
    struct buf *out, struct bytes in, int level, int memory);
void range_world_edge(struct buf *out, uint32_t seed);

/* range_world_assemble - the patch of what is there now, all streams stored;
 * range_world_apply - that, and what comes of applying it. */
void range_world_assemble(struct range_world *w);
enum err_kind range_world_apply(struct range_world *w, struct err *e);

#endif
