/*
 * Layout tables: reading, checking, looking up.
 */
#include "delta/core/image.h"

#include <string.h>

/* Addresses and sizes stay far from where sums overflow. */
#define VA_MAX	((uint64_t)1 << 62)
#define MEM_MAX ((uint64_t)1 << 48)

static int
malformed(struct err *e, const char *what)
{
	return err_set(e, ERR_INPUT, "patch: tables: %s", what);
}

static int
region_check(const struct image *m, size_t i, struct err *e)
{
	const struct region *r = &m->at[i], *before = i ? r - 1 : NULL;

	if (r->va >= VA_MAX || r->mem > MEM_MAX || r->size > r->mem ||
	    r->mem == 0)
		return malformed(e, "a region out of bounds");
	if (before && r->va < before->va + before->mem)
		return malformed(e, "regions overlap or do not ascend");
	if (r->off > m->file_size || r->size > m->file_size - r->off)
		return malformed(e, "a region outside the file");
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
		m->by_offset[k] = (uint8_t)i;
		m->n_by_offset++;
	}
}

int
image_check(struct image *m, struct err *e)
{
	const struct region *a, *b;
	size_t i;

	for (i = 0; i < m->n; i++)
		if (region_check(m, i, e) < 0)
			return -1;
	m->low = m->n ? m->at[0].va : 0;
	m->top = m->n ? m->at[m->n - 1].va + m->at[m->n - 1].mem : 0;
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

/* An address counts from the end of the region before, an offset likewise. */
static int
image_read(struct image *m, struct numbers *r, struct err *e)
{
	uint64_t n, va = 0, off = 0, kind;
	bool go = false;
	size_t i;

	m->base = number_read(r);
	n = number_read(r);
	if (n > IMAGE_REGIONS || m->base >= VA_MAX)
		return malformed(e, "too many regions");
	m->n = (size_t)n;
	for (i = 0; i < m->n; i++) {
		struct region *g = &m->at[i];

		kind = number_read(r);
		if (kind >= REGION_KINDS)
			return malformed(e, "a region's kind is not known");
		g->kind = (enum region_kind)kind;
		g->va = va + number_read(r);
		g->off = off + (uint64_t)number_read_signed(r);
		g->size = number_read(r);
		g->mem = g->size + number_read(r);
		g->pair = -1;
		if (r->failed || region_check(m, i, e) < 0)
			return malformed(e, "a region");
		va = g->va + g->mem;
		off = g->off + g->size;
		go = go || kind == REGION_PCLN;
	}
	for (i = 0; go && i < IMAGE_GO; i++) {
		m->go[i] = number_read(r);
		if (m->go[i] >= VA_MAX)
			return malformed(e, "an address");
	}
	return image_check(m, e);
}

static size_t
image_write(const struct image *m, uint8_t *at)
{
	uint64_t va = 0, off = 0;
	size_t i, n = 0;
	bool go = false;

	n += number_write(at + n, m->base);
	n += number_write(at + n, m->n);
	for (i = 0; i < m->n; i++) {
		const struct region *g = &m->at[i];

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
		n += number_write(at + n, m->go[i]);
	return n;
}

static int
pages_read(struct tables *t, struct numbers *r, struct err *e)
{
	struct pages *p = &t->pages;
	uint64_t count = number_read(r), log;

	memset(p, 0, sizeof(*p));
	if (count == 0)
		return 0;
	log = number_read(r);
	p->limit = number_read(r);
	p->slots = number_read(r);
	if (log < 9 || log > 16 || p->limit > p->slots ||
	    p->slots > t->new.file_size ||
	    count > (t->new.file_size - p->slots) / 32 ||
	    count != (p->limit + ((uint64_t)1 << log) - 1) >> log)
		return malformed(e, "page hashes out of bounds");
	p->page_log = (unsigned)log;
	p->count = (uint32_t)count;
	return count == p->count ? 0 : malformed(e, "too many page hashes");
}

int
tables_read(struct tables *t, struct numbers *r, struct err *e)
{
	size_t i;

	t->blocks = number_read(r);
	t->sites = number_read(r);
	if (image_read(&t->old, r, e) < 0 || image_read(&t->new, r, e) < 0)
		return -1;
	for (i = 0; i < t->old.n; i++) {
		uint64_t pair = number_read(r);

		if (pair > t->new.n)
			return malformed(e, "a pair out of bounds");
		t->old.at[i].pair = (int)pair - 1;
	}
	if (pages_read(t, r, e) < 0)
		return -1;
	if (r->failed || r->at != r->end)
		return malformed(e, "cut, or too long");
	return 0;
}

size_t
tables_write(const struct tables *t, uint8_t *at)
{
	const struct pages *p = &t->pages;
	size_t i, n = 0;

	n += number_write(at + n, t->blocks);
	n += number_write(at + n, t->sites);
	n += image_write(&t->old, at + n);
	n += image_write(&t->new, at + n);
	for (i = 0; i < t->old.n; i++)
		n += number_write(at + n, (uint64_t)(t->old.at[i].pair + 1));
	n += number_write(at + n, p->count);
	if (p->count) {
		n += number_write(at + n, p->page_log);
		n += number_write(at + n, p->limit);
		n += number_write(at + n, p->slots);
	}
	return n;
}
