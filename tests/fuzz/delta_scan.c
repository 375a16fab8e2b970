/*
 * Fuzz target: every scanner, over bytes in regions of every kind, and the
 * readers of containers.  What is found must lie in its region, ascend, and
 * have a target that can be asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "delta/layout.h"
#include "delta/native.h"

#define INPUT_MAX 16384

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

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
