/*
 * What the patch says about the layout of the two files: regions of an
 * executable, which of them belong together, and the few addresses that the
 * scanners need.  The generator takes them from the container; applying knows
 * no container, so that a hostile one cannot reach it.
 */
#ifndef SLUICE_CORE_IMAGE_H
#define SLUICE_CORE_IMAGE_H

#include <stdbool.h>

#include "delta/core/format.h"
#include "delta/core/number.h"

#define IMAGE_REGIONS 128
#define IMAGE_GO      5 /* text, funcname, pctab, functab, gofunc */

enum region_kind {
	REGION_RAW,   /* no references */
	REGION_X86,   /* x86-64 code */
	REGION_A64,   /* AArch64 code */
	REGION_PTR64, /* aligned pointers */
	REGION_RVA32, /* aligned 32-bit distances from the image base */
	REGION_RO,    /* jump tables, pointers */
	REGION_EHF,   /* .eh_frame */
	REGION_EHHDR, /* .eh_frame_hdr */
	REGION_PCLN,  /* Go's function table */
	REGION_KINDS,
};

struct region {
	uint64_t va, off, size, mem; /* size bytes of the file, mem of memory */
	enum region_kind kind;
	int pair; /* region of the other file; -1: none */
};

/* Regions ascend by address and are disjoint, in the file as well. */
struct image {
	uint64_t base;	   /* what 32-bit distances count from */
	uint64_t low, top; /* first and last address + 1 */
	uint64_t go[IMAGE_GO];
	uint64_t file_size;
	size_t n;
	struct region at[IMAGE_REGIONS];
	uint8_t by_offset[IMAGE_REGIONS]; /* those with bytes, by offset */
	size_t n_by_offset;
};

/* The page hashes of a Mach-O signature, made anew while writing. */
struct pages {
	uint64_t slots; /* where the digests lie */
	uint64_t limit; /* bytes of the file that they cover */
	unsigned page_log;
	uint32_t count; /* 0: none */
};

struct tables {
	struct image old, new;
	struct pages pages;
	uint64_t blocks, sites;
};

/* image_check - order, bounds and overlaps; fills low, top and by_offset. */
int image_check(struct image *m, struct err *e) MUST_CHECK;

/* image_region - the region with this address (its memory); NULL: none. */
const struct region *image_region(const struct image *m, uint64_t va);

/* image_span - the region with this byte of the file, or NULL; *end: where
 * this region, or the gap between two, ends. */
const struct region *image_span(
    const struct image *m, uint64_t off, uint64_t *end);

static inline bool
image_holds(const struct image *m, uint64_t va)
{
	return va - m->low < m->top - m->low;
}

static inline bool
region_is_code(const struct region *r)
{
	return r && (r->kind == REGION_X86 || r->kind == REGION_A64);
}

/* tables_read - of the stream's bytes; sizes of the files must be set in t. */
int tables_read(struct tables *t, struct numbers *r, struct err *e) MUST_CHECK;

/* tables_write - returns bytes written, at most TABLES_MAX. */
#define TABLES_MAX 65536
size_t tables_write(const struct tables *t, uint8_t *at);

#endif
