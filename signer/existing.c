/*
 * Opening a publication, and the base of the next one.
 */
#include "signer/existing.h"

#include <string.h>

#include "manifest/base/text.h"
#include "manifest/cohort.h"

static void
put(int64_t *list, int *n, int64_t seq)
{
	if (seq > 0 && *n < LADDER_MAX && !ladder_lists(list, *n, seq))
		list[(*n)++] = seq;
}

void
existing_withdraw(struct publication_base *b, int64_t seq)
{
	int kept = 0;

	put(b->withdrawn_seq, &b->nwithdrawn, seq);
	for (int i = 0; i < b->ngood; i++) {
		if (b->good_seq[i] != seq)
			b->good_seq[kept++] = b->good_seq[i];
	}
	b->ngood = kept;
	b->fallback_seq = kept > 0 ? b->good_seq[0] : 0;
}

void
existing_base(
    struct publication_base *b, const struct publication *p, int64_t now_s)
{
	const struct manifest *hold = p->rungs[0].manifest;
	const struct ladder *l = &p->ladder;

	memset(b, 0, sizeof(*b));
	b->m = l->m;
	b->seq = p->offer->seq;
	b->version = p->offer->version;
	b->next_seq = b->seq + 1;
	b->created_s = p->offer->created_s;
	if (manifest_envelope(p->offer, now_s, NULL) == BP_ALL)
		put(b->good_seq, &b->ngood, b->seq);
	put(b->good_seq, &b->ngood, l->fallback_seq);
	for (int i = 0; i < l->ngood; i++)
		put(b->good_seq, &b->ngood, l->good_seq[i]);
	b->fallback_seq = b->ngood > 0 ? b->good_seq[0] : 0;
	for (size_t i = 0; hold->permission && i < hold->rollback.nfrom; i++)
		existing_withdraw(b, hold->rollback.from[i].seq);
}

void
existing_lower(struct role *out, const struct role *root)
{
	*out = *root;
	out->roles[ROLE_TARGETS].threshold = 1;
	out->roles[ROLE_SNAPSHOT].threshold = 1;
}

static int
load(struct existing *p, const struct existing_ask *ask, int64_t newest,
    struct arena *a, struct err *e)
{
	struct publication_source src = { source_read, &p->source };
	struct chain_ask at = { ask->source.product, ask->source.channel,
		newest, 0 };
	const struct role *root;

	if (newest == 0)
		return err_set(
		    e, ERR_MISSING, "%s: no 1.root.json", ask->source.where);
	if ((root = chain_root(&p->chain, &at, a, e)) == NULL)
		return err_in(e, "%s", ask->source.where);
	if (ask->partial) {
		existing_lower(&p->lowered, root);
		root = &p->lowered;
	}
	p->pub = publication_load(a, &src, root, p->source.m, 0, e);
	if (p->pub == NULL)
		return err_in(e, "%s", ask->source.where);
	return 0;
}

static void
take_base(struct existing *p, int64_t now_s)
{
	if (p->source.dirfd < 0) {
		p->base = p->source.base;
		if (p->pub != NULL)
			p->base.created_s = p->pub->offer->created_s;
		return;
	}
	if (p->pub != NULL)
		existing_base(&p->base, p->pub, now_s);
}

int
existing_open(struct existing *p, const struct existing_ask *ask,
    struct arena *a, struct err *e)
{
	struct chain_ask at = { ask->source.product, ask->source.channel, 0,
		ask->now_s };
	int64_t newest = 0;

	memset(p, 0, sizeof(*p));
	p->source.dirfd = -1;
	p->base.next_seq = 1;
	if (chain_files(&p->chain, ask->roots, ask->nroots, a, e) < 0)
		return -1;
	if (ask->source.where != NULL) {
		p->there = true;
		if (source_open(&p->source, &ask->source, a, e) < 0 ||
		    chain_source(&p->chain, &p->source, &newest, e) < 0)
			return -1;
		if (p->source.m > 0 && load(p, ask, newest, a, e) < 0)
			return -1;
		take_base(p, ask->now_s);
	}
	at.version = p->chain.newest;
	p->root = chain_root(&p->chain, &at, a, e);
	return p->root == NULL ? -1 : 0;
}

int
existing_folder(struct existing *p, const struct existing_ask *ask,
    struct arena *a, struct err *e)
{
	if (ask->nroots == 0)
		return err_set(e, ERR_USAGE, "--root is needed");
	if (source_is_url(ask->source.where))
		return err_set(e, ERR_USAGE, "a folder is needed");
	if (existing_open(p, ask, a, e) < 0)
		return -1;
	if (p->pub == NULL)
		return err_set(
		    e, ERR_MISSING, "%s: nothing published", ask->source.where);
	return 0;
}

void
existing_done(struct existing *p)
{
	source_done(&p->source);
}

int64_t
existing_seq(const struct existing *p, const char *version)
{
	int64_t seq;

	if (int_read(version, 1, MANIFEST_INT_MAX, &seq) == 0)
		return seq;
	for (int i = 0; p->pub != NULL && i < p->pub->nrungs; i++) {
		const struct manifest *m = p->pub->rungs[i].manifest;

		if (m->version != NULL && strcmp(m->version, version) == 0)
			return m->seq;
	}
	return -1;
}

/* Is the target one that the manifest calls for? */
static bool
called_for(const struct manifest *m, const char *path)
{
	if (strcmp(path, MANIFEST_TARGET) == 0)
		return true;
	for (size_t i = 0; i < m->nartifacts; i++) {
		const struct artifact *x = &m->artifacts[i];

		if (strcmp(x->path, path) == 0)
			return true;
		for (size_t k = 0; k < x->ndeltas; k++) {
			if (strcmp(x->deltas[k].path, path) == 0)
				return true;
		}
	}
	return false;
}

static int
attachments(struct release *out, const struct role *targets, struct arena *a,
    struct err *e)
{
	struct target *list =
	    arena_array(a, targets->ntargets, sizeof(*list), e);

	if (list == NULL)
		return -1;
	for (size_t i = 0; i < targets->ntargets; i++) {
		if (!called_for(out->m, targets->targets[i].path))
			list[out->nattach++] = targets->targets[i];
	}
	out->attach = list;
	return 0;
}

int
existing_release(const struct existing *p, int64_t seq, struct release *out,
    struct arena *a, struct err *e)
{
	memset(out, 0, sizeof(*out));
	for (int i = 0; p->pub != NULL && i < p->pub->nrungs; i++) {
		const struct rung *r = &p->pub->rungs[i];

		if (r->manifest->seq != seq)
			continue;
		out->m = r->manifest;
		return attachments(out, r->targets, a, e);
	}
	return err_set(e, ERR_MISSING,
	    "release %lld is not in the publication before", (long long)seq);
}
