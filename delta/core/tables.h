/*
 * The first stream of a patch: what the two files are.
 */
#ifndef SLUICE_CORE_TABLES_H
#define SLUICE_CORE_TABLES_H

#include "delta/core/image.h"
#include "delta/core/range.h"

/* The page hashes of a Mach-O signature, made anew while writing. */
struct pages {
	uint64_t slots; /* where the digests lie */
	uint64_t limit; /* bytes of the file that they cover */
	unsigned page_log;
	uint32_t count; /* 0: none */
};

struct tables {
	struct image old, new;		      /* of the expanded files; owned */
	struct pages pages;		      /* only where new has no ranges */
	struct ranges old_ranges, new_ranges; /* owned */
	uint64_t blocks, sites;
};

/* tables_read - of the stream's bytes, into t, which is overwritten; f has the
 * sizes.  tables_done frees, after a failure as well. */
int tables_read(struct tables *t, const struct format *f, struct numbers *r,
    struct err *e) MUST_CHECK;
void tables_done(struct tables *t);

/* tables_memory - bytes that they take. */
uint64_t tables_memory(const struct tables *t);

/* tables_write - returns bytes written, at most tables_room(t).  More than
 * FORMAT_TABLES_MAX are no patch. */
size_t tables_room(const struct tables *t);
size_t tables_write(const struct tables *t, uint8_t *at);

#endif
