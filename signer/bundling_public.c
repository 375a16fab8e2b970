/*
 * A bundle without a token: what a server or a static site shows to everybody.
 *
 * A site has the whole publication.  A server shows only the rungs that it has
 * given to somebody, so that nobody learns of what is not out yet: there it is
 * the one rung that a client without an ID gets, which is the offer once
 * everybody may have it.
 */
#include <string.h>

#include "manifest/cohort.h"
#include "signer/bundling.h"

int
bundling_public_open(struct bundling_channel *c, struct existing_ask *ask,
    struct arena *a, struct err *e)
{
	const char *where = ask->source.where;

	ask->source.where =
	    arena_printf(a, e, "%.*s/%s", (int)url_length(where), where, c->id);
	ask->source.site = true;
	return ask->source.where == NULL ? -1
					 : existing_open(&c->there, ask, a, e);
}

/* An honest server gives the offer to a client without an ID in the last stage
 * only; one that was stolen may want to have it carried somewhere earlier. */
static int
check_offer(const struct bundling_channel *c, const struct role *stamp,
    int64_t now_s, struct err *e)
{
	const struct publication *p = c->there.pub;

	if (p->rungs[0].kind != RUNG_OFFER ||
	    (stamp->cap_bp == BP_ALL &&
		manifest_envelope(p->offer, now_s, NULL) == BP_ALL))
		return 0;
	return err_set(e, ERR_REFUSED,
	    "%s: the server offers %s to everybody before its plan does", c->id,
	    p->offer->version);
}

int
bundling_public(
    struct bundling_channel *c, int64_t now_s, struct arena *a, struct err *e)
{
	struct publication_source src = { source_read, &c->there.source };
	const struct metafile *m;
	const struct role *stamp;
	struct bytes file;

	if (source_read(&c->there.source, "timestamp.json", ROLE_TIMESTAMP_MAX,
		a, &file, e) < 0)
		return -1;
	stamp = role_read(a, ROLE_TIMESTAMP, file, ROLE_STRICT, e);
	if (stamp == NULL)
		return -1;
	c->there.pub =
	    publication_view(a, &src, c->there.root, stamp, now_s, e);
	if (c->there.pub == NULL)
		return -1;
	c->only = !stamp->offline;
	if (c->only) {
		c->everybody = c->there.pub->rungs[0].kind == RUNG_OFFER;
		return check_offer(c, stamp, now_s, e);
	}
	m = role_meta(stamp, "snapshot.json");
	c->round = stamp->version / LADDER_MAX;
	c->there.pub = publication_load(
	    a, &src, c->there.root, m->version / LADDER_MAX, now_s, e);
	if (c->there.pub == NULL)
		return -1;
	existing_base(&c->there.base, c->there.pub, now_s);
	return 0;
}
