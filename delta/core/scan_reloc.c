/*
 * References in .reloc (Microsoft, "PE Format", 5.6): blocks of a page, a size,
 * and 16-bit fields of a type and an offset in the page, each of which says
 * where a pointer stands.
 */
#include "delta/core/scan.h"

#define HEADER 8
#define LOW    0xfff
/* A field for each byte of a page; looking for a block's begin takes time. */
#define BLOCK_MAX (HEADER + 2 * 4096)

static const uint8_t *
bytes_at(const struct sites *s, const struct region *r, uint64_t va)
{
	return s->bytes + r->off + (va - r->va);
}

uint64_t
reloc_page(const struct sites *s, const struct region *r, uint64_t va)
{
	return image_member(s->image, r)->base + number_u32(bytes_at(s, r, va));
}

uint64_t
reloc_first(const struct sites *s, const struct region *r, uint64_t va)
{
	return reloc_page(s, r, va) +
	    (number_u16(bytes_at(s, r, va) + HEADER) & LOW);
}

/* A block of so many bytes. */
static void
block(struct sites *s, uint64_t off, uint32_t size)
{
	const uint8_t *at = s->bytes + off;
	uint64_t page = s->member->base - s->member->bias + number_u32(at);
	uint32_t i, field;

	if (size > HEADER)
		sites_add(s, off, SITE_PAGE);
	for (i = HEADER; i < size; i += 2) {
		field = number_u16(at + i);
		/* type 0 fills up the block */
		if (field >> 12 != 0 && scan_in_image(s, page + (field & LOW)))
			sites_add(s, off + i, SITE_RELOC);
	}
}

void
scan_reloc(struct sites *s)
{
	const struct region *r = s->region;
	uint64_t off = r->off + (-r->va & 3), end = r->off + r->size;
	uint32_t size;

	for (; off < end && end - off >= HEADER; off += size) {
		size = number_u32(s->bytes + off + 4);
		if (size < HEADER || size > BLOCK_MAX || (size & 3) != 0 ||
		    size > end - off)
			return;
		sites_block(s, r->va + (off - r->off));
		block(s, off, size);
	}
}
