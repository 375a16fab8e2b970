/*
 * What a publication will be, before any file is touched.
 */
#include <sodium.h>
#include <string.h>

#include "manifest/base/text.h"
#include "manifest/cohort.h"
#include "manifest/semver.h"
#include "signer/publish.h"
#include "signer/verbs.h"

struct deciding {
	const struct publish *p;
	const struct previous *prev;
	struct publish_decision *d;
	struct arena *a;
	struct err *e;
};

static bool
listed(const int64_t *list, int n, int64_t seq)
{
	for (int i = 0; i < n; i++) {
		if (list[i] == seq)
			return true;
	}
	return false;
}

/* A release that the person named, by version or number. */
static int64_t
named(struct deciding *k, const char *opt, const char *version)
{
	int64_t seq = previous_seq(k->prev, version);

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
	if ((seq = named(k, "fallback", k->p->fallback)) < 0)
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
		int64_t seq = named(k, "withdrawn", k->p->withdrawn.at[i]);

		if (seq < 0)
			return -1;
		previous_withdraw(&k->d->base, seq);
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
		if (previous_seq(k->prev, k->p->rollback_to.at[i]) == seq)
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

		if (i >= want && !listed(b->pin_seq, b->npins, seq))
			continue;
		if (!permitted(k, seq)) {
			verbs_say("no rollback to release %lld: below the"
				  " floor, or past a security release"
				  " (--rollback-to)",
			    (long long)seq);
			continue;
		}
		if (previous_release(k->prev, seq, &r, k->a, k->e) < 0) {
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
		if (previous_release(k->prev, old->good_seq[i],
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
	    previous_release(
		k->prev, l->fallback_seq, &c->fallback, k->a, k->e) < 0)
		return err_in(k->e, "fallback");
	return k->d->renewal ? renew_good(k) : decide_good(k);
}

/* --- the offer ------------------------------------------------------------ */

static int
decide_repairs(struct deciding *k, const char **salt)
{
	const struct publish *p = k->p;
	struct manifest *m = &k->d->offer;
	int64_t *seqs = arena_array(k->a, p->repairs.n, sizeof(*seqs), k->e);
	const char **versions =
	    arena_array(k->a, p->repairs.n, sizeof(*versions), k->e);
	bool all = p->repairs.n > 0;
	struct release r;
	struct err none = { 0 };

	*salt = NULL;
	if (seqs == NULL || versions == NULL)
		return -1;
	if (p->repairs.n > MANIFEST_REPAIRS_MAX)
		return err_set(k->e, ERR_LIMIT, "too many --repairs");
	for (size_t i = 0; i < p->repairs.n; i++) {
		if ((seqs[i] = named(k, "repairs", p->repairs.at[i])) < 0)
			return -1;
		if (previous_release(k->prev, seqs[i], &r, k->a, &none) == 0)
			versions[i] = r.m->version;
		else
			all = false;
		if (k->prev->pub != NULL && seqs[i] == k->prev->pub->offer->seq)
			*salt = k->prev->pub->offer->rollout.salt;
	}
	m->repairs = seqs;
	m->nrepairs = p->repairs.n;
	m->repairs_versions = all ? versions : NULL;
	if (p->repairs.n > 0 && *salt == NULL)
		verbs_say("note: the repaired release is not the one on"
			  " offer: the rollout is drawn afresh");
	return 0;
}

static int
decide_rollout(struct deciding *k)
{
	struct rollout *r = &k->d->offer.rollout;
	const char *salt;
	uint8_t random[SALT_BYTES];
	char hex[HEX_SIZE(SALT_BYTES)];

	if (decide_repairs(k, &salt) < 0)
		return -1;
	if (salt == NULL) {
		randombytes_buf(random, sizeof(random));
		hex_write(hex, random, sizeof(random));
		salt = arena_text(k->a, hex, k->e);
	}
	r->salt = salt;
	r->control_bp = k->p->plan.control_bp;
	r->plan = k->p->plan.stages;
	r->nplan = k->p->plan.n;
	return salt == NULL ? -1 : 0;
}

static int
decide_new(struct deciding *k)
{
	const struct publish *p = k->p;
	struct manifest *m = &k->d->offer;
	const struct publication_base *b = &k->d->base;

	if (semver_check(p->version, k->e) < 0)
		return -1;
	m->version = p->version;
	m->seq = p->seq >= 0 ? p->seq : b->next_seq;
	if (m->seq <= b->seq)
		return err_set(k->e, ERR_CONFLICT,
		    "release %lld is not above %lld, which is published",
		    (long long)m->seq, (long long)b->seq);
	if (previous_seq(k->prev, p->version) >= 0)
		return err_set(k->e, ERR_CONFLICT,
		    "version %s is published already", p->version);
	if (p->artifacts.n == 0)
		return err_set(k->e, ERR_USAGE, "--artifact is needed");
	m->created_s = p->now_s;
	m->not_before_s = p->not_before_s;
	m->critical = p->critical;
	m->security = p->security;
	m->notes_url = p->notes_url;
	m->minimum_os = p->minimum_os;
	return decide_rollout(k);
}

/* The same release again: only what cannot hurt may change. */
static int
decide_renewal(struct deciding *k)
{
	const struct publish *p = k->p;
	struct manifest *m = &k->d->offer;

	if (p->planned || p->not_before_s != 0 || p->repairs.n > 0 ||
	    p->fallback != NULL || p->withdrawn.n > 0 ||
	    (p->seq >= 0 && p->seq != k->d->base.seq))
		return err_set(k->e, ERR_USAGE,
		    "%s is on offer already: plan, dates, repairs, fallback"
		    " and number stay as they are",
		    k->prev->pub->offer->version);
	*m = *k->prev->pub->offer;
	m->critical |= p->critical;
	m->security |= p->security;
	if (p->notes_url != NULL)
		m->notes_url = p->notes_url;
	if (p->minimum_os != NULL)
		m->minimum_os = p->minimum_os;
	return 0;
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
publish_decide(const struct publish *p, const struct previous *prev,
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
	if ((d->renewal ? decide_renewal(&k) : decide_new(&k)) < 0 ||
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
