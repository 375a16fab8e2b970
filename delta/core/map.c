/*
 * The map of addresses.
 */
#include "delta/core/map.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_LOG 9

static size_t
pages(uint64_t old_size)
{
	return (size_t)(old_size >> PAGE_LOG) + 2;
}

uint64_t
map_memory(uint64_t blocks, uint64_t old_size)
{
	return (blocks + 1) * sizeof(struct block) +
	    pages(old_size) * sizeof(uint32_t);
}

uint64_t
map_sort_memory(uint64_t blocks)
{
	/* qsort may take a copy */
	return blocks * sizeof(struct block);
}

/* A total order, since no two blocks are at one place of new. */
static int
by_old(const void *x, const void *y)
{
	const struct block *a = x, *b = y;

	if (a->old != b->old)
		return a->old < b->old ? -1 : 1;
	return a->new < b->new ? -1 : a->new > b->new;
}

/* Put b behind the n intervals so far, which ascend; returns how many. */
static size_t
sweep(struct block *at, size_t n, struct block b)
{
	struct block *last;
	uint64_t shared;

	while (n > 0) {
		last = &at[n - 1];
		if (last->old + last->len <= b.old)
			break;
		if (b.old + b.len <= last->old + last->len)
			return n;
		if (last->len >= b.len) {
			shared = last->old + last->len - b.old;
			b.old += shared;
			b.new += shared;
			b.len -= shared;
			break;
		}
		if (b.old > last->old) {
			last->len = b.old - last->old;
			break;
		}
		n--;
	}
	at[n++] = b;
	return n;
}

int
map_init(struct map *m, const struct block *blocks, size_t n,
    const struct tables *t, struct err *e)
{
	size_t i, k, count = pages(t->old.file_size);

	memset(m, 0, sizeof(*m));
	m->tables = t;
	m->at = malloc((n + 1) * sizeof(*m->at));
	m->index = malloc(count * sizeof(*m->index));
	if (m->at == NULL || m->index == NULL)
		return err_set(e, ERR_SYS, "block map: out of memory");
	if (n > 0)
		memcpy(m->at, blocks, n * sizeof(*blocks));
	qsort(m->at, n, sizeof(*m->at), by_old);
	for (i = 0; i < n; i++)
		m->n = sweep(m->at, m->n, m->at[i]);
	for (i = k = 0; k < count; k++) {
		while (i < m->n && m->at[i].old < (uint64_t)k << PAGE_LOG)
			i++;
		m->index[k] = (uint32_t)i;
	}
	return 0;
}

void
map_done(struct map *m)
{
	free(m->at);
	free(m->index);
	m->at = NULL;
	m->index = NULL;
}

/* The last interval that begins at or before an offset; NULL: none. */
static const struct block *
find(const struct map *m, uint64_t off)
{
	size_t lo = m->index[off >> PAGE_LOG];
	size_t hi = m->index[(off >> PAGE_LOG) + 1], half;

	while (lo < hi) {
		half = (lo + hi) / 2;
		if (m->at[half].old <= off)
			lo = half + 1;
		else
			hi = half;
	}
	return lo > 0 ? &m->at[lo - 1] : NULL;
}

/* How far a member as a whole moved. */
static uint64_t
member_shift(const struct tables *t, uint64_t va)
{
	const uint64_t k = va >> IMAGE_SPACE_LOG;
	const struct member *old;

	if (k >= t->old.members || t->old.member[k].pair < 0)
		return 0;
	old = &t->old.member[k];
	return t->new.member[old->pair].base - old->base;
}

uint64_t
map_address(const struct map *m, uint64_t va)
{
	const struct image *old = &m->tables->old, *new = &m->tables->new;
	const struct region *r = image_region(old, va), *pair;
	const struct block *b;
	uint64_t shift, off, end;

	if (r == NULL)
		return va + member_shift(m->tables, va);
	pair = r->pair >= 0 ? &new->at[r->pair] : NULL;
	shift = pair ? pair->va - r->va : member_shift(m->tables, va);
	off = va - r->va;
	if (off >= r->size)
		return va + shift;
	off += r->off;
	b = find(m, off);
	if (b == NULL)
		return va + shift;
	end = b->old + b->len;
	va += shift;
	shift = off - b->old + b->new;
	if (pair && shift - pair->off < pair->size)
		return pair->va + (shift - pair->off);
	if (off >= end)
		return va;
	pair = image_span(new, shift, &end);
	return pair ? pair->va + (shift - pair->off) : va;
}
