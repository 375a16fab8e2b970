/*
 * A block, piece by piece: references, aligned words of data, and bytes.  Both
 * sides of a patch walk in the same way.
 */
#ifndef SLUICE_CORE_WALK_H
#define SLUICE_CORE_WALK_H

#include "delta/core/sites.h"

enum walk_kind {
	WALK_BYTES,
	WALK_WORDS, /* len is a multiple of four, the address as well */
	WALK_SITE,  /* len bytes of a reference */
};

struct walk_item {
	enum walk_kind kind;
	uint64_t off, len; /* in old */
	struct site site;
	const struct region *region; /* of the site */
};

struct walk {
	const struct sites *sites;
	uint64_t at, end;	     /* of the block */
	uint64_t span;		     /* where the present region or gap ends */
	uint64_t plain;		     /* no reference before it */
	const struct region *region; /* NULL: none */
	struct site_cursor cursor;
	struct site next; /* at plain, if has_next */
	bool has_next;
};

void walk_begin(
    struct walk *w, const struct sites *old, uint64_t off, uint64_t len);

/* walk_next - false: the block is at its end. */
bool walk_next(struct walk *w, struct walk_item *item);

#endif
