/*
 * What a publication will be, before any file is touched.
 */
#include "signer/publish_decide.h"

#include <string.h>

#include "signer/verbs.h"

int64_t
publish_named(struct deciding *k, const char *opt, const char *version)
{
	int64_t seq = existing_seq(k->prev, version);

	if (seq < 0)
		(void)err_set(k->e, ERR_MISSING,
		    "--%s %s: the publication before names no such release",
		    opt, version);
	return seq;
}

/* --- the base ------------------------------------------------------------- */

static int
override_fallback(struct deciding *k)
{
	struct publication_base *b = &k->d->base;
	const struct publication_base old = *b;
	int64_t seq;

	if (k->p->fallback == NULL)
		return 0;
	if (strcmp(k->p->fallback, "none") == 0) {
		b->ngood = 0;
		b->fallback_seq = 0;
		return 0;
	}
	if ((seq = publish_named(k, "fallback", k->p->fallback)) < 0)
		return -1;
	b->fallback_seq = b->good_seq[0] = seq;
	b->ngood = 1;
	for (int i = 0; i < old.ngood && b->ngood < LADDER_MAX; i++) {
		if (old.good_seq[i] < seq)
			b->good_seq[b->ngood++] = old.good_seq[i];
	}
	return 0;
}

static int
decide_base(struct deciding *k)
{
	k->d->base = k->prev->base;
	for (size_t i = 0; i < k->p->withdrawn.n; i++) {
		int64_t seq =
		    publish_named(k, "withdrawn", k->p->withdrawn.at[i]);

		if (seq < 0)
			return -1;
		existing_withdraw(&k->d->base, seq);
	}
	return override_fallback(k);
}

/* --- the ladder ----------------------------------------------------------- */

/* Would a rollback to seq undo a security release? */
static bool
past_security(struct deciding *k, int64_t seq)
{
	const struct publication *pub = k->prev->pub;

	if (k->d->offer.security)
		return true;
	for (int i = 0; pub != NULL && i < pub->nrungs; i++) {
		const struct manifest *m = pub->rungs[i].manifest;

		if (m->security && m->seq > seq && m->seq < k->d->offer.seq)
			return true;
	}
	return false;
}

static bool
permitted(struct deciding *k, int64_t seq)
{
	if (seq < k->d->compose.floor_seq)
		return false;
	if (!past_security(k, seq))
		return true;
	for (size_t i = 0; i < k->p->rollback_to.n; i++) {
		if (existing_seq(k->prev, k->p->rollback_to.at[i]) == seq)
			return true;
	}
	return false;
}

/* The newest K good releases, and the pinned ones among the older. */
static int
decide_good(struct deciding *k)
{
	const struct publication_base *b = &k->d->base;
	struct ladder *l = &k->d->compose.ladder;
	int64_t want = k->p->good < 0 ? LADDER_GOOD : k->p->good;
	int room = (LADDER_MAX - 1) / l->nblocks - 2;
	struct release r;

	if (want > room)
		return err_set(k->e, ERR_USAGE,
		    "--good %lld: a ladder has room for %d", (long long)want,
		    room);
	for (int i = 0; i < b->ngood; i++) {
		int64_t seq = b->good_seq[i];

		if (i >= want && !ladder_lists(b->pin_seq, b->npins, seq))
			continue;
		if (!permitted(k, seq)) {
			verbs_say("no rollback to release %lld: below the"
				  " floor, or past a security release"
				  " (--rollback-to)",
			    (long long)seq);
			continue;
		}
		if (existing_release(k->prev, seq, &r, k->a, k->e) < 0) {
			if (i == 0)
				return -1;
			continue; /* too old to be known: none may have it */
		}
		if (l->ngood == room)
			return err_set(k->e, ERR_REFUSED,
			    "more pinned releases than a ladder has room for");
		k->d->compose.good[l->ngood] = r;
		l->good_seq[l->ngood++] = seq;
	}
	if (l->ngood > 0 && l->good_seq[0] != l->fallback_seq)
		return err_set(k->e, ERR_REFUSED,
		    "a rollback past the fallback is not possible: name the"
		    " fallback with --rollback-to too");
	return 0;
}

static int
renew_good(struct deciding *k)
{
	const struct ladder *old = &k->prev->pub->ladder;
	struct ladder *l = &k->d->compose.ladder;

	l->ngood = old->ngood;
	for (int i = 0; i < old->ngood; i++) {
		l->good_seq[i] = old->good_seq[i];
		if (existing_release(k->prev, old->good_seq[i],
			&k->d->compose.good[i], k->a, k->e) < 0)
			return -1;
	}
	return 0;
}

static int
decide_ladder(struct deciding *k)
{
	struct compose *c = &k->d->compose;
	struct ladder *l = &c->ladder;
	const struct publication *pub = k->prev->pub;

	l->m = ladder_m(k->d->base.m, k->p->now_s);
	l->offer_seq = k->d->offer.seq;
	l->nblocks = k->p->no_lift ? 1 : LADDER_BLOCKS;
	l->fallback_seq = k->d->base.fallback_seq;
	if (k->d->renewal) {
		if (!k->p->no_lift)
			l->nblocks = pub->ladder.nblocks;
		l->fallback_seq = pub->ladder.fallback_seq;
	}
	c->floor_seq = pub == NULL ? 0 : pub->offer->floor_seq;
	if (k->p->floor_seq >= 0)
		c->floor_seq = k->p->floor_seq;
	if (c->floor_seq > l->offer_seq)
		return err_set(k->e, ERR_USAGE,
		    "--floor %lld is above the release itself, %lld",
		    (long long)c->floor_seq, (long long)l->offer_seq);
	if (l->fallback_seq > 0 &&
	    existing_release(
		k->prev, l->fallback_seq, &c->fallback, k->a, k->e) < 0)
		return err_in(k->e, "fallback");
	return k->d->renewal ? renew_good(k) : decide_good(k);
}

/*
 * Releases that rollbacks lead away from beside the offer and the good ones:
 * the offer before, which may never have become good.
 */
static int
decide_also(struct deciding *k)
{
	const struct publication *pub = k->prev->pub;
	struct compose *c = &k->d->compose;
	const struct manifest *last;
	int64_t *list;

	if (pub == NULL)
		return 0;
	last = pub->rungs[2 + pub->ladder.ngood].manifest;
	list = arena_array(k->a, MANIFEST_FROM_MAX + 1, sizeof(*list), k->e);
	if (list == NULL)
		return -1;
	if (!k->d->renewal)
		list[c->nalso++] = k->d->base.seq;
	for (size_t i = 0;
	     k->d->renewal && last->permission && i < last->rollback.nfrom; i++)
		list[c->nalso++] = last->rollback.from[i].seq;
	c->also = list;
	return 0;
}

int
publish_decide(const struct publish *p, const struct existing *prev,
    struct publish_decision *d, struct arena *a, struct err *e)
{
	struct deciding k = { p, prev, d, a, e };
	struct compose *c = &d->compose;

	memset(d, 0, sizeof(*d));
	if (p->version == NULL && prev->pub == NULL)
		return err_set(e, ERR_USAGE,
		    "nothing to renew: --previous has no publication");
	d->renewal = prev->pub != NULL &&
	    (p->version == NULL ||
		strcmp(p->version, prev->pub->offer->version) == 0);
	if (decide_base(&k) < 0)
		return -1;
	if ((d->renewal ? publish_offer_again(&k) : publish_offer_new(&k)) <
		0 ||
	    decide_ladder(&k) < 0)
		return -1;
	c->product = p->product;
	c->channel = p->channel;
	c->created_s = d->offer.created_s;
	c->expires_s = p->expires_s;
	c->withdrawn = d->base.withdrawn_seq;
	c->nwithdrawn = d->base.nwithdrawn;
	c->reason = p->reason;
	return decide_also(&k);
}
