/*
 * What an offer says of its release, but for the files.
 */
#include <sodium.h>
#include <string.h>

#include "manifest/base/text.h"
#include "manifest/cohort.h"
#include "manifest/semver.h"
#include "signer/publish_decide.h"
#include "signer/verbs.h"

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
		if ((seqs[i] = publish_named(k, "repairs", p->repairs.at[i])) <
		    0)
			return -1;
		if (existing_release(k->prev, seqs[i], &r, k->a, &none) == 0)
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

/* Nothing widens a rollout further than its last stage was signed for. */
static void
say_end(const struct rollout *r)
{
	int last = r->nplan == 0 ? BP_ALL : r->plan[r->nplan - 1].percent_bp;

	if (last < BP_ALL)
		verbs_say("note: the plan ends at %d.%02d percent: no other"
			  " machine gets this release by itself",
		    last / 100, last % 100);
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
	say_end(r);
	return salt == NULL ? -1 : 0;
}

/*
 * A client takes a lower version than its own only when a user asks by hand:
 * such an offer reaches nobody who has the one before.
 */
static int
check_version(struct deciding *k)
{
	const struct publication *pub = k->prev->pub;
	const char *before = pub == NULL ? NULL : pub->offer->version;

	if (before == NULL || k->p->lower_version ||
	    semver_cmp(k->p->version, before) >= 0)
		return 0;
	verb_hint("give it a higher version; --lower-version signs it all the"
		  " same");
	return err_set(k->e, ERR_REFUSED,
	    "version %s is lower than %s, which is published: machines that"
	    " have that one would stay on it",
	    k->p->version, before);
}

int
publish_offer_new(struct deciding *k)
{
	const struct publish *p = k->p;
	struct manifest *m = &k->d->offer;
	const struct publication_base *b = &k->d->base;

	if (semver_check(p->version, k->e) < 0)
		return -1;
	m->version = p->version;
	m->seq = p->seq >= 0 ? p->seq : b->next_seq;
	if (m->seq <= b->seq &&
	    (m->seq == b->seq ||
		!publication_anew(m->seq, k->prev->root, k->prev->pub, b)))
		return err_set(k->e, ERR_CONFLICT,
		    "release %lld is not above %lld, which is published",
		    (long long)m->seq, (long long)b->seq);
	if (existing_seq(k->prev, p->version) >= 0)
		return err_set(k->e, ERR_CONFLICT,
		    "version %s is published already", p->version);
	if (check_version(k) < 0)
		return -1;
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
int
publish_offer_again(struct deciding *k)
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
