/*
 * References in a file: where they stand, and what they point to.  The scan
 * depends on the bytes and on the region table only, so that both sides of a
 * patch find the same ones.  A wrong one costs bytes, never correctness.
 *
 * Two bytes for each: kind, and place in a page of 2 KiB.
 */
#ifndef SLUICE_CORE_SITES_H
#define SLUICE_CORE_SITES_H

#include "delta/core/image.h"

enum site_kind {
	SITE_X86,   /* the distance from the end of the instruction, */
	SITE_X86_1, /* which is so many bytes after the field */
	SITE_X86_2,
	SITE_X86_4,
	SITE_PTR64,
	SITE_RVA32, /* from the member's base */
	SITE_PC32,  /* from the field */
	SITE_PC64,
	SITE_REGION, /* 32 bits from the region's start */
	SITE_TABLE,  /* 32 bits from the jump table's start */
	SITE_A64,    /* an instruction, see core/a64.h */
	SITE_FRAME,  /* 24 bits from the member's .eh_frame */
	SITE_UNWIND, /* 24 bits from the function that its page begins with */
	SITE_RELOC,  /* the low 12 of 16 bits, from its block's page */
	SITE_PAGE,   /* that page: of the first such field of the block */
	SITE_GO,     /* 32 bits from member.go[0..4] */
	SITE_KINDS = SITE_GO + IMAGE_GO,
};

#define SITE_PAGE_LOG 11

struct sites {
	const uint8_t *bytes; /* borrowed: the file */
	const struct image *image;
	uint16_t *entry; /* owned; kind << 11 | place in its page */
	size_t n, room;
	size_t max; /* the scan fails when there are more */
	/* for each region with bytes: its pages' first entries, one more */
	uint32_t *page;	    /* owned */
	size_t *first_page; /* owned; by region */
	/* for each RO region: which aligned words code takes the address of;
	 * for each RELOC region: at which a block begins */
	uint64_t *base;	    /* owned */
	size_t *first_base; /* owned; by region */
	/* the scan of one region */
	const struct region *region;
	const struct member *member; /* whose it is */
	size_t pages;		     /* begun */
	uint64_t free;		     /* offset from which sites may stand */
	bool failed;		     /* no memory, or more than max */
};

struct site {
	uint64_t off;
	enum site_kind kind;
};

/* sites_memory - bytes beside the entries. */
uint64_t sites_memory(const struct image *m);

/*
 * sites_scan - find all; bytes and image must outlive s.  ERR_INPUT when there
 * are more than max.  sites_done frees, after a failure as well.
 */
int sites_scan(struct sites *s, const uint8_t *bytes, const struct image *m,
    size_t max, struct err *e) MUST_CHECK;
void sites_done(struct sites *s);

/* For the scanners: a site at an offset of the present region (one that
 * overlaps an earlier one is left out); an address that code takes. */
void sites_add(struct sites *s, uint64_t off, enum site_kind kind);
void sites_base(struct sites *s, uint64_t va);
/* The same for an address in the present region, which a block begins at. */
void sites_block(struct sites *s, uint64_t va);

/* sites_table - the greatest such address at or below va, of its region: what
 * code takes, or where a block begins. */
uint64_t sites_table(
    const struct sites *s, const struct region *r, uint64_t va);

/* Sites of one region in ascending order, from an offset on. */
struct site_cursor {
	const struct sites *s;
	const uint32_t *page;
	uint64_t page_off;   /* where the page begins in the file */
	size_t i, end, left; /* entry, end of the page's, pages after it */
};
void site_seek(struct site_cursor *c, const struct sites *s,
    const struct region *r, uint64_t off);
bool site_peek(struct site_cursor *c, struct site *out);
static inline void
site_skip(struct site_cursor *c)
{
	c->i++;
}

static inline unsigned
site_width(enum site_kind k)
{
	switch ((int)k) {
	case SITE_PTR64:
	case SITE_PC64:
		return 8;
	case SITE_FRAME:
	case SITE_UNWIND:
		return 3;
	case SITE_RELOC:
		return 2;
	default:
		return 4;
	}
}

/* site_value - what a field says, which counts from its anchor. */
uint64_t site_value(enum site_kind k, const uint8_t *at);

/*
 * site_anchor - what a field's value counts from at address va of region r of
 * member m, either of which may be NULL: target = anchor + value.  Not for
 * SITE_TABLE, SITE_A64 and SITE_UNWIND; in new, where the page is not known,
 * SITE_RELOC and SITE_PAGE count from the member's base.
 */
uint64_t site_anchor(const struct member *m, const struct region *r,
    enum site_kind k, uint64_t va);

/* site_target - what a site of the scanned file points to. */
uint64_t site_target(
    const struct sites *s, const struct region *r, const struct site *site);

#endif
