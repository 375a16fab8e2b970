/*
 * Walking through a block.
 */
#include "delta/core/walk.h"

void
walk_begin(struct walk *w, const struct sites *old, uint64_t off, uint64_t len)
{
	w->sites = old;
	w->at = off;
	w->end = off + len;
	w->span = w->plain = off;
	w->region = NULL;
	w->has_next = false;
}

/* The next reference that lies in the region and the block as a whole. */
static void
find_site(struct walk *w)
{
	w->has_next = w->region != NULL && site_peek(&w->cursor, &w->next) &&
	    w->next.off < w->span &&
	    site_width(w->next.kind) <= w->span - w->next.off;
	w->plain = w->has_next ? w->next.off : w->span;
}

static void
enter_span(struct walk *w)
{
	w->region = image_span(w->sites->image, w->at, &w->span);
	if (w->span > w->end)
		w->span = w->end;
	if (w->region)
		site_seek(&w->cursor, w->sites, w->region, w->at);
	find_site(w);
}

/* Bytes and words up to the next reference. */
static void
plain(struct walk *w, struct walk_item *item)
{
	uint64_t len = w->plain - w->at;
	/* by address: a member may lie at an odd offset */
	uint64_t edge = -region_address(w->region, w->at) & 3;

	item->off = w->at;
	item->kind = WALK_BYTES;
	item->len = len;
	if (!region_is_code(w->region) && len >= edge) {
		if (edge > 0) {
			item->len = edge;
		} else if (len >= 4) {
			item->kind = WALK_WORDS;
			item->len = len & ~(uint64_t)3;
		}
	}
	w->at += item->len;
}

bool
walk_next(struct walk *w, struct walk_item *item)
{
	while (w->at == w->plain) {
		if (w->has_next) {
			item->kind = WALK_SITE;
			item->off = w->at;
			item->len = site_width(w->next.kind);
			item->site = w->next;
			item->region = w->region;
			w->at += item->len;
			site_skip(&w->cursor);
			find_site(w);
			return true;
		}
		if (w->at == w->end)
			return false;
		enter_span(w);
	}
	plain(w, item);
	return true;
}
