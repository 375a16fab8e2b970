/*
 * Mach-O, 64 bits, one architecture (<mach-o/loader.h>): sections, and the page
 * hashes of its code signature (<kern/cs_blobs.h>).
 */
#include <string.h>

#include "delta/layout.h"
#include "manifest/base/digest.h"

#define HEADER	     32
#define MAGIC	     0xfeedfacf
#define CPU_X86	     0x01000007
#define CPU_A64	     0x0100000c
#define LC_SEGMENT   0x19
#define LC_SIGNATURE 0x1d
#define SEGMENT	     72
#define SECTION	     80
#define CODE_FLAGS   0x80000400 /* pure or some instructions */
#define TYPE_MASK    0xff
#define ZEROFILL     1
#define GB_ZEROFILL  12
#define TLS_ZEROFILL 18

static enum region_kind
kind_of(const char *segment, const char *name, uint32_t flags, uint32_t cpu)
{
	if (flags & CODE_FLAGS)
		return cpu == CPU_X86 ? REGION_X86 : REGION_A64;
	if (strncmp(segment, "__DATA", 6) == 0)
		return REGION_PTR64;
	if (strcmp(name, "__eh_frame") == 0)
		return REGION_EHF;
	if (strcmp(name, "__unwind_info") == 0)
		return REGION_UNWIND;
	if (strcmp(name, "__gcc_except_tab") == 0)
		return REGION_RAW;
	return REGION_RO;
}

static void
section(struct layout *l, struct bytes file, const uint8_t *s, uint32_t cpu)
{
	char name[17] = "", segment[17] = "", full[LAYOUT_NAME];
	uint32_t flags = number_u32(s + 64), type = flags & TYPE_MASK;
	struct region r = { .va = number_u64(s + 32),
		.mem = number_u64(s + 40),
		.off = number_u32(s + 48) };

	memcpy(name, s, 16);
	memcpy(segment, s + 16, 16);
	r.size = type == ZEROFILL || type == GB_ZEROFILL || type == TLS_ZEROFILL
	    ? 0
	    : r.mem;
	if (r.size > 0 && !layout_inside(file, r.off, r.size))
		return;
	r.kind = kind_of(segment, name, flags, cpu);
	memset(full, 0, sizeof(full));
	memcpy(full, segment, 6);
	memcpy(full + 6, name, 16);
	layout_add(l, &r, full);
}

static void
segment(struct layout *l, struct bytes file, struct bytes command, uint32_t cpu)
{
	uint32_t n = number_u32(command.at + 64), i;

	if (n > (command.len - SEGMENT) / SECTION)
		return;
	if (strncmp((const char *)command.at + 8, "__TEXT", 16) == 0)
		l->member.base = number_u64(command.at + 24);
	for (i = 0; i < n; i++)
		section(
		    l, file, command.at + SEGMENT + (size_t)i * SECTION, cpu);
}

static uint32_t
big(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | (uint32_t)at[3];
}

/* All digests of the pages are right: they can be made again. */
static bool
pages_verify(const struct pages *p, struct bytes file)
{
	uint64_t at = 0, n, page = (uint64_t)1 << p->page_log;
	uint8_t digest[SHA256_SIZE];
	uint32_t i;

	for (i = 0; i < p->count; i++, at += n) {
		n = p->limit - at < page ? p->limit - at : page;
		sha256(digest, file.at + at, (size_t)n);
		if (memcmp(digest, file.at + p->slots + (size_t)i * 32, 32))
			return false;
	}
	return true;
}

/* A CodeDirectory at an offset: its code slots, of SHA-256. */
static void
directory(struct layout *l, struct bytes file, uint64_t at)
{
	const uint8_t *d = file.at + at;
	struct pages p;

	if (!layout_inside(file, at, 44) || big(d) != 0xfade0c02 ||
	    d[36] != 32 || d[37] != 2 || d[39] < 9 || d[39] > 16)
		return;
	p.slots = at + big(d + 16);
	p.count = big(d + 28);
	p.limit = big(d + 32);
	p.page_log = d[39];
	if (p.limit > at || p.count == 0 ||
	    p.count !=
		(p.limit + ((uint64_t)1 << p.page_log) - 1) >> p.page_log ||
	    !layout_inside(file, p.slots, (uint64_t)p.count * 32) ||
	    p.slots < p.limit || !pages_verify(&p, file))
		return;
	l->pages = p;
}

static void
signature(struct layout *l, struct bytes file, uint64_t at)
{
	uint32_t n, i;

	if (!layout_inside(file, at, 12) || big(file.at + at) != 0xfade0cc0)
		return;
	n = big(file.at + at + 8);
	for (i = 0; i < n && i < 16; i++) {
		uint64_t entry = at + 12 + 8 * (uint64_t)i;

		if (!layout_inside(file, entry, 8) || l->pages.count)
			return;
		directory(l, file, at + big(file.at + entry + 4));
	}
}

bool
macho_layout(struct layout *l, struct bytes file)
{
	uint32_t cpu, n, i, size;
	uint64_t at = HEADER;

	if (file.len < HEADER || number_u32(file.at) != MAGIC)
		return false;
	cpu = number_u32(file.at + 4);
	if (cpu != CPU_X86 && cpu != CPU_A64)
		return false;
	n = number_u32(file.at + 16);
	for (i = 0; i < n && layout_inside(file, at, 8); i++, at += size) {
		const uint8_t *c = file.at + at;

		size = number_u32(c + 4);
		if (size < 8 || !layout_inside(file, at, size))
			break;
		if (number_u32(c) == LC_SEGMENT && size >= SEGMENT)
			segment(l, file, (struct bytes){ c, size }, cpu);
		else if (number_u32(c) == LC_SIGNATURE && size >= 16)
			signature(l, file, number_u32(c + 8));
	}
	return true;
}
