/*
 * References in __unwind_info (LLVM, compact_unwind_encoding.h): an index of
 * functions and the pages that say how the functions from there on are unwound,
 * exception tables, and those pages, of two kinds.
 */
#include "delta/core/scan.h"

#define HEADER	       28
#define INDEX_ENTRY    12 /* function, page, exception tables */
#define PAGE_MIN       12
#define REGULAR	       2 /* entries of function and encoding */
#define COMPRESSED     3 /* entries of function and number of an encoding */
#define H_PERSONAL     12
#define H_INDEX	       20
#define MODE_DWARF_X86 4 /* the encoding's low 24 bits are a place in */
#define MODE_DWARF_A64 3 /* .eh_frame */

struct unwind {
	struct sites *s;
	const uint8_t *bytes; /* of the region */
	uint64_t size;
	const uint8_t *index;
	uint64_t pages; /* entries of it that have a page */
	uint32_t dwarf; /* mode of an encoding; 0: there is no .eh_frame */
};

/* n entries of so many bytes at a place lie in the region. */
static bool
inside(const struct unwind *u, uint64_t at, uint64_t n, uint64_t width)
{
	return at <= u->size && n <= (u->size - at) / width;
}

static void
add_rva(const struct unwind *u, uint64_t at)
{
	scan_rva_at(u->s, u->s->region->off + at);
}

static void
add_encoding(const struct unwind *u, uint64_t at)
{
	uint32_t mode = number_u32(u->bytes + at) >> 24 & 0xf;

	if (u->dwarf != 0 && mode == u->dwarf)
		sites_add(u->s, u->s->region->off + at, SITE_FRAME);
}

static uint64_t
page_of(const struct unwind *u, uint64_t i)
{
	return number_u32(u->index + i * INDEX_ENTRY + 4);
}

/* The index: at least two entries, the last of which says where all ends. */
static bool
find_index(struct unwind *u, const uint8_t *file, const struct region *r)
{
	uint64_t at, n;

	u->bytes = file + r->off;
	u->size = r->size;
	if ((r->va & 3) != 0 || r->size < HEADER)
		return false;
	at = number_u32(u->bytes + H_INDEX);
	n = number_u32(u->bytes + H_INDEX + 4);
	if (n < 2 || !inside(u, at, n, INDEX_ENTRY))
		return false;
	u->index = u->bytes + at;
	u->pages = n - 1;
	return true;
}

/* So that the page of a field can be found. */
static bool
pages_ascend(const struct unwind *u)
{
	uint64_t i;

	for (i = 1; i < u->pages; i++)
		if (page_of(u, i) <= page_of(u, i - 1))
			return false;
	return true;
}

static uint32_t
dwarf_mode(const struct sites *s)
{
	const struct member *m = s->member;
	size_t i;

	for (i = m->first; m->frames != m->bias && i < m->first + m->n; i++)
		if (region_is_code(&s->image->at[i]))
			return s->image->at[i].kind == REGION_A64
			    ? MODE_DWARF_A64
			    : MODE_DWARF_X86;
	return 0;
}

static void
regular(const struct unwind *u, uint64_t at, uint64_t end)
{
	uint64_t first = at + number_u16(u->bytes + at + 4);
	uint64_t n = number_u16(u->bytes + at + 6), i;

	for (i = first; n > 0 && i <= end && end - i >= 8; i += 8, n--) {
		add_rva(u, i);
		add_encoding(u, i + 4);
	}
}

static void
compressed(const struct unwind *u, uint64_t at, uint64_t end, uint64_t function)
{
	const uint8_t *page = u->bytes + at;
	uint64_t i = at + number_u16(page + 4), n = number_u16(page + 6);

	for (; n > 0 && i <= end && end - i >= 4; i += 4, n--)
		if (scan_in_image(
			u->s, function + (number_u32(u->bytes + i) & 0xffffff)))
			sites_add(u->s, u->s->region->off + i, SITE_UNWIND);
	i = at + number_u16(page + 8);
	n = number_u16(page + 10);
	for (; n > 0 && i <= end && end - i >= 4; i += 4, n--)
		add_encoding(u, i);
}

/* Each page ends where the next one begins. */
static void
pages(const struct unwind *u)
{
	uint64_t base = u->s->member->base - u->s->member->bias, i, at, end;
	uint32_t kind;

	for (i = 0; i < u->pages; i++) {
		at = page_of(u, i);
		end = i + 1 < u->pages ? page_of(u, i + 1) : u->size;
		if (end > u->size)
			end = u->size;
		if (at > end || end - at < PAGE_MIN || (at & 3) != 0)
			continue;
		kind = number_u32(u->bytes + at);
		if (kind == REGULAR)
			regular(u, at, end);
		else if (kind == COMPRESSED)
			compressed(u, at, end,
			    base + number_u32(u->index + i * INDEX_ENTRY));
	}
}

void
scan_unwind(struct sites *s)
{
	struct unwind u = { .s = s };
	uint64_t at, n, end;

	if (!find_index(&u, s->bytes, s->region) || !pages_ascend(&u))
		return;
	u.dwarf = dwarf_mode(s);
	at = number_u32(u.bytes + H_PERSONAL);
	n = number_u32(u.bytes + H_PERSONAL + 4);
	for (; inside(&u, at, n, 4) && n > 0; at += 4, n--)
		add_rva(&u, at);
	at = (uint64_t)(u.index - u.bytes);
	for (n = 0; n <= u.pages; n++)
		add_rva(&u, at + n * INDEX_ENTRY);
	at = number_u32(u.index + 8);
	end = number_u32(u.index + u.pages * INDEX_ENTRY + 8);
	for (; end <= u.size && at < end && end - at >= 4; at += 4)
		add_rva(&u, at);
	pages(&u);
}

uint64_t
unwind_function(const uint8_t *file, const struct image *m,
    const struct region *r, uint64_t off)
{
	struct unwind u = { 0 };
	uint64_t lo = 0, hi, half;

	if (!find_index(&u, file, r))
		return 0;
	hi = u.pages;
	/* the last page that begins at or before it */
	while (hi - lo > 1) {
		half = (lo + hi) / 2;
		if (page_of(&u, half) <= off - r->off)
			lo = half;
		else
			hi = half;
	}
	return image_member(m, r)->base +
	    number_u32(u.index + lo * INDEX_ENTRY);
}
