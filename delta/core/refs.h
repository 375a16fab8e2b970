/*
 * What the new value of a reference may be: the map says where the target
 * went; corrections that were needed so far say more.  Used in the same way,
 * in the same order, by whoever makes a patch and whoever applies it.
 */
#ifndef SLUICE_CORE_REFS_H
#define SLUICE_CORE_REFS_H

#include "delta/core/a64.h"
#include "delta/core/map.h"
#include "delta/core/sites.h"

/* What is right where the first guess is not. */
enum refs_choice {
	REFS_MAPPED,   /* as the map says */
	REFS_NEAR,     /* moved as the last corrected target near it */
	REFS_SAME,     /* the field did not change */
	REFS_EXPLICIT, /* first guess + a number */
	REFS_RAW,      /* the bytes of the field follow, see refs_raw */
	REFS_CHOICES,
};

struct refs_entry {
	uint64_t target, actual;
};

struct refs {
	const struct map *map;
	const struct sites *old;
	struct refs_entry *learned; /* owned */
	/* owned; a bit for each entry that holds something: most do not, and
	 * the bits stay where the processor finds them soon */
	uint64_t *used;
	unsigned bits;
	uint64_t *near;	   /* owned; shift by hash of the address / 512 */
	uint64_t page[32]; /* AArch64: what ADRP put into each register */
	uint64_t
	    function; /* that the present page of __unwind_info begins with */
};

uint64_t refs_memory(uint64_t old_size);
int refs_init(struct refs *r, const struct map *map, const struct sites *old,
    struct err *e) MUST_CHECK;
void refs_done(struct refs *r);

/* One reference on its way from old to new. */
struct ref {
	enum site_kind kind;
	unsigned width;
	uint64_t va;	 /* of the field, in new */
	uint64_t anchor; /* new target = anchor + value */
	uint64_t target; /* in old */
	uint64_t first;	 /* the guess */
	uint64_t mapped; /* by the map; after refs_map */
	uint32_t word;	 /* AArch64 and .reloc: the old field, */
	struct a64 a64;
};

/* refs_begin - fill x and guess: x->first.  off_new is where it comes to. */
void refs_begin(struct refs *r, const struct region *region,
    const struct site *site, uint64_t off_new, struct ref *x);

/* refs_map - fill x->mapped, before one looks at a choice. */
void refs_map(const struct refs *r, struct ref *x);

/* refs_near - the guess by the last correction; false: there was none. */
bool refs_near(const struct refs *r, const struct ref *x, uint64_t *target);

/* refs_put - the field, x->width bytes, for a target. */
void refs_put(const struct ref *x, uint64_t target, uint8_t *out);

/* refs_hit, refs_miss - take note of the bytes that the field has in new;
 * refs_miss also where it was not the first guess (not for REFS_SAME). */
void refs_hit(struct refs *r, const struct ref *x, const uint8_t *field);
void refs_miss(struct refs *r, const struct ref *x, const uint8_t *field);

/* refs_raw - refs_miss after REFS_RAW, which a page of __unwind_info begins
 * with: the guess was right, but not what it counts from. */
void refs_raw(struct refs *r, const struct ref *x, const uint8_t *field);

#endif
