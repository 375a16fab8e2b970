/*
 * The rules between the rungs of one publication: what the ladder is, and that
 * every rung says what its place on it means.  Pure; all documents have been
 * verified one by one before (publication_load.c).
 */
#include <string.h>

#include "manifest/base/text.h"
#include "manifest/publication.h"

#define ATTACH_DIR "/attach/"

int
publication_shape(struct publication *p, struct err *e)
{
	struct ladder *l = &p->ladder;
	int step = 1;

	if (p->nrungs < 3)
		return err_set(e, ERR_INPUT,
		    "%d rungs; a ladder has hold, offer and halt at least",
		    p->nrungs);
	/* a block lasts until the next offer */
	while (1 + step < p->nrungs && !p->rungs[1 + step].manifest->offer)
		step++;
	if (step < 2 || (p->nrungs - 1) % step != 0)
		return err_set(e, ERR_INPUT,
		    "%d rungs are not hold and whole blocks of %d", p->nrungs,
		    step);
	l->ngood = step - 2;
	l->nblocks = (p->nrungs - 1) / step;
	l->fallback_seq = p->rungs[0].manifest->seq;
	l->offer_seq = p->rungs[1].manifest->seq;
	for (int i = 0; i < l->ngood; i++)
		l->good_seq[i] = p->rungs[3 + i].manifest->seq;
	p->offer = p->rungs[1].manifest;
	for (int i = 0; i < p->nrungs; i++) {
		p->rungs[i].kind = ladder_kind(l, i);
		p->rungs[i].block = ladder_block(l, i);
	}
	return ladder_check(l, e);
}

static int
check_meaning(const struct publication *p, const struct rung *r, struct err *e)
{
	static const enum manifest_kind kinds[] = {
		[RUNG_HOLD] = MANIFEST_RELEASE,
		[RUNG_OFFER] = MANIFEST_RELEASE,
		[RUNG_HALT] = MANIFEST_HALT,
		[RUNG_ROLLBACK] = MANIFEST_ROLLBACK,
	};
	const struct manifest *m = r->manifest;
	int64_t seq = ladder_seq(&p->ladder, r->index);

	if (m->kind != kinds[r->kind] || m->offer != (r->kind == RUNG_OFFER))
		return err_set(e, ERR_INPUT, "its manifest is of kind %s%s",
		    manifest_kind_name(m->kind),
		    m->offer ? " with a rollout" : "");
	if (m->seq != seq)
		return err_set(e, ERR_INPUT,
		    "its manifest names release %lld, expected %lld",
		    (long long)m->seq, (long long)seq);
	if (strcmp(m->product, p->product) != 0 ||
	    strcmp(m->channel, p->channel) != 0)
		return err_set(e, ERR_INPUT,
		    "its manifest belongs to %s/%s, not to %s/%s", m->product,
		    m->channel, p->product, p->channel);
	if (m->created_s != p->offer->created_s ||
	    m->expires_s != p->offer->expires_s)
		return err_set(e, ERR_INPUT,
		    "its manifest was not created with the offer's, or "
		    "expires at another time");
	/* it would keep the fallback from newcomers, a rollback from anyone */
	if (!m->offer && m->not_before_s != 0)
		return err_set(e, ERR_INPUT, "its manifest has a not_before");
	return 0;
}

static int
check_floor(const struct publication *p, const struct rung *r, struct err *e)
{
	const struct manifest *m = r->manifest;
	int64_t floor = p->offer->floor_seq;

	if (r->kind == RUNG_ROLLBACK && m->seq < floor)
		return err_set(e, ERR_INPUT,
		    "goes back to release %lld, below the floor %lld",
		    (long long)m->seq, (long long)floor);
	if (m->floor_seq != (floor < m->seq ? floor : m->seq))
		return err_set(e, ERR_INPUT,
		    "its floor_seq %lld does not agree with the offer's %lld",
		    (long long)m->floor_seq, (long long)floor);
	return 0;
}

/*
 * A rollback rung lets go of the offer wherever the release that it leads to
 * has an artifact.
 */
static int
check_permission(
    const struct publication *p, const struct rung *r, struct err *e)
{
	const struct manifest *m = r->manifest;

	if (r->kind != RUNG_ROLLBACK)
		return 0;
	for (size_t i = 0; i < p->offer->nartifacts; i++) {
		const struct artifact *o = &p->offer->artifacts[i];

		if (manifest_artifact(m, o->os, o->arch) == NULL)
			continue;
		if (manifest_may_go_back(m, p->offer->seq, o->os, o->arch, 0,
			m->created_s, e) < 0) {
			e->kind = ERR_INPUT;
			return -1;
		}
	}
	return 0;
}

static bool
target_is(const struct role *targets, const char *path, int64_t size,
    const uint8_t sha256[static SHA256_SIZE])
{
	const struct target *t = role_target(targets, path);

	return t != NULL && t->length == size &&
	    memcmp(t->sha256, sha256, SHA256_SIZE) == 0;
}

static bool
is_attachment(const struct manifest *m, const char *path)
{
	size_t n = m->version == NULL ? 0 : strlen(m->version);

	return n > 0 && strncmp(path, m->version, n) == 0 &&
	    strncmp(path + n, ATTACH_DIR, strlen(ATTACH_DIR)) == 0 &&
	    name_ok(path + n + strlen(ATTACH_DIR), DELTA_NAME_MAX);
}

/* Each file that the manifest names is a target, and no target is more. */
static int
check_targets(const struct rung *r, struct err *e)
{
	const struct manifest *m = r->manifest;
	size_t named = 1; /* the manifest */

	for (size_t i = 0; i < m->nartifacts; i++) {
		const struct artifact *a = &m->artifacts[i];

		if (!target_is(r->targets, a->path, a->size, a->sha256))
			return err_set(e, ERR_INPUT,
			    "its targets do not have %s as the manifest says",
			    a->path);
		for (size_t k = 0; k < a->ndeltas; k++) {
			const struct delta_entry *d = &a->deltas[k];

			if (!target_is(r->targets, d->path, d->size, d->sha256))
				return err_set(e, ERR_INPUT,
				    "its targets do not have %s as the "
				    "manifest says",
				    d->path);
		}
		named += 1 + a->ndeltas;
	}
	for (size_t i = 0; i < r->targets->ntargets; i++)
		named += is_attachment(m, r->targets->targets[i].path);
	if (named != r->targets->ntargets)
		return err_set(e, ERR_INPUT,
		    "its targets name %zu files, the manifest calls for %zu",
		    r->targets->ntargets, named);
	return 0;
}

static bool
same_targets(const struct role *a, const struct role *b)
{
	if (a->ntargets != b->ntargets)
		return false;
	for (size_t i = 0; i < a->ntargets; i++)
		if (strcmp(a->targets[i].path, b->targets[i].path) != 0 ||
		    a->targets[i].length != b->targets[i].length ||
		    memcmp(a->targets[i].sha256, b->targets[i].sha256,
			SHA256_SIZE) != 0)
			return false;
	return true;
}

/* Blocks repeat the first one, byte for byte in what they serve. */
static int
check_block(const struct publication *p, const struct rung *r, struct err *e)
{
	int step = 2 + p->ladder.ngood;
	const struct rung *first;

	if (r->block < 1)
		return 0;
	first = &p->rungs[1 + (r->index - 1) % step];
	if (strcmp(r->manifest_sha256, first->manifest_sha256) != 0 ||
	    !same_targets(r->targets, first->targets))
		return err_set(e, ERR_INPUT,
		    "its manifest or targets differ from those of rung %d",
		    first->index);
	return 0;
}

bool
publication_same_artifact(const struct artifact *a, const struct artifact *b)
{
	return b != NULL && a->size == b->size &&
	    memcmp(a->sha256, b->sha256, SHA256_SIZE) == 0 &&
	    strcmp(a->path, b->path) == 0;
}

static bool
same_artifacts(const struct manifest *a, const struct manifest *b)
{
	for (size_t i = 0; i < a->nartifacts; i++) {
		const struct artifact *x = &a->artifacts[i];

		if (!publication_same_artifact(
			x, manifest_artifact(b, x->os, x->arch)))
			return false;
	}
	return a->nartifacts == b->nartifacts;
}

/* One release number is one version and one set of files, and back. */
static int
check_release(const struct publication *p, const struct rung *r, struct err *e)
{
	const struct manifest *m = r->manifest;

	if (m->seq == 0)
		return 0;
	for (int i = 0; i < r->index; i++) {
		const struct manifest *o = p->rungs[i].manifest;

		if (o == m || o->seq == 0)
			continue;
		if ((o->seq == m->seq) != (strcmp(o->version, m->version) == 0))
			return err_set(e, ERR_INPUT,
			    "release %lld is version %s here, but rung %d "
			    "names release %lld, version %s",
			    (long long)m->seq, m->version, i, (long long)o->seq,
			    o->version);
		if (o->seq == m->seq && !same_artifacts(m, o))
			return err_set(e, ERR_INPUT,
			    "release %lld has other artifacts here than in "
			    "rung %d",
			    (long long)m->seq, i);
	}
	return 0;
}

int
publication_rules(const struct publication *p, struct err *e)
{
	for (int i = 0; i < p->nrungs; i++) {
		const struct rung *r = &p->rungs[i];

		if (check_meaning(p, r, e) < 0 || check_floor(p, r, e) < 0 ||
		    check_permission(p, r, e) < 0 || check_targets(r, e) < 0 ||
		    check_block(p, r, e) < 0 || check_release(p, r, e) < 0)
			return err_in(e, "%lld.targets.json (rung %d, %s)",
			    (long long)r->targets->version, i,
			    rung_kind_name(r->kind));
	}
	return 0;
}
