/*
 * What the patch says about the layout of the two files: the executables in
 * each, their regions, which of them belong together, and the few addresses
 * that the scanners need.  The generator takes them from the containers;
 * applying knows no container, so that a hostile one cannot reach it.
 */
#ifndef SLUICE_CORE_IMAGE_H
#define SLUICE_CORE_IMAGE_H

#include <stdbool.h>

#include "delta/core/format.h"
#include "delta/core/number.h"

#define IMAGE_MEMBERS	     1024
#define IMAGE_MEMBER_REGIONS 128
#define IMAGE_REGIONS	     4096 /* of all members */
#define IMAGE_GO	     5	  /* text, funcname, pctab, functab, gofunc */

/*
 * Each member has addresses of its own, below 2^48.  Member k's begin at k
 * times that, its bias: so all regions ascend in one space, and an address
 * says whose it is.  Every address in these structures has its bias.
 */
#define IMAGE_SPACE_LOG 48

enum region_kind {
	REGION_RAW,    /* no references */
	REGION_X86,    /* x86-64 code */
	REGION_A64,    /* AArch64 code */
	REGION_PTR64,  /* aligned pointers */
	REGION_RVA32,  /* aligned 32-bit distances from the member's base */
	REGION_RO,     /* jump tables, pointers */
	REGION_EHF,    /* .eh_frame */
	REGION_EHHDR,  /* .eh_frame_hdr */
	REGION_PCLN,   /* Go's function table */
	REGION_UNWIND, /* __unwind_info */
	REGION_RELOC,  /* .reloc */
	REGION_KINDS,
};

struct region {
	uint64_t va, off, size, mem; /* size bytes of the file, mem of memory */
	enum region_kind kind;
	int pair; /* region of the other file; -1: none */
};

/* An executable in the file, or the file itself. */
struct member {
	uint64_t bias;
	uint64_t base;	   /* what 32-bit distances count from */
	uint64_t low, top; /* first and last address + 1 */
	uint64_t frames;   /* its first .eh_frame; the bias: none */
	uint64_t go[IMAGE_GO];
	size_t first, n; /* its regions */
	int pair;	 /* member of the other file; -1: none */
};

/* Regions ascend by address, member by member, and are disjoint, in the file
 * as well. */
struct image {
	uint64_t file_size; /* of the expanded file */
	struct member *member;
	size_t members;
	struct region *at;
	size_t n;
	uint16_t *by_offset; /* regions with bytes, by offset; as many as at */
	size_t n_by_offset;
};

/* image_room - zeroed arrays for so many; no pairs.  members and n are set.
 * image_done frees arrays that image_room or image_read made. */
int image_room(
    struct image *m, size_t members, size_t regions, struct err *e) MUST_CHECK;
void image_done(struct image *m);

/* image_memory - bytes that image_room takes. */
uint64_t image_memory(const struct image *m);

/* image_check - counts, order, bounds and overlaps; fills low, top and
 * by_offset.  bias, base, first and n of the members must be set. */
int image_check(struct image *m, struct err *e) MUST_CHECK;

/* image_region - the region with this address (its memory); NULL: none. */
const struct region *image_region(const struct image *m, uint64_t va);

/* image_span - the region with this byte of the file, or NULL; *end: where
 * this region, or the gap between two, ends. */
const struct region *image_span(
    const struct image *m, uint64_t off, uint64_t *end);

/* image_member - whose region it is. */
static inline const struct member *
image_member(const struct image *m, const struct region *r)
{
	return &m->member[r->va >> IMAGE_SPACE_LOG];
}

static inline bool
member_holds(const struct member *m, uint64_t va)
{
	return va - m->low < m->top - m->low;
}

static inline bool
region_is_code(const struct region *r)
{
	return r && (r->kind == REGION_X86 || r->kind == REGION_A64);
}

/* region_address - of an offset; outside the regions offsets are addresses. */
static inline uint64_t
region_address(const struct region *r, uint64_t off)
{
	return r ? r->va + (off - r->off) : off;
}

/* image_read - from the tables, checked; file_size must be set. */
int image_read(struct image *m, struct numbers *r, struct err *e) MUST_CHECK;

/* image_write - returns bytes written, at most image_room_written(m). */
size_t image_room_written(const struct image *m);
size_t image_write(const struct image *m, uint8_t *at);

#endif
