/*
 * What the scan of old finds in tables of executables: the fields, and where
 * they point to.
 */
#include "delta/core/sites.h"

#include <string.h>

#include "tests/tap.h"

#define CODE   0x1000 /* addresses without the base */
#define TABLE  0x2000
#define FRAMES 0x3000
#define BASE   0x100000000
#define SIZE   256 /* of each region, one after the other */

struct found {
	uint64_t place; /* in the table */
	enum site_kind kind;
	uint64_t target; /* from the base */
};

/* A file of one member: code, the table, and .eh_frame. */
struct sample {
	uint8_t file[3 * SIZE];
	struct image image;
	struct member member;
	struct region region[3];
	uint16_t by_offset[3];
	struct sites sites;
};

static void
sample_init(
    struct sample *s, enum region_kind code, enum region_kind table, uint64_t k)
{
	static const uint64_t va[] = { CODE, TABLE, FRAMES };
	const enum region_kind kind[] = { code, table, REGION_EHF };
	struct err e;
	size_t i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < COUNT(va); i++)
		s->region[i] = (struct region){ .va = BASE + va[i] + k,
			.off = i * SIZE,
			.size = SIZE,
			.mem = SIZE,
			.kind = kind[i],
			.pair = -1 };
	s->member = (struct member){ .base = BASE, .n = COUNT(va), .pair = -1 };
	s->image = (struct image){ .file_size = sizeof(s->file),
		.member = &s->member,
		.members = 1,
		.at = s->region,
		.n = COUNT(va),
		.by_offset = s->by_offset };
	CHECK_INT(image_check(&s->image, &e), 0);
}

static void
fill(struct sample *s, uint64_t at, const uint32_t *word, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		number_put_u32(s->file + SIZE + at + 4 * i, word[i]);
}

/* The scan finds these in the table, and nothing else. */
static void
finds(struct sample *s, const struct found *want, size_t n)
{
	const struct region *r = &s->region[1];
	struct site_cursor c;
	struct site site;
	struct err e;
	size_t i = 0;

	CHECK_INT(sites_scan(&s->sites, s->file, &s->image, SIZE_MAX, &e), 0);
	site_seek(&c, &s->sites, r, r->off);
	for (; site_peek(&c, &site); site_skip(&c), i++) {
		if (!CHECK(i < n))
			break;
		if (!CHECK_INT(site.off - r->off, want[i].place) ||
		    !CHECK_INT(site.kind, want[i].kind) ||
		    !CHECK_INT(site_target(&s->sites, r, &site) - BASE,
			want[i].target))
			tap_note("reference %zu", i);
	}
	CHECK_INT(i, n);
	sites_done(&s->sites);
}

/* One personality, three functions in two pages, an exception table. */
static const uint32_t unwind[] = { 1, 0, 0, 28, 1, 32, 3,   /* header */
	FRAMES + 8,					    /* personality */
	CODE, 76, 68, CODE + 32, 100, 68, CODE + 64, 0, 76, /* index */
	CODE + 4, TABLE + 200,				    /* table */
	2, 8 | 2 << 16, CODE, 0x53000010, CODE + 8, 0x02001000,
	/* two functions; the second is in no region; an encoding */
	3, 12 | 3 << 16, 24 | 1 << 16, 0x00000000, 0x0100000c, 0x00ff0000,
	0x03000020 };

static const struct found in_unwind[] = { { 28, SITE_RVA32, FRAMES + 8 },
	{ 32, SITE_RVA32, CODE }, { 44, SITE_RVA32, CODE + 32 },
	{ 56, SITE_RVA32, CODE + 64 }, { 68, SITE_RVA32, CODE + 4 },
	{ 72, SITE_RVA32, TABLE + 200 }, { 84, SITE_RVA32, CODE },
	{ 88, SITE_FRAME, FRAMES + 16 }, { 92, SITE_RVA32, CODE + 8 },
	{ 112, SITE_UNWIND, CODE + 32 }, { 116, SITE_UNWIND, CODE + 44 },
	{ 124, SITE_FRAME, FRAMES + 32 } };

static void
functions_of_unwind_info_are_found(void)
{
	struct sample s;

	sample_init(&s, REGION_A64, REGION_UNWIND, 0);
	fill(&s, 0, unwind, COUNT(unwind));
	finds(&s, in_unwind, COUNT(in_unwind));
}

/* On x86-64 another mode says that .eh_frame has it. */
static void
the_mode_is_that_of_the_processor(void)
{
	struct found want[COUNT(in_unwind)];
	struct sample s;
	size_t i, n = 0;

	for (i = 0; i < COUNT(in_unwind); i++)
		if (in_unwind[i].kind != SITE_FRAME)
			want[n++] = in_unwind[i];
	sample_init(&s, REGION_X86, REGION_UNWIND, 0);
	fill(&s, 0, unwind, COUNT(unwind));
	finds(&s, want, n);
	number_put_u32(s.file + SIZE + 88, 0x54000010);
	memmove(want + 8, want + 7, (n++ - 7) * sizeof(*want));
	want[7] = in_unwind[7];
	finds(&s, want, n);
}

static void
unwind_info_at_an_odd_address_has_none(void)
{
	struct sample s;

	sample_init(&s, REGION_A64, REGION_UNWIND, 2);
	fill(&s, 0, unwind, COUNT(unwind));
	finds(&s, NULL, 0);
}

static void
pointers_of_relocations_are_found(void)
{
	static const uint32_t blocks[] = { CODE, 16, 0x3010a008, 0x00000040,
		TABLE, 8, FRAMES, 12, 0xafffa0f8, 0, 0 };
	static const struct found want[] = { { 0, SITE_PAGE, CODE + 8 },
		{ 8, SITE_RELOC, CODE + 8 }, { 10, SITE_RELOC, CODE + 16 },
		{ 24, SITE_PAGE, FRAMES + 0xf8 },
		{ 32, SITE_RELOC, FRAMES + 0xf8 } };
	struct sample s;

	sample_init(&s, REGION_X86, REGION_RELOC, 0);
	fill(&s, 0, blocks, COUNT(blocks));
	finds(&s, want, COUNT(want));
	/* from the first address that is a multiple of 4 on */
	sample_init(&s, REGION_X86, REGION_RELOC, 1);
	fill(&s, 3, blocks, COUNT(blocks));
	CHECK_INT(s.file[SIZE + 4], CODE >> 8);
	finds(&s,
	    (struct found[]){ { 3, SITE_PAGE, CODE + 8 },
		{ 11, SITE_RELOC, CODE + 8 }, { 13, SITE_RELOC, CODE + 16 },
		{ 27, SITE_PAGE, FRAMES + 0xf8 },
		{ 35, SITE_RELOC, FRAMES + 0xf8 } },
	    5);
}

static const struct tap_test tests[] = {
	TAP(functions_of_unwind_info_are_found),
	TAP(the_mode_is_that_of_the_processor),
	TAP(unwind_info_at_an_odd_address_has_none),
	TAP(pointers_of_relocations_are_found),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
