/*
 * Views: what a file looks like when references are labels.
 */
#include <string.h>

#include "delta/core/refs.h"
#include "delta/native.h"

#define SPREAD 0x9e3779b97f4a7c15

static void
fill_site(const struct view_fill *f, const struct region *r,
    const struct site *site, uint8_t *at)
{
	struct ref x = { .kind = site->kind, .width = site_width(site->kind) };
	uint64_t target = 0;
	uint8_t field[8];

	if (!f->blank)
		target = site_target(f->sites, r, site);
	if (f->map)
		target = map_address(f->map, target);
	if (x.kind == SITE_RELOC)
		x.word = number_u16(at);
	if (x.kind == SITE_A64) {
		x.word = number_u32(at);
		a64_decode(x.word, &x.a64);
	}
	/*
	 * From 0, at 0: the target itself, but spread over the field, since
	 * different targets should look different in every byte.
	 */
	if (x.width == 8)
		target *= SPREAD;
	refs_put(&x, target, field);
	memcpy(at, field, x.width);
}

void
view_fill(const struct view_fill *f, struct bytes file, uint8_t *out)
{
	const struct image *m = f->sites->image;
	struct site_cursor c;
	struct site site;
	size_t i;

	memcpy(out, file.at, file.len);
	for (i = 0; i < m->n_by_offset; i++) {
		const struct region *r = &m->at[m->by_offset[i]];

		site_seek(&c, f->sites, r, r->off);
		for (; site_peek(&c, &site); site_skip(&c))
			fill_site(f, r, &site, out + site.off);
	}
}
