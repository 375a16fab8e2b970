/*
 * Layouts: which kind of executable it is, order.
 */
#include "delta/layout.h"

#include <stdlib.h>
#include <string.h>

struct named {
	struct region region;
	char name[LAYOUT_NAME];
};

void
layout_add(struct layout *l, const struct region *r, const char *name)
{
	struct image *m = &l->image;

	if (m->n == IMAGE_MEMBER_REGIONS || r->mem == 0 || r->size > r->mem)
		return;
	m->at[m->n] = *r;
	m->at[m->n].pair = -1;
	if (r->size == 0)
		m->at[m->n].off = 0;
	strncpy(l->name[m->n], name, LAYOUT_NAME - 1);
	m->n++;
}

static int
by_address(const void *x, const void *y)
{
	const struct region *a = &((const struct named *)x)->region;
	const struct region *b = &((const struct named *)y)->region;

	if (a->va != b->va)
		return a->va < b->va ? -1 : 1;
	return a->off < b->off ? -1 : a->off > b->off;
}

/* Ascending; what overlaps its predecessor is left out. */
static void
sort(struct layout *l)
{
	struct image *m = &l->image;
	struct named all[IMAGE_MEMBER_REGIONS] = { 0 };
	size_t i, n = 0;
	uint64_t end = 0;

	for (i = 0; i < m->n; i++) {
		all[i].region = m->at[i];
		memcpy(all[i].name, l->name[i], LAYOUT_NAME);
	}
	qsort(all, m->n, sizeof(*all), by_address);
	for (i = 0; i < m->n; i++) {
		if (n > 0 && all[i].region.va < end)
			continue;
		end = all[i].region.va + all[i].region.mem;
		m->at[n] = all[i].region;
		memcpy(l->name[n++], all[i].name, LAYOUT_NAME);
	}
	m->n = n;
}

static void
empty(struct layout *l, uint64_t size)
{
	memset(l, 0, sizeof(*l));
	l->image = (struct image){ .file_size = size,
		.member = &l->member,
		.members = 1,
		.at = l->region,
		.by_offset = l->by_offset };
	l->member.pair = -1;
}

bool
layout_read(struct layout *l, struct bytes file)
{
	struct err e;

	empty(l, file.len);
	if (!elf_layout(l, file) && !pe_layout(l, file) &&
	    !macho_layout(l, file))
		return false;
	sort(l);
	layout_go(l, file);
	sort(l);
	l->member.n = l->image.n;
	if (image_check(&l->image, &e) == 0 && l->image.n > 0)
		return true;
	empty(l, file.len);
	return false;
}
