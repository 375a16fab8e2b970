/*
 * Which scanner reads which kind of region, and those for plain data.
 */
#include "delta/core/scan.h"

#include "delta/core/a64.h"

/* No file is mapped below: small numbers are numbers. */
#define POINTER_MIN 4096

/* Longer jump tables are none; looking for a table's start takes time. */
#define TABLE_MAX 65536

bool
scan_in_image(const struct sites *s, uint64_t value)
{
	return value >= POINTER_MIN &&
	    member_holds(s->member, s->member->bias + value);
}

/* First offset of the region whose address is a multiple of align. */
static uint64_t
aligned(const struct region *r, uint64_t align)
{
	return r->off + (-r->va & (align - 1));
}

static void
scan_pointers(struct sites *s)
{
	const struct region *r = s->region;
	uint64_t off, end = r->off + r->size;

	for (off = aligned(r, 8); off < end && end - off >= 8; off += 8)
		if (scan_in_image(s, number_u64(s->bytes + off)))
			sites_add(s, off, SITE_PTR64);
}

void
scan_rva_at(struct sites *s, uint64_t off)
{
	uint32_t value = number_u32(s->bytes + off);

	if (value < ((uint32_t)1 << 31) &&
	    scan_in_image(s, s->member->base - s->member->bias + value))
		sites_add(s, off, SITE_RVA32);
}

static void
scan_rva(struct sites *s)
{
	const struct region *r = s->region;
	uint64_t off, end = r->off + r->size;

	for (off = aligned(r, 4); off < end && end - off >= 4; off += 4)
		scan_rva_at(s, off);
}

static bool
is_base(const struct sites *s, uint64_t va)
{
	const struct region *r = s->region;
	uint64_t word = (va - (r->va & ~(uint64_t)3)) >> 2;

	return s->base[s->first_base[r - s->image->at] + (word >> 6)] >>
	    (word & 63) &
	    1;
}

/*
 * Read-only data: where code takes an address a jump table may begin; it goes
 * on as long as its words, counted from its start, point to code.
 */
static void
scan_tables(struct sites *s)
{
	const struct region *r = s->region;
	uint64_t off, end = r->off + r->size, va, base = 0;
	bool in_table = false;

	for (off = aligned(r, 4); off < end && end - off >= 4; off += 4) {
		va = r->va + (off - r->off);
		if (is_base(s, va)) {
			in_table = true;
			base = va;
		}
		if (in_table) {
			const struct region *to = image_region(
			    s->image, base + number_s32(s->bytes + off));

			in_table = va - base < TABLE_MAX && region_is_code(to);
		}
		if (in_table)
			sites_add(s, off, SITE_TABLE);
		else if ((va & 7) == 0 && end - off >= 8 &&
		    scan_in_image(s, number_u64(s->bytes + off)))
			sites_add(s, off, SITE_PTR64);
	}
}

void
scan_region(struct sites *s)
{
	switch (s->region->kind) {
	case REGION_X86:
		scan_x86(s);
		return;
	case REGION_A64:
		a64_scan(s);
		return;
	case REGION_PTR64:
		scan_pointers(s);
		return;
	case REGION_RVA32:
		scan_rva(s);
		return;
	case REGION_RO:
		scan_tables(s);
		return;
	case REGION_EHF:
		scan_eh_frame(s);
		return;
	case REGION_EHHDR:
		scan_eh_header(s);
		return;
	case REGION_PCLN:
		scan_go(s);
		return;
	case REGION_UNWIND:
		scan_unwind(s);
		return;
	case REGION_RELOC:
		scan_reloc(s);
		return;
	case REGION_RAW:
	case REGION_KINDS:
		return;
	}
}
