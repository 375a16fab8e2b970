/*
 * The layout of one executable as its headers tell it: for the generator
 * alone.  A file that is none, or a damaged one, has no regions.
 */
#ifndef SLUICE_LAYOUT_H
#define SLUICE_LAYOUT_H

#include "delta/core/tables.h"
#include "manifest/base/arena.h"

#define LAYOUT_NAME 24

/* The image's only member, and its arrays, are those that follow. */
struct layout {
	struct image image;
	struct member member;
	struct region region[IMAGE_MEMBER_REGIONS];
	uint16_t by_offset[IMAGE_MEMBER_REGIONS];
	char name[IMAGE_MEMBER_REGIONS][LAYOUT_NAME]; /* of each region */
	struct pages pages;			      /* of a signed Mach-O */
};

/* layout_read - regions of a file, checked as applying checks them; false:
 * there are none. */
bool layout_read(struct layout *l, struct bytes file);

/* For the readers of headers: the region; too many are left out. */
void layout_add(struct layout *l, const struct region *r, const char *name);

/* layout_go - the tables of a Go program, if it is one (delta/layout_go.c). */
void layout_go(struct layout *l, struct bytes file);

/* Readers, false: not such a file.  They add regions in any order. */
bool elf_layout(struct layout *l, struct bytes file);
bool pe_layout(struct layout *l, struct bytes file);
bool macho_layout(struct layout *l, struct bytes file);

static inline uint16_t
layout_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

/* layout_inside - n bytes at off lie in the file. */
static inline bool
layout_inside(struct bytes file, uint64_t off, uint64_t n)
{
	return off <= file.len && n <= file.len - off;
}

#endif
