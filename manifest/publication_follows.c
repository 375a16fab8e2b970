/*
 * The rules between a publication and the channel's state before it: what
 * intake refuses however well it is signed.  Pure.
 */
#include <string.h>

#include "manifest/publication.h"

static bool
has_seq(const int64_t *seqs, int n, int64_t seq)
{
	for (int i = 0; i < n; i++)
		if (seqs[i] == seq)
			return true;
	return false;
}

/* A rung's manifest that names this release; NULL: none does. */
static const struct manifest *
naming(const struct publication *p, int64_t seq)
{
	for (int i = 0; i < p->nrungs; i++)
		if (p->rungs[i].manifest->seq == seq)
			return p->rungs[i].manifest;
	return NULL;
}

/* Platforms may be added to a release; what it had stays as it was. */
static int
check_same_release(
    const struct manifest *new, const struct manifest *old, struct err *e)
{
	if (strcmp(new->version, old->version) != 0)
		return err_set(e, ERR_REFUSED,
		    "release %lld is version %s, it was published as %s",
		    (long long)new->seq, new->version, old->version);
	for (size_t i = 0; i < old->nartifacts; i++) {
		const struct artifact *a = &old->artifacts[i];

		if (!publication_same_artifact(
			a, manifest_artifact(new, a->os, a->arch)))
			return err_set(e, ERR_REFUSED,
			    "release %lld no longer has the artifact of %s-%s "
			    "with the bytes that were published",
			    (long long)new->seq, a->os, a->arch);
	}
	return 0;
}

static int
check_releases(const struct publication *p, const struct publication *previous,
    struct err *e)
{
	int first_blocks = 3 + p->ladder.ngood;

	for (int i = 0; i < first_blocks; i++) {
		const struct manifest *m = p->rungs[i].manifest;
		const struct manifest *old =
		    m->seq == 0 ? NULL : naming(previous, m->seq);

		if (old != NULL && check_same_release(m, old, e) < 0)
			return -1;
	}
	return 0;
}

/* Whether any release key of the old root still signs under the new one. */
static bool
keys_remain(const struct role *new, const struct role *old)
{
	const struct role_keys *a = &new->roles[ROLE_TARGETS];
	const struct role_keys *b = &old->roles[ROLE_TARGETS];

	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < b->n; k++)
			if (strcmp(a->keyids[i], b->keyids[k]) == 0)
				return true;
	return false;
}

bool
publication_anew(int64_t seq, const struct role *root,
    const struct publication *previous, const struct publication_base *base)
{
	return previous != NULL && !keys_remain(root, previous->root) &&
	    seq > base->fallback_seq &&
	    !has_seq(base->good_seq, base->ngood, seq) &&
	    !has_seq(base->withdrawn_seq, base->nwithdrawn, seq);
}

static int
check_floor(const struct publication *p, const struct publication *previous,
    struct err *e)
{
	/* clients take the floor anew when no key is left that set it */
	if (p->offer->floor_seq >= previous->offer->floor_seq ||
	    !keys_remain(p->root, previous->root))
		return 0;
	return err_set(e, ERR_REFUSED,
	    "lowers the floor from release %lld to %lld",
	    (long long)previous->offer->floor_seq,
	    (long long)p->offer->floor_seq);
}

static bool
names_from(const struct manifest *m, int64_t seq)
{
	for (size_t i = 0; m->permission && i < m->rollback.nfrom; i++)
		if (m->rollback.from[i].seq == seq)
			return true;
	return false;
}

/*
 * Machines that slept through a rollback are brought back by hold and halt of
 * every later publication, until its fallback is newer.  What is on offer
 * itself (a renewal after a lift) is left to the rollback rungs.
 */
static int
check_withdrawn(const struct publication *p,
    const struct publication_base *base, struct err *e)
{
	for (int i = 0; i < base->nwithdrawn; i++) {
		int64_t seq = base->withdrawn_seq[i];

		if (p->ladder.fallback_seq == 0 ||
		    seq <= p->ladder.fallback_seq || seq == p->offer->seq)
			continue;
		for (int r = 0; r < 3; r += 2) /* hold and the first halt */
			if (!names_from(p->rungs[r].manifest, seq))
				return err_set(e, ERR_REFUSED,
				    "%s forgets the permission to go back "
				    "from the withdrawn release %lld",
				    rung_kind_name(p->rungs[r].kind),
				    (long long)seq);
	}
	return 0;
}

/* The signer leaves out what is below the floor or past a security release. */
static bool
may_leave_out(const struct publication *p, int64_t seq)
{
	if (seq < p->offer->floor_seq)
		return true;
	for (int i = 0; i < p->nrungs; i++) {
		const struct manifest *m = p->rungs[i].manifest;

		if (m->security && m->seq > seq)
			return true;
	}
	return false;
}

static int
check_good(const struct publication *p, const struct publication *previous,
    const struct publication_base *base, struct err *e)
{
	const struct ladder *l = &p->ladder;

	for (int i = 0; i < l->ngood; i++) {
		int64_t seq = l->good_seq[i];

		if (!has_seq(base->good_seq, base->ngood, seq) &&
		    (previous == NULL ||
			!has_seq(previous->ladder.good_seq,
			    previous->ladder.ngood, seq)))
			return err_set(e, ERR_REFUSED,
			    "goes back to release %lld, which is no good "
			    "release of this channel",
			    (long long)seq);
	}
	for (int i = 0; i < base->npins; i++) {
		int64_t seq = base->pin_seq[i];

		if (has_seq(base->good_seq, base->ngood, seq) &&
		    !has_seq(l->good_seq, l->ngood, seq) &&
		    !may_leave_out(p, seq))
			return err_set(e, ERR_REFUSED,
			    "has no rollback to the pinned release %lld",
			    (long long)seq);
	}
	return 0;
}

static bool
same_rollout(const struct rollout *a, const struct rollout *b)
{
	if (strcmp(a->salt, b->salt) != 0 || a->control_bp != b->control_bp ||
	    a->nplan != b->nplan)
		return false;
	for (size_t i = 0; i < a->nplan; i++)
		if (a->plan[i].percent_bp != b->plan[i].percent_bp ||
		    a->plan[i].not_before_s != b->plan[i].not_before_s ||
		    a->plan[i].min_duration_s != b->plan[i].min_duration_s)
			return false;
	return true;
}

/* The same release again: whoever has it, or waits for it, notices nothing. */
static int
check_renewal(const struct publication *p, const struct publication *previous,
    const struct publication_base *base, struct err *e)
{
	const struct ladder *old = &previous->ladder;
	const struct manifest *a = p->offer, *b = previous->offer;

	if (a->seq != b->seq)
		return err_set(e, ERR_REFUSED,
		    "release %lld is not the one that is on offer, %lld",
		    (long long)a->seq, (long long)b->seq);
	if (p->ladder.fallback_seq != old->fallback_seq)
		return err_set(e, ERR_REFUSED,
		    "a renewal with the fallback %lld instead of %lld",
		    (long long)p->ladder.fallback_seq,
		    (long long)old->fallback_seq);
	for (int i = 0; i < old->ngood; i++)
		if (!has_seq(
			p->ladder.good_seq, p->ladder.ngood, old->good_seq[i]))
			return err_set(e, ERR_REFUSED,
			    "a renewal without the rollback to release %lld",
			    (long long)old->good_seq[i]);
	if (a->created_s != b->created_s ||
	    a->not_before_s != b->not_before_s ||
	    (base->created_s != 0 && a->created_s != base->created_s))
		return err_set(e, ERR_REFUSED,
		    "a renewal with another created or not_before");
	if (!same_rollout(&a->rollout, &b->rollout))
		return err_set(e, ERR_REFUSED,
		    "a renewal with another salt, control slice or plan");
	return 0;
}

static int
check_new(const struct publication *p, const struct publication *previous,
    const struct publication_base *base, struct err *e)
{
	if (p->offer->seq < base->seq &&
	    !publication_anew(p->offer->seq, p->root, previous, base))
		return err_set(e, ERR_CONFLICT,
		    "release %lld is not above %lld, which is published",
		    (long long)p->offer->seq, (long long)base->seq);
	if (base->version != NULL &&
	    strcmp(p->offer->version, base->version) == 0)
		return err_set(e, ERR_CONFLICT,
		    "version %s is published already, as release %lld",
		    base->version, (long long)base->seq);
	if (p->ladder.fallback_seq != base->fallback_seq)
		return err_set(e, ERR_REFUSED,
		    "the fallback is release %lld; the newest that everybody "
		    "may have is %lld",
		    (long long)p->ladder.fallback_seq,
		    (long long)base->fallback_seq);
	return 0;
}

int
publication_follows(const struct publication *p,
    const struct publication *previous, const struct publication_base *base,
    struct err *e)
{
	bool renewal = base->seq != 0 && p->offer->seq == base->seq;

	if (p->ladder.m <= base->m)
		return err_set(e, ERR_CONFLICT,
		    "m %lld is not above %lld, which is published",
		    (long long)p->ladder.m, (long long)base->m);
	if (renewal && previous == NULL)
		return err_set(e, ERR_REFUSED,
		    "release %lld again, but the publication to renew is not "
		    "at hand",
		    (long long)base->seq);
	if (previous != NULL &&
	    (strcmp(p->product, previous->product) != 0 ||
		strcmp(p->channel, previous->channel) != 0))
		return err_set(e, ERR_REFUSED,
		    "belongs to %s/%s, the one before to %s/%s", p->product,
		    p->channel, previous->product, previous->channel);
	if ((renewal ? check_renewal(p, previous, base, e)
		     : check_new(p, previous, base, e)) < 0)
		return -1;
	if (previous != NULL &&
	    (check_releases(p, previous, e) < 0 ||
		check_floor(p, previous, e) < 0))
		return -1;
	if (check_good(p, renewal ? previous : NULL, base, e) < 0)
		return -1;
	return check_withdrawn(p, base, e);
}
