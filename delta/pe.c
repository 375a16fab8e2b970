/*
 * PE32+ for x86-64 and arm64 (Microsoft, "PE Format"): sections.
 */
#include <string.h>

#include "delta/layout.h"

#define DOS_HEADER 64
#define COFF	   24 /* signature and file header */
#define SECTION	   40
#define MAGIC_64   0x20b
#define AMD64	   0x8664
#define ARM64	   0xaa64
#define CODE	   0x20000000 /* IMAGE_SCN_MEM_EXECUTE */

static enum region_kind
kind_of(const char *name, uint32_t flags, uint16_t machine)
{
	if (flags & CODE)
		return machine == AMD64 ? REGION_X86 : REGION_A64;
	if (strcmp(name, ".pdata") == 0)
		return REGION_RVA32;
	if (strcmp(name, ".rdata") == 0)
		return REGION_RO;
	if (strcmp(name, ".reloc") == 0)
		return REGION_RELOC;
	return REGION_PTR64;
}

static void
section(struct layout *l, struct bytes file, const uint8_t *s, uint16_t machine)
{
	struct region r = { .mem = number_u32(s + 8),
		.va = l->member.base + number_u32(s + 12),
		.size = number_u32(s + 16),
		.off = number_u32(s + 20) };
	char name[9] = "";

	memcpy(name, s, 8);
	/* the file is padded; what is not loaded has no address */
	if (r.size > r.mem)
		r.size = r.mem;
	if (r.size > 0 && !layout_inside(file, r.off, r.size))
		return;
	r.kind = kind_of(name, number_u32(s + 36), machine);
	layout_add(l, &r, name);
}

bool
pe_layout(struct layout *l, struct bytes file)
{
	uint64_t at, sections;
	uint16_t machine, n, i, size;

	if (file.len < DOS_HEADER || memcmp(file.at, "MZ", 2) != 0)
		return false;
	at = number_u32(file.at + 60);
	if (!layout_inside(file, at, COFF + 112) ||
	    memcmp(file.at + at, "PE\0\0", 4) != 0)
		return false;
	machine = layout_u16(file.at + at + 4);
	n = layout_u16(file.at + at + 6);
	size = layout_u16(file.at + at + 20);
	if ((machine != AMD64 && machine != ARM64) ||
	    layout_u16(file.at + at + COFF) != MAGIC_64)
		return false;
	l->member.base = number_u64(file.at + at + COFF + 24);
	sections = at + COFF + size;
	if (l->member.base >> 60 != 0 ||
	    !layout_inside(file, sections, (uint64_t)n * SECTION))
		return false;
	for (i = 0; i < n; i++)
		section(l, file, file.at + sections + (uint64_t)i * SECTION,
		    machine);
	return true;
}
