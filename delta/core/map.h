/*
 * Where things went: the blocks of a patch turned into a map of addresses.
 */
#ifndef SLUICE_CORE_MAP_H
#define SLUICE_CORE_MAP_H

#include "delta/core/tables.h"

/* len bytes of new that are made from len bytes of old. */
struct block {
	uint64_t new, old, len;
};

struct map {
	const struct tables *tables; /* borrowed */
	struct block *at;	     /* owned; ascending and disjoint in old */
	size_t n;
	uint32_t *index; /* owned; intervals that begin before each page */
};

/* map_memory - bytes that a map takes, and map_sort_memory those that map_init
 * takes for a while at most. */
uint64_t map_memory(uint64_t blocks, uint64_t old_size);
uint64_t map_sort_memory(uint64_t blocks);

/*
 * map_init - of n < 2^32 blocks, which lie inside the files.  Where two share
 * bytes of old the longer one keeps them.  map_done frees.
 */
int map_init(struct map *m, const struct block *blocks, size_t n,
    const struct tables *t, struct err *e) MUST_CHECK;
void map_done(struct map *m);

/* map_address - where an address of the old image is in the new one. */
uint64_t map_address(const struct map *m, uint64_t va);

#endif
