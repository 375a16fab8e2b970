/*
 * The files of a publication: new ones, deltas, those of older releases.
 */
#include <string.h>

#include "manifest/base/file.h"
#include "signer/publish_make.h"

int
publish_files_list(struct making *k)
{
	const struct publish *p = k->p;
	struct pieces *f = &k->pieces;

	f->product = p->product;
	f->channel = p->channel;
	f->version = k->d.offer.version;
	f->seq = k->d.offer.seq;
	f->now_s = p->now_s;
	f->arena = k->a;
	f->threads = p->threads;
	for (size_t i = 0; i < p->artifacts.n; i++) {
		if (pieces_add(f, p->artifacts.at[i], false, k->e) < 0)
			return -1;
	}
	for (size_t i = 0; i < p->attach.n; i++) {
		if (pieces_add(f, p->attach.at[i], true, k->e) < 0)
			return -1;
	}
	return 0;
}

int
publish_files_read(struct making *k)
{
	k->pieces.minisign = keyring_find(&k->ring, KEYFILE_MINISIGN);
	return pieces_digest(&k->pieces, k->e);
}

int
publish_files_drop(struct making *k)
{
	struct pieces *f = &k->pieces;
	size_t kept = 0;

	for (size_t i = 0; i < f->n; i++) {
		const struct piece *x = &f->list[i];
		const struct artifact *old = x->os == NULL
		    ? NULL
		    : manifest_artifact(&k->d.offer, x->os, x->arch);

		if (old == NULL) {
			f->list[kept] = f->list[i];
			f->sums[kept++] = f->sums[i];
		} else if (old->size != f->sums[i].size ||
		    strcmp(old->path, x->path) != 0 ||
		    memcmp(old->sha256, f->sums[i].sha256, SHA256_SIZE) != 0) {
			return err_set(k->e, ERR_CONFLICT,
			    "%s-%s of %s is published with other bytes", x->os,
			    x->arch, k->d.offer.version);
		}
	}
	f->n = kept;
	return 0;
}

/* Each release once. */
static void
add_base(struct deltas *d, const struct manifest *m, bool kept)
{
	for (size_t i = 0; i < d->nbases; i++) {
		if (d->bases[i].m->seq == m->seq)
			return;
	}
	if (m->seq > 0 && d->nbases < LADDER_MAX)
		d->bases[d->nbases++] = (struct deltas_base){ m, kept };
}

static int
add_kept(struct making *k, int64_t seq)
{
	struct release r;

	if (existing_release(&k->prev, seq, &r, k->a, k->e) < 0)
		return -1;
	add_base(&k->deltas, r.m, true);
	return 0;
}

/* The offer before and the good releases; then all that can be had, for what
 * machines may run. */
static int
add_bases(struct making *k)
{
	const struct publication *pub = k->prev.pub;
	const struct compose *c = &k->d.compose;
	struct deltas *d = &k->deltas;
	int64_t most = k->p->delta_from;

	if (!k->d.renewal && add_kept(k, pub->offer->seq) < 0)
		return -1;
	for (int i = 0; i < c->ladder.ngood; i++) {
		if (add_kept(k, c->ladder.good_seq[i]) < 0)
			return -1;
	}
	if (c->ladder.fallback_seq > 0 &&
	    add_kept(k, c->ladder.fallback_seq) < 0)
		return -1;
	for (size_t i = 0; most >= 0 && i < d->nbases; i++)
		d->bases[i].kept = (int64_t)i < most;
	for (int i = 0; i < pub->nrungs; i++) {
		if (pub->rungs[i].manifest->seq != k->d.offer.seq)
			add_base(d, pub->rungs[i].manifest, false);
	}
	return 0;
}

int
publish_files_deltas(struct making *k)
{
	struct deltas *d = &k->deltas;

	d->previous = &k->prev;
	d->pieces = &k->pieces;
	d->outdir = &k->outdir;
	d->arena = k->a;
	d->threads = k->p->threads;
	d->ask = k->p->deltas;
	d->channel =
	    arena_printf(k->a, k->e, "%s/%s", k->p->product, k->p->channel);
	if (d->channel == NULL)
		return -1;
	if (k->prev.pub == NULL || k->p->delta_from == 0)
		return 0;
	return add_bases(k) < 0 ? -1 : deltas_make(d, k->e);
}

/* --- the offer's files in the manifest ------------------------------------ */

static int
fill_artifacts(struct making *k)
{
	const struct pieces *f = &k->pieces;
	struct manifest *m = &k->d.offer;
	size_t n = m->nartifacts;
	struct artifact *list =
	    arena_array(k->a, n + f->n + 1, sizeof(*list), k->e);

	if (list == NULL)
		return -1;
	if (n > 0)
		memcpy(list, m->artifacts, n * sizeof(*list));
	for (size_t i = 0; i < f->n; i++) {
		const struct piece *x = &f->list[i];
		struct artifact *y = &list[n];

		if (x->os == NULL)
			continue;
		*y = (struct artifact){ .os = x->os,
			.arch = x->arch,
			.name = x->name,
			.path = x->path,
			.size = f->sums[i].size,
			.minisign = x->minisign,
			.ed25519 = x->ed25519 };
		memcpy(y->sha256, f->sums[i].sha256, SHA256_SIZE);
		if (deltas_of(&k->deltas, x, &y->deltas, &y->ndeltas, k->e) < 0)
			return -1;
		n++;
	}
	m->artifacts = list;
	m->nartifacts = n;
	return 0;
}

static int
fill_attachments(struct making *k)
{
	const struct pieces *f = &k->pieces;
	struct release *r = &k->d.compose.offer;
	struct release old = { 0 };
	struct target *list;

	if (k->d.renewal &&
	    existing_release(&k->prev, k->d.offer.seq, &old, k->a, k->e) < 0)
		return -1;
	list = arena_array(k->a, old.nattach + f->n + 1, sizeof(*list), k->e);
	if (list == NULL)
		return -1;
	r->m = &k->d.offer;
	r->attach = list;
	for (size_t i = 0; i < old.nattach; i++)
		list[r->nattach++] = old.attach[i];
	for (size_t i = 0; i < f->n; i++) {
		struct target *t = &list[r->nattach];

		if (f->list[i].os != NULL)
			continue;
		t->path = f->list[i].path;
		t->length = f->sums[i].size;
		memcpy(t->sha256, f->sums[i].sha256, SHA256_SIZE);
		for (size_t j = 0; j < old.nattach; j++) {
			if (strcmp(t->path, old.attach[j].path) == 0)
				return err_set(k->e, ERR_CONFLICT,
				    "%s is published already", t->path);
		}
		r->nattach++;
	}
	return 0;
}

int
publish_files_fill(struct making *k)
{
	return fill_artifacts(k) < 0 ? -1 : fill_attachments(k);
}

int
publish_files_carry(struct making *k, const struct publication *pub)
{
	bool all = k->p->complete || k->p->keyless != NULL;
	const struct publication_file *files;
	struct source *s = &k->prev.source;
	/* from afar only what must be here: a renewal's own files */
	bool few = s->dirfd < 0 && !all;
	size_t n;

	if (k->prev.pub == NULL)
		return 0;
	if (publication_files(pub, k->a, &files, &n, k->e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		char *to = file_path(k->a, k->e, k->outdir.dir, files[i].path);

		if (to == NULL)
			return -1;
		if (files[i].document || file_exists(to) ||
		    (few && (files[i].rungs & 2) == 0))
			continue;
		if ((to = outdir_path(&k->outdir, files[i].path, k->e)) == NULL)
			return -1;
		if (source_copy(s, &files[i], to, k->e) == 0)
			continue;
		if (k->e->kind != ERR_MISSING || all)
			return -1;
		k->e->kind = ERR_NONE;
	}
	return 0;
}
