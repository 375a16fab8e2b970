/*
 * Go programs, in any container: where the function table lies and what its
 * distances count from, by the runtime's own directory (runtime/symtab.go,
 * struct moduledata; Go 1.20 and later).
 */
#include <string.h>

#include "delta/layout.h"

#define MAGIC 0xfffffff1
/* words of the table's header */
#define H_NAMES 4 /* funcnametab, from the table's start */
#define H_WORDS 9
/* words of moduledata */
#define M_TABLE	  0
#define M_NAMES	  1
#define M_PCTAB	  10
#define M_RECORDS 13 /* pointer, length */
#define M_TEXT	  22
#define M_GOFUNC  40
#define M_WORDS	  41

/* The bytes of an address, n of them; NULL: not in the file. */
static const uint8_t *
bytes_at(const struct image *m, struct bytes file, uint64_t va, uint64_t n)
{
	const struct region *r = image_region(m, va);

	if (r == NULL || va - r->va >= r->size || n > r->size - (va - r->va))
		return NULL;
	return file.at + r->off + (va - r->va);
}

static bool
is_table(const uint8_t *at)
{
	return number_u32(at) == MAGIC && at[4] == 0 && at[5] == 0 &&
	    (at[6] == 1 || at[6] == 4) && at[7] == 8;
}

/* The directory that points to the table at va; NULL: none. */
static const uint8_t *
find_module(
    const struct image *m, struct bytes file, uint64_t va, const uint8_t *table)
{
	uint64_t names = va + number_u64(table + 8 * H_NAMES), off;
	size_t i;

	for (i = 0; i < m->n; i++) {
		const struct region *r = &m->at[i];
		const uint8_t *at = file.at + r->off;

		if (region_is_code(r))
			continue;
		for (off = 0; off < r->size && r->size - off >= 8 * M_WORDS;
		     off += 8)
			if (number_u64(at + off) == va &&
			    number_u64(at + off + 8 * M_NAMES) == names)
				return at + off;
	}
	return NULL;
}

/* Cut the table out of the region i that holds it. */
static void
carve(struct layout *l, size_t i, uint64_t va, uint64_t end)
{
	struct region *r = &l->image.at[i], table = *r, rest = *r;
	char name[LAYOUT_NAME];

	if (r->kind == REGION_PCLN || end > r->va + r->size)
		return;
	table.kind = REGION_PCLN;
	table.va = va;
	table.off = r->off + (va - r->va);
	table.size = table.mem = end - va;
	rest.va = end;
	rest.off = r->off + (end - r->va);
	rest.size = r->size - (end - r->va);
	rest.mem = r->mem - (end - r->va);
	r->size = r->mem = va - r->va;
	memcpy(name, l->name[i], LAYOUT_NAME);
	memcpy(name, ".rest", 5);
	layout_add(l, &table, ".gopclntab");
	layout_add(l, &rest, name);
	if (r->mem == 0)
		*r = l->image.at[--l->image.n];
}

static bool
take(struct layout *l, struct bytes file, size_t i, uint64_t off)
{
	struct image *m = &l->image;
	const struct region *r = &m->at[i];
	uint64_t va = r->va + off, go[IMAGE_GO], end;
	const uint8_t *table = file.at + r->off + off, *module;
	size_t k;

	module = find_module(m, file, va, table);
	if (module == NULL)
		return false;
	go[0] = number_u64(module + 8 * M_TEXT);
	go[1] = number_u64(module + 8 * M_NAMES);
	go[2] = number_u64(module + 8 * M_PCTAB);
	go[3] = number_u64(module + 8 * M_RECORDS);
	go[4] = number_u64(module + 8 * M_GOFUNC);
	end = go[3] + number_u64(module + 8 * (M_RECORDS + 1));
	for (k = 0; k < IMAGE_GO; k++)
		if (!member_holds(&l->member, go[k]))
			return false;
	if (go[3] < va || end <= go[3] ||
	    bytes_at(m, file, va, end - va) == NULL)
		return false;
	memcpy(l->member.go, go, sizeof(go));
	carve(l, i, va, end);
	return true;
}

void
layout_go(struct layout *l, struct bytes file)
{
	struct image *m = &l->image;
	struct err e;
	uint64_t off;
	size_t i;

	l->member.n = m->n;
	if (image_check(m, &e) < 0)
		return;
	for (i = 0; i < m->n; i++) {
		const struct region *r = &m->at[i];

		if (region_is_code(r))
			continue;
		for (off = 0; off < r->size && r->size - off >= 8 * H_WORDS;
		     off += 8)
			if (is_table(file.at + r->off + off) &&
			    take(l, file, i, off))
				return;
	}
}
