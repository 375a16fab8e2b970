/*
 * What hold, offer, halt and rollbacks say.
 */
#include "signer/compose_manifest.h"

#include <string.h>

#define FROM_ROOM (MANIFEST_FROM_MAX + 2 * LADDER_MAX + 2)

static void
add_from(struct rollback *r, struct rollback_from *list, int64_t seq)
{
	if (seq <= r->to_seq)
		return;
	for (size_t i = 0; i < r->nfrom; i++) {
		if (list[i].seq == seq)
			return;
	}
	list[r->nfrom++].seq = seq;
}

/*
 * The permission to go back.  A rollback leads away from everything newer that
 * this channel has had; hold and halt only from what was withdrawn, so that a
 * machine that slept through a rollback is brought back too.
 */
static int
permission(const struct compose *c, bool rollback, struct manifest *m,
    struct arena *a, struct err *e)
{
	struct rollback_from *list =
	    arena_array(a, FROM_ROOM, sizeof(*list), e);
	struct rollback *r = &m->rollback;

	if (list == NULL)
		return -1;
	/* the manifest may be a copy of one that had a permission */
	*r = (struct rollback){ .from = list };
	r->to_seq = m->seq;
	r->reason = rollback ? c->reason : "withdrawn";
	r->not_after_s = c->expires_s;
	if (rollback) {
		add_from(r, list, c->ladder.offer_seq);
		for (int i = 0; i < c->nalso; i++)
			add_from(r, list, c->also[i]);
		for (int i = 0; i < c->ladder.ngood; i++)
			add_from(r, list, c->ladder.good_seq[i]);
	}
	for (int i = 0; i < c->nwithdrawn; i++) {
		if (rollback || c->withdrawn[i] != c->ladder.offer_seq)
			add_from(r, list, c->withdrawn[i]);
	}
	m->permission = r->nfrom > 0;
	return 0;
}

static const struct release *
release_at(const struct compose *c, int place)
{
	if (place == 1)
		return &c->offer;
	return place >= 3 ? &c->good[place - 3] : &c->fallback;
}

int
compose_manifest(const struct compose *c, int place, struct compose_view *out,
    struct arena *a, struct err *e)
{
	struct manifest *m = &out->manifest;
	AUTO_BUF b;

	buf_init(&b, MANIFEST_MAX);
	memset(out, 0, sizeof(*out));
	out->release = *release_at(c, place);
	if (out->release.m != NULL)
		*m = *out->release.m;
	m->product = c->product;
	m->channel = c->channel;
	m->created_s = c->created_s;
	m->expires_s = c->expires_s;
	m->floor_seq = c->floor_seq < m->seq ? c->floor_seq : m->seq;
	m->kind = place == 2 ? MANIFEST_HALT
	    : place >= 3     ? MANIFEST_ROLLBACK
			     : MANIFEST_RELEASE;
	m->offer = place == 1;
	m->permission = false;
	if (place != 1)
		m->not_before_s = 0;
	if (place != 1 && m->seq != 0 && permission(c, place >= 3, m, a, e) < 0)
		return -1;
	if (manifest_write(m, &b, e) < 0 || buf_ok(&b, e) < 0)
		return err_in(e, "%s",
		    place == 0	     ? "hold"
			: place == 1 ? "offer"
				     : manifest_kind_name(m->kind));
	out->file.len = b.len;
	if ((out->file.at = arena_bytes(a, b.at, b.len, e)) == NULL)
		return -1;
	sha256(out->sha256, b.at, b.len);
	return 0;
}
