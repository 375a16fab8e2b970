/*
 * ELF, 64 bits, little-endian: sections that are loaded (System V gABI, ch. 4).
 */
#include <string.h>

#include "delta/layout.h"

#define HEADER	   64
#define SECTION	   64
#define PROGRAM	   56
#define EM_X86	   62
#define EM_A64	   183
#define NOBITS	   8
#define FLAG_ALLOC 2
#define FLAG_EXEC  4
#define FLAG_TLS   0x400
#define PT_LOAD	   1

static enum region_kind
kind_of(const char *name, bool exec, uint16_t machine)
{
	static const struct {
		const char *name;
		enum region_kind kind;
	} kinds[] = {
		{ ".rodata", REGION_RO },
		{ ".eh_frame", REGION_EHF },
		{ ".eh_frame_hdr", REGION_EHHDR },
		{ ".gopclntab", REGION_PCLN },
		{ ".dynstr", REGION_RAW },
		{ ".gnu.hash", REGION_RAW },
		{ ".gnu.version", REGION_RAW },
		{ ".gnu.version_r", REGION_RAW },
		{ ".gcc_except_table", REGION_RAW },
	};
	size_t i;

	if (exec)
		return machine == EM_X86 ? REGION_X86 : REGION_A64;
	for (i = 0; i < COUNT(kinds); i++)
		if (strcmp(name, kinds[i].name) == 0)
			return kinds[i].kind;
	return REGION_PTR64;
}

/* The name at an offset of the string table; "" where there is none. */
static const char *
name_at(struct bytes file, const uint8_t *table, uint32_t at)
{
	uint64_t off = number_u64(table + 24), size = number_u64(table + 32);

	if (!layout_inside(file, off, size) || at >= size ||
	    memchr(file.at + off + at, 0, (size_t)(size - at)) == NULL)
		return "";
	return (const char *)file.at + off + at;
}

static void
section(struct layout *l, struct bytes file, const uint8_t *s,
    const uint8_t *names, uint16_t machine)
{
	uint64_t flags = number_u64(s + 8);
	bool nobits = number_u32(s + 4) == NOBITS;
	struct region r = { .va = number_u64(s + 16),
		.off = number_u64(s + 24),
		.mem = number_u64(s + 32) };
	const char *name = name_at(file, names, number_u32(s));

	if (!(flags & FLAG_ALLOC) || flags & FLAG_TLS)
		return;
	r.size = nobits ? 0 : r.mem;
	if (!nobits && !layout_inside(file, r.off, r.size))
		return;
	r.kind = kind_of(name, (flags & FLAG_EXEC) != 0, machine);
	layout_add(l, &r, name);
}

/* The lowest address that is loaded. */
static uint64_t
base(struct bytes file)
{
	uint64_t off = number_u64(file.at + 32), low = UINT64_MAX;
	uint16_t n = layout_u16(file.at + 56), i;

	for (i = 0; i < n && layout_inside(file, off, PROGRAM);
	     i++, off += PROGRAM) {
		const uint8_t *p = file.at + off;

		if (number_u32(p) == PT_LOAD && number_u64(p + 16) < low)
			low = number_u64(p + 16);
	}
	return low == UINT64_MAX ? 0 : low;
}

bool
elf_layout(struct layout *l, struct bytes file)
{
	uint16_t machine, n, i, names;
	uint64_t off;

	if (file.len < HEADER || memcmp(file.at, "\177ELF\2\1", 6) != 0)
		return false;
	machine = layout_u16(file.at + 18);
	if (machine != EM_X86 && machine != EM_A64)
		return false;
	off = number_u64(file.at + 40);
	n = layout_u16(file.at + 60);
	names = layout_u16(file.at + 62);
	if (names >= n || layout_u16(file.at + 58) != SECTION ||
	    !layout_inside(file, off, (uint64_t)n * SECTION))
		return false;
	l->member.base = base(file);
	for (i = 0; i < n; i++)
		section(l, file, file.at + off + (uint64_t)i * SECTION,
		    file.at + off + (uint64_t)names * SECTION, machine);
	return true;
}
