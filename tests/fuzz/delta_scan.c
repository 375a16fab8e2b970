/*
 * Fuzz target: every scanner, over bytes in regions of every kind, and the
 * readers of containers.  What is found must lie in its region, ascend, and
 * have a target that can be asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "delta/layout.h"
#include "delta/native.h"
#include "manifest/base/file.h"
#include "tests/fuzz/mutate.h"

#define INPUT_MAX 32768

static void
scan(const uint8_t *at, const struct image *m)
{
	struct site_cursor c;
	struct site site;
	struct sites s;
	struct err e;
	size_t i, n = 0;

	if (sites_scan(&s, at, m, SIZE_MAX, &e) < 0)
		abort();
	for (i = 0; i < m->n_by_offset; i++) {
		const struct region *r = &m->at[m->by_offset[i]];
		uint64_t end = r->off;

		site_seek(&c, &s, r, r->off);
		for (; site_peek(&c, &site); site_skip(&c), n++) {
			if (site.off < end || site.kind >= SITE_KINDS ||
			    site.off - r->off + site_width(site.kind) > r->size)
				abort();
			end = site.off + site_width(site.kind);
			(void)site_target(&s, r, &site);
		}
	}
	if (n != s.n)
		abort();
	sites_done(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static struct layout l;
	struct image *m = &l.image;
	struct err e;
	size_t cut, i;

	if (len < 16 || len > INPUT_MAX)
		return -1;
	layout_read(&l, (struct bytes){ at, len });
	scan(at, m);
	/* code, then what code points into */
	memset(&l, 0, sizeof(l));
	cut = 8 + (at[1] | (size_t)at[2] << 8) % (len - 8);
	m->file_size = len;
	m->member = &l.member;
	m->at = l.region;
	m->by_offset = l.by_offset;
	m->members = 1;
	l.member.n = 2;
	l.member.base = 0x1000;
	m->at[0] = (struct region){ 0x1000 + (at[3] & 7), 8, cut - 8,
		cut - 8 + 1, at[0] & 1 ? REGION_X86 : REGION_A64, -1 };
	m->at[1] = (struct region){ 0x10000 + (at[4] & 7), cut, len - cut,
		len - cut + 1, (enum region_kind)(at[0] >> 1) % REGION_KINDS,
		-1 };
	m->n = 2;
	if (m->at[1].size == 0)
		m->at[1].off = 0;
	for (i = 0; i < IMAGE_GO; i++)
		l.member.go[i] = m->at[1].va + at[5] % 64;
	if (image_check(m, &e) < 0)
		abort();
	scan(at, m);
	return 0;
}

/* --- mutation ----------------------------------------------------------------- */

/* Some bytes of a region; the file is as long as it was. */
static void
change_region(struct mutate *m, uint8_t *at, const struct region *r)
{
	uint8_t part[64];
	size_t n = r->size < sizeof(part) ? (size_t)r->size : sizeof(part), i;

	if (n == 0)
		return;
	i = (size_t)(r->off + mutate_below(m, r->size - n + 1));
	memcpy(part, at + i, n);
	n = LLVMFuzzerMutate(part, n, n);
	memcpy(at + i, part, n);
}

/* A word of a region is an address or a distance that means something here. */
static void
change_pointer(struct mutate *m, uint8_t *at, const struct layout *l)
{
	const struct image *i = &l->image;
	const struct region *r = &i->at[mutate_below(m, i->n)];
	const struct region *to = &i->at[mutate_below(m, i->n)];
	uint64_t target = to->va + mutate_below(m, to->mem + 1), off;

	if (r->size < 8)
		return;
	off = r->off + (mutate_below(m, r->size - 7) & ~(uint64_t)3);
	if (off < r->off)
		return;
	switch (mutate_below(m, 3)) {
	case 0:
		number_put_u64(at + off, target);
		break;
	case 1:
		number_put_u32(at + off, (uint32_t)(target - r->va));
		break;
	default:
		number_put_u32(at + off, (uint32_t)(target - l->member.base));
	}
}

/* A field of the headers, which are at the beginning, and of ELF at the end. */
static void
change_header(struct mutate *m, uint8_t *at, size_t len)
{
	size_t within = len < 1024 ? len : 1024, i;

	if (within < 8)
		return;
	i = (size_t)mutate_below(m, within / 4 - 1) * 4;
	if (mutate_below(m, 3) == 0)
		i += len - within;
	if (mutate_below(m, 2))
		number_put_u64(
		    at + i, mutate_number(m, number_u64(at + i), len));
	else
		number_put_u32(at + i,
		    (uint32_t)mutate_number(m, number_u32(at + i), len));
}

/* The digests of a signed Mach-O's pages, which bytes were changed in. */
static void
sign(uint8_t *at, const struct pages *p)
{
	uint64_t page = (uint64_t)1 << p->page_log, from = 0, n;

	for (uint32_t i = 0; i < p->count; i++, from += n) {
		n = p->limit - from < page ? p->limit - from : page;
		sha256(at + p->slots + (size_t)i * SHA256_SIZE, at + from,
		    (size_t)n);
	}
}

size_t
LLVMFuzzerCustomMutator(uint8_t *at, size_t len, size_t room, unsigned seed)
{
	static struct layout l;
	struct mutate m = mutate_begin(seed);

	if (mutate_below(&m, 8) == 0 ||
	    !layout_read(&l, (struct bytes){ at, len }))
		return LLVMFuzzerMutate(at, len, room);
	do {
		switch (mutate_below(&m, 4)) {
		case 0:
			change_header(&m, at, len);
			break;
		case 1:
			change_pointer(&m, at, &l);
			break;
		default:
			change_region(
			    &m, at, &l.image.at[mutate_below(&m, l.image.n)]);
		}
	} while (mutate_below(&m, 3) > 0);
	if (l.pages.count > 0 && mutate_below(&m, 8) > 0)
		sign(at, &l.pages);
	return len;
}
