/*
 * The list of references and its index.
 */
#include "delta/core/sites.h"

#include <stdlib.h>
#include <string.h>

#include "delta/core/a64.h"
#include "delta/core/scan.h"

#define PAGE_MASK (((uint64_t)1 << SITE_PAGE_LOG) - 1)

static size_t
pages_of(const struct region *r)
{
	return (size_t)((r->size + PAGE_MASK) >> SITE_PAGE_LOG) + 1;
}

/* 64-bit words for a bit for each aligned 32-bit word. */
static size_t
base_words(const struct region *r)
{
	return r->kind == REGION_RO || r->kind == REGION_RELOC
	    ? (size_t)(r->size >> 8) + 1
	    : 0;
}

uint64_t
sites_memory(const struct image *m)
{
	uint64_t total = 2 * (m->n + 1) * sizeof(size_t);
	size_t i;

	for (i = 0; i < m->n; i++)
		total += pages_of(&m->at[i]) * sizeof(uint32_t) +
		    base_words(&m->at[i]) * sizeof(uint64_t);
	return total;
}

static void
grow(struct sites *s)
{
	size_t room = s->room ? s->room + s->room / 2 : 4096;
	uint16_t *grown;

	/* where the number is known it is exactly that */
	if (room > s->max || s->max < UINT32_MAX)
		room = s->max;
	grown =
	    room > s->room ? realloc(s->entry, room * sizeof(*grown)) : NULL;
	if (grown == NULL) {
		s->failed = true;
		return;
	}
	s->entry = grown;
	s->room = room;
}

static void
begin_pages(struct sites *s, size_t until)
{
	uint32_t *page = s->page + s->first_page[s->region - s->image->at];

	while (s->pages <= until)
		page[s->pages++] = (uint32_t)s->n;
}

void
sites_add(struct sites *s, uint64_t off, enum site_kind kind)
{
	uint64_t rel = off - s->region->off;

	if (s->failed || off < s->free ||
	    site_width(kind) > s->region->size - rel)
		return;
	if (s->n == s->room)
		grow(s);
	if (s->failed)
		return;
	begin_pages(s, (size_t)(rel >> SITE_PAGE_LOG));
	s->entry[s->n++] =
	    (uint16_t)((unsigned)kind << SITE_PAGE_LOG | (rel & PAGE_MASK));
	s->free = off + site_width(kind);
}

/* A bit for an aligned word. */
static void
mark(struct sites *s, const struct region *r, uint64_t va)
{
	uint64_t word = (va - (r->va & ~(uint64_t)3)) >> 2;

	if (word >> 6 < base_words(r))
		s->base[s->first_base[r - s->image->at] + (word >> 6)] |=
		    (uint64_t)1 << (word & 63);
}

void
sites_base(struct sites *s, uint64_t va)
{
	const struct region *r = image_region(s->image, va);

	if (r && r->kind == REGION_RO && va - r->va < r->size && (va & 3) == 0)
		mark(s, r, va);
}

void
sites_block(struct sites *s, uint64_t va)
{
	mark(s, s->region, va);
}

uint64_t
sites_table(const struct sites *s, const struct region *r, uint64_t va)
{
	const uint64_t *bits = s->base + s->first_base[r - s->image->at];
	uint64_t start = r->va & ~(uint64_t)3;
	uint64_t word = (va - start) >> 2, i = word >> 6;
	uint64_t b = bits[i] & (~(uint64_t)0 >> (63 - (word & 63)));

	while (b == 0 && i > 0)
		b = bits[--i];
	if (b == 0)
		return start;
	return start + ((i << 6 | (uint64_t)(63 - __builtin_clzll(b))) << 2);
}

static int
allocate(struct sites *s, struct err *e)
{
	size_t pages = 0, words = 0, i, n = s->image->n;

	s->first_page = calloc(n + 1, sizeof(*s->first_page));
	s->first_base = calloc(n + 1, sizeof(*s->first_base));
	if (s->first_page == NULL || s->first_base == NULL)
		return err_set(e, ERR_SYS, "references: out of memory");
	for (i = 0; i < n; i++) {
		s->first_page[i] = pages;
		s->first_base[i] = words;
		pages += pages_of(&s->image->at[i]);
		words += base_words(&s->image->at[i]);
	}
	s->page = calloc(pages + 1, sizeof(*s->page));
	s->base = calloc(words + 1, sizeof(*s->base));
	if (s->page == NULL || s->base == NULL)
		return err_set(e, ERR_SYS, "references: out of memory");
	return 0;
}

static void
scan_regions(struct sites *s, bool code)
{
	const struct image *m = s->image;
	size_t i;

	for (i = 0; i < m->n_by_offset; i++) {
		const struct region *r = &m->at[m->by_offset[i]];

		if (region_is_code(r) != code)
			continue;
		s->region = r;
		s->member = image_member(m, r);
		s->pages = 0;
		s->free = r->off;
		scan_region(s);
		begin_pages(s, pages_of(r) - 1);
	}
}

int
sites_scan(struct sites *s, const uint8_t *bytes, const struct image *m,
    size_t max, struct err *e)
{
	memset(s, 0, sizeof(*s));
	s->bytes = bytes;
	s->image = m;
	/* the index counts them in 32 bits */
	s->max = max < UINT32_MAX ? max : UINT32_MAX;
	if (allocate(s, e) < 0)
		return -1;
	/* jump tables begin where code says, so code comes first */
	scan_regions(s, true);
	scan_regions(s, false);
	if (s->failed && s->room == s->max)
		return err_set(
		    e, ERR_INPUT, "more references than the patch says");
	if (s->failed)
		return err_set(e, ERR_SYS, "references: out of memory");
	return 0;
}

void
sites_done(struct sites *s)
{
	free(s->entry);
	free(s->page);
	free(s->base);
	free(s->first_page);
	free(s->first_base);
	s->entry = NULL;
	s->page = NULL;
	s->base = NULL;
	s->first_page = NULL;
	s->first_base = NULL;
}

void
site_seek(struct site_cursor *c, const struct sites *s, const struct region *r,
    uint64_t off)
{
	uint64_t rel = off - r->off;
	size_t page = (size_t)(rel >> SITE_PAGE_LOG);
	size_t lo, hi, half;

	c->s = s;
	c->page = s->page + s->first_page[r - s->image->at] + page;
	c->page_off = r->off + ((uint64_t)page << SITE_PAGE_LOG);
	c->left = pages_of(r) - 2 - page;
	lo = c->page[0];
	hi = c->end = c->page[1];
	while (lo < hi) {
		half = lo + (hi - lo) / 2;
		if ((s->entry[half] & PAGE_MASK) < (rel & PAGE_MASK))
			lo = half + 1;
		else
			hi = half;
	}
	c->i = lo;
}

bool
site_peek(struct site_cursor *c, struct site *out)
{
	uint16_t entry;

	while (c->i == c->end) {
		if (c->left == 0)
			return false;
		c->left--;
		c->page++;
		c->page_off += (uint64_t)1 << SITE_PAGE_LOG;
		c->end = c->page[1];
	}
	entry = c->s->entry[c->i];
	out->off = c->page_off + (entry & PAGE_MASK);
	out->kind = (enum site_kind)(entry >> SITE_PAGE_LOG);
	return true;
}

uint64_t
site_value(enum site_kind k, const uint8_t *at)
{
	switch (site_width(k)) {
	case 8:
		return number_u64(at);
	case 3:
		return (uint64_t)at[0] | (uint64_t)at[1] << 8 |
		    (uint64_t)at[2] << 16;
	case 2:
		return number_u16(at) & 0xfff;
	default:
		return number_s32(at);
	}
}

uint64_t
site_anchor(const struct member *m, const struct region *r, enum site_kind k,
    uint64_t va)
{
	switch ((int)k) {
	case SITE_X86:
		return va + 4;
	case SITE_X86_1:
		return va + 5;
	case SITE_X86_2:
		return va + 6;
	case SITE_X86_4:
		return va + 8;
	case SITE_RVA32:
	case SITE_RELOC:
	case SITE_PAGE:
		return m ? m->base : 0;
	case SITE_FRAME:
		return m ? m->frames : 0;
	case SITE_PC32:
	case SITE_PC64:
		return va;
	case SITE_REGION:
		return r ? r->va : 0;
	case SITE_PTR64:
		return m ? m->bias : 0;
	case SITE_TABLE:
	case SITE_A64:
	case SITE_UNWIND:
		return 0;
	default:
		return m ? m->go[k - SITE_GO] : 0;
	}
}

uint64_t
site_target(
    const struct sites *s, const struct region *r, const struct site *site)
{
	uint64_t va = r->va + (site->off - r->off), anchor;

	if (site->kind == SITE_A64)
		return a64_target(
		    s->bytes + r->off, r->size, site->off - r->off, va);
	switch ((int)site->kind) {
	case SITE_TABLE:
		anchor = sites_table(s, r, va);
		break;
	case SITE_UNWIND:
		anchor = unwind_function(s->bytes, s->image, r, site->off);
		break;
	case SITE_RELOC:
		anchor = reloc_page(s, r, sites_table(s, r, va));
		break;
	case SITE_PAGE:
		return reloc_first(s, r, va);
	default:
		anchor =
		    site_anchor(image_member(s->image, r), r, site->kind, va);
	}
	return anchor + site_value(site->kind, s->bytes + site->off);
}
