/*
 * Layout tables: reading, checking, looking up.
 */
#include "delta/core/image.h"

#include <stdlib.h>
#include <string.h>

/* Addresses of a member, and sizes, stay below. */
#define SPACE ((uint64_t)1 << IMAGE_SPACE_LOG)

static int
malformed(struct err *e, const char *what)
{
	return err_set(e, ERR_INPUT, "patch: tables: %s", what);
}

int
image_room(struct image *m, size_t members, size_t regions, struct err *e)
{
	size_t i;

	/* one more each: there is something to free */
	m->member = calloc(members + 1, sizeof(*m->member));
	m->at = calloc(regions + 1, sizeof(*m->at));
	m->by_offset = calloc(regions + 1, sizeof(*m->by_offset));
	m->members = members;
	m->n = regions;
	m->n_by_offset = 0;
	if (m->member == NULL || m->at == NULL || m->by_offset == NULL)
		return err_set(e, ERR_SYS, "tables: out of memory");
	for (i = 0; i < members; i++) {
		m->member[i].bias = (uint64_t)i << IMAGE_SPACE_LOG;
		m->member[i].pair = -1;
	}
	for (i = 0; i < regions; i++)
		m->at[i].pair = -1;
	return 0;
}

void
image_done(struct image *m)
{
	free(m->member);
	free(m->at);
	free(m->by_offset);
	memset(m, 0, sizeof(*m));
}

uint64_t
image_memory(const struct image *m)
{
	return (m->members + 1) * sizeof(*m->member) +
	    (m->n + 1) * (sizeof(*m->at) + sizeof(*m->by_offset));
}

static int
region_check(
    const struct image *m, const struct member *of, size_t i, struct err *e)
{
	const struct region *r = &m->at[i],
			    *before = i > of->first ? r - 1 : NULL;
	uint64_t va = r->va - of->bias;

	if (va >= SPACE || r->mem > SPACE - va || r->size > r->mem ||
	    r->mem == 0)
		return malformed(e, "a region out of bounds");
	if (before && r->va < before->va + before->mem)
		return malformed(e, "regions overlap or do not ascend");
	if (r->off > m->file_size || r->size > m->file_size - r->off)
		return malformed(e, "a region outside the file");
	return 0;
}

static int
member_check(struct image *m, struct member *of, struct err *e)
{
	const struct region *first = &m->at[of->first];
	const struct region *last = first + of->n - 1;
	size_t i;

	if (of->n > IMAGE_MEMBER_REGIONS || of->base - of->bias >= SPACE)
		return malformed(e, "a member out of bounds");
	for (i = 0; i < IMAGE_GO; i++)
		if (of->go[i] - of->bias >= SPACE)
			return malformed(e, "an address out of bounds");
	of->frames = of->bias;
	for (i = of->first; i < of->first + of->n; i++) {
		if (region_check(m, of, i, e) < 0)
			return -1;
		if (m->at[i].kind == REGION_EHF && of->frames == of->bias)
			of->frames = m->at[i].va;
	}
	of->low = of->n ? first->va : of->bias;
	of->top = of->n ? last->va + last->mem : of->bias;
	return 0;
}

/* Insertion by offset; equal ones overlap and are refused after it. */
static void
sort_by_offset(struct image *m)
{
	size_t i, k;

	m->n_by_offset = 0;
	for (i = 0; i < m->n; i++) {
		if (m->at[i].size == 0)
			continue;
		for (k = m->n_by_offset;
		     k > 0 && m->at[m->by_offset[k - 1]].off > m->at[i].off;
		     k--)
			m->by_offset[k] = m->by_offset[k - 1];
		m->by_offset[k] = (uint16_t)i;
		m->n_by_offset++;
	}
}

int
image_check(struct image *m, struct err *e)
{
	const struct region *a, *b;
	size_t i;

	if (m->members > IMAGE_MEMBERS || m->n > IMAGE_REGIONS)
		return malformed(e, "too many members or regions");
	for (i = 0; i < m->members; i++)
		if (member_check(m, &m->member[i], e) < 0)
			return -1;
	sort_by_offset(m);
	for (i = 1; i < m->n_by_offset; i++) {
		a = &m->at[m->by_offset[i - 1]];
		b = &m->at[m->by_offset[i]];
		if (b->off - a->off < a->size)
			return malformed(e, "regions overlap in the file");
	}
	return 0;
}

const struct region *
image_region(const struct image *m, uint64_t va)
{
	size_t lo = 0, hi = m->n, half;

	while (lo < hi) {
		half = (lo + hi) / 2;
		if (m->at[half].va <= va)
			lo = half + 1;
		else
			hi = half;
	}
	if (lo == 0 || va - m->at[lo - 1].va >= m->at[lo - 1].mem)
		return NULL;
	return &m->at[lo - 1];
}

const struct region *
image_span(const struct image *m, uint64_t off, uint64_t *end)
{
	size_t lo = 0, hi = m->n_by_offset, half;
	const struct region *r;

	while (lo < hi) {
		half = (lo + hi) / 2;
		if (m->at[m->by_offset[half]].off <= off)
			lo = half + 1;
		else
			hi = half;
	}
	*end = lo < m->n_by_offset ? m->at[m->by_offset[lo]].off : UINT64_MAX;
	if (lo == 0)
		return NULL;
	r = &m->at[m->by_offset[lo - 1]];
	if (off - r->off >= r->size)
		return NULL;
	*end = r->off + r->size;
	return r;
}

/* An address counts from the end of the region before of the same member, an
 * offset from that of any. */
static int
member_read(
    struct image *m, struct member *of, struct numbers *r, struct err *e)
{
	struct region *g = &m->at[of->first];
	uint64_t va = of->bias, kind;
	uint64_t off = of->first > 0 ? g[-1].off + g[-1].size : 0;
	bool go = false;
	size_t i;

	of->base = of->bias + number_read(r);
	for (i = 0; i < of->n; i++, g++) {
		kind = number_read(r);
		if (kind >= REGION_KINDS)
			return malformed(e, "a region's kind is not known");
		g->kind = (enum region_kind)kind;
		g->va = va + number_read(r);
		g->off = off + (uint64_t)number_read_signed(r);
		g->size = number_read(r);
		g->mem = g->size + number_read(r);
		if (r->failed || region_check(m, of, of->first + i, e) < 0)
			return malformed(e, "a region");
		va = g->va + g->mem;
		off = g->off + g->size;
		go = go || kind == REGION_PCLN;
	}
	for (i = 0; i < IMAGE_GO; i++)
		of->go[i] = of->bias + (go ? number_read(r) : 0);
	return 0;
}

int
image_read(struct image *m, struct numbers *r, struct err *e)
{
	uint64_t members = number_read(r), total = 0, n;
	uint8_t count[IMAGE_MEMBERS];
	size_t i;

	if (members > IMAGE_MEMBERS)
		return malformed(e, "too many members");
	for (i = 0; i < members; i++) {
		n = number_read(r);
		if (n > IMAGE_MEMBER_REGIONS)
			return malformed(e, "too many regions");
		count[i] = (uint8_t)n;
		total += n;
	}
	if (total > IMAGE_REGIONS)
		return malformed(e, "too many regions");
	if (image_room(m, (size_t)members, (size_t)total, e) < 0)
		return -1;
	for (i = 0, total = 0; i < m->members; i++) {
		m->member[i].first = (size_t)total;
		m->member[i].n = count[i];
		total += count[i];
		if (member_read(m, &m->member[i], r, e) < 0)
			return -1;
	}
	return image_check(m, e);
}

static size_t
member_write(const struct image *m, const struct member *of, uint8_t *at)
{
	const struct region *g = &m->at[of->first];
	uint64_t va = of->bias;
	uint64_t off = of->first > 0 ? g[-1].off + g[-1].size : 0;
	size_t i, n = number_write(at, of->base - of->bias);
	bool go = false;

	for (i = 0; i < of->n; i++, g++) {
		n += number_write(at + n, g->kind);
		n += number_write(at + n, g->va - va);
		n += number_write(
		    at + n, number_zigzag((int64_t)(g->off - off)));
		n += number_write(at + n, g->size);
		n += number_write(at + n, g->mem - g->size);
		va = g->va + g->mem;
		off = g->off + g->size;
		go = go || g->kind == REGION_PCLN;
	}
	for (i = 0; go && i < IMAGE_GO; i++)
		n += number_write(at + n, of->go[i] - of->bias);
	return n;
}

size_t
image_room_written(const struct image *m)
{
	/* each member: count, base, Go addresses */
	return (1 + m->members * (2 + IMAGE_GO) + m->n * 5) * NUMBER_MAX;
}

size_t
image_write(const struct image *m, uint8_t *at)
{
	size_t n = number_write(at, m->members), i;

	for (i = 0; i < m->members; i++)
		n += number_write(at + n, m->member[i].n);
	for (i = 0; i < m->members; i++)
		n += member_write(m, &m->member[i], at + n);
	return n;
}
