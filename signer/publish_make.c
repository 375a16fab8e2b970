/*
 * Making a publication, from top to bottom: base, decisions, keys, files,
 * deltas, documents, verification, rename.
 */
#include <stdio.h>
#include <string.h>

#include "manifest/base/file.h"
#include "signer/check.h"
#include "signer/deltas.h"
#include "signer/describe.h"
#include "signer/keyless.h"
#include "signer/publish.h"
#include "signer/stage.h"
#include "signer/verbs.h"

struct making {
	struct publish *p;
	struct previous prev;
	struct publish_decision d;
	struct keyring ring;
	struct stage_dir stage;
	struct pieces pieces;
	struct deltas deltas;
	struct role lowered; /* root with thresholds of 1, for --partial */
	struct arena *a;
	struct err *e;
};

static void
making_done(struct making *k)
{
	keyring_done(&k->ring);
	stage_done(&k->stage);
	previous_done(&k->prev);
}

static int
open_previous(struct making *k)
{
	const struct publish *p = k->p;
	struct previous_ask ask = {
		.source = { p->previous, p->product, p->channel, &p->token },
		.roots = p->roots.at,
		.nroots = p->roots.n,
		.now_s = p->now_s,
	};

	if (p->roots.n == 0)
		return err_set(k->e, ERR_USAGE, "--root is needed");
	return previous_open(&k->prev, &ask, k->a, k->e);
}

/* --- keys ----------------------------------------------------------------- */

static int
check_threshold(struct making *k)
{
	int need = k->prev.root->roles[ROLE_TARGETS].threshold;

	if (k->p->keys.n >= (size_t)need || k->p->partial)
		return 0;
	verb_hint("give --key for each, or --partial and then"
		  " sluice-sign add on the other machines");
	return err_set(k->e, ERR_REFUSED,
	    "%d release keys must sign, %zu given", need, k->p->keys.n);
}

static int
check_minisign(struct making *k)
{
	const struct role *root = k->prev.root;
	const struct keyring_key *key =
	    keyring_find(&k->ring, KEYFILE_MINISIGN);
	struct minisign_key m;

	if (root->nminisign == 0 && key == NULL)
		return 0;
	if (key == NULL)
		return err_set(k->e, ERR_USAGE,
		    "root names a minisign key: --minisign-key is needed");
	keyfile_minisign(&m, &key->file);
	for (size_t i = 0; i < root->nminisign; i++) {
		if (memcmp(root->minisign[i].id, m.id, sizeof(m.id)) == 0 &&
		    memcmp(root->minisign[i].public, m.public,
			sizeof(m.public)) == 0)
			return 0;
	}
	return err_set(k->e, ERR_AUTH, "root does not name the minisign key %s",
	    key->file.path);
}

static int
open_keys(struct making *k)
{
	const struct publish *p = k->p;
	struct keyring *r = &k->ring;

	if (p->keys.n == 0)
		return err_set(k->e, ERR_USAGE, "--key is needed");
	if (p->keyless != NULL && p->timestamp_key == NULL)
		return err_set(
		    k->e, ERR_USAGE, "--keyless needs --timestamp-key");
	if (p->keyless != NULL && p->partial)
		return err_set(k->e, ERR_USAGE,
		    "--keyless comes after sluice-sign add:"
		    " sluice-sign keyless");
	if (check_threshold(k) < 0)
		return -1;
	for (size_t i = 0; i < p->keys.n; i++) {
		if (keyring_add(r, p->keys.at[i], KEYFILE_RELEASE, k->a, k->e) <
		    0)
			return -1;
	}
	if ((p->minisign_key != NULL &&
		keyring_add(r, p->minisign_key, KEYFILE_MINISIGN, k->a, k->e) <
		    0) ||
	    (p->timestamp_key != NULL &&
		keyring_add(
		    r, p->timestamp_key, KEYFILE_TIMESTAMP, k->a, k->e) < 0) ||
	    keyring_check(r, k->prev.root, NULL, ROLE_TARGETS, k->e) < 0 ||
	    keyring_check(r, k->prev.root, NULL, ROLE_TIMESTAMP, k->e) < 0)
		return -1;
	return check_minisign(k);
}

/* --- files ---------------------------------------------------------------- */

static int
read_pieces(struct making *k)
{
	const struct publish *p = k->p;
	struct pieces *f = &k->pieces;

	f->product = p->product;
	f->channel = p->channel;
	f->version = k->d.offer.version;
	f->seq = k->d.offer.seq;
	f->now_s = p->now_s;
	f->minisign = keyring_find(&k->ring, KEYFILE_MINISIGN);
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
	return pieces_digest(f, k->e);
}

/*
 * A platform that the release has already must bring the same bytes; it is
 * then left as it was signed.
 */
static int
drop_published(struct making *k)
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

static int
add_from(struct making *k, int64_t seq)
{
	struct deltas *d = &k->deltas;
	struct release r;

	if (previous_release(&k->prev, seq, &r, k->a, k->e) < 0)
		return -1;
	for (size_t i = 0; i < d->nfrom; i++) {
		if (d->from[i]->seq == seq)
			return 0;
	}
	d->from[d->nfrom++] = r.m;
	return 0;
}

/* The offer before and the good releases, newest first. */
static int
make_deltas(struct making *k)
{
	struct deltas *d = &k->deltas;
	const struct compose *c = &k->d.compose;
	int64_t most = k->p->delta_from;

	d->previous = &k->prev;
	d->pieces = &k->pieces;
	d->stage = &k->stage;
	d->arena = k->a;
	d->threads = k->p->threads;
	if (k->prev.pub == NULL)
		return 0;
	if (!k->d.renewal && add_from(k, k->prev.pub->offer->seq) < 0)
		return -1;
	for (int i = 0; i < c->ladder.ngood; i++) {
		if (add_from(k, c->ladder.good_seq[i]) < 0)
			return -1;
	}
	if (c->ladder.fallback_seq > 0 &&
	    add_from(k, c->ladder.fallback_seq) < 0)
		return -1;
	if (most >= 0 && (int64_t)d->nfrom > most)
		d->nfrom = (size_t)most;
	return deltas_make(d, k->e);
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
	    previous_release(&k->prev, k->d.offer.seq, &old, k->a, k->e) < 0)
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

/* --- documents ------------------------------------------------------------ */

static int
write_documents(struct making *k)
{
	struct compose *c = &k->d.compose;
	const struct chain *chain = &k->prev.chain;
	struct composed out;
	char name[32];

	c->ring = &k->ring;
	c->minisign = keyring_find(&k->ring, KEYFILE_MINISIGN);
	if (fill_artifacts(k) < 0 || fill_attachments(k) < 0 ||
	    compose_run(c, &out, k->a, k->e) < 0)
		return -1;
	for (int64_t v = 1; v <= chain->newest; v++) {
		(void)snprintf(
		    name, sizeof(name), "%lld.root.json", (long long)v);
		if (stage_write(&k->stage, name, chain->files[v], k->e) < 0)
			return -1;
	}
	for (size_t i = 0; i < out.n; i++) {
		if (stage_write(&k->stage, out.files[i].path, out.files[i].file,
			k->e) < 0)
			return -1;
	}
	return 0;
}

/* Files of older releases, where they can be had without the network. */
static int
carry_old(struct making *k, const struct publication *pub)
{
	bool all = k->p->complete || k->p->keyless != NULL;
	const struct publication_file *files;
	struct source *s = &k->prev.source;
	size_t n;

	if (k->prev.pub == NULL || (s->dirfd < 0 && !all))
		return 0;
	if (publication_files(pub, k->a, &files, &n, k->e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		char *to = file_path(k->a, k->e, k->stage.dir, files[i].path);

		if (to == NULL)
			return -1;
		if (files[i].document || file_exists(to))
			continue;
		if ((to = stage_path(&k->stage, files[i].path, k->e)) == NULL)
			return -1;
		if (source_copy(s, &files[i], to, k->e) == 0)
			continue;
		if (k->e->kind != ERR_MISSING || all)
			return -1;
		k->e->kind = ERR_NONE;
	}
	return 0;
}

/* Read it all back as anybody else would. */
static const struct publication *
load_own(struct making *k, struct source *s)
{
	struct source_ask ask = { k->stage.dir, k->p->product, k->p->channel,
		NULL };
	struct publication_source src = { source_read, s };
	const struct role *root = k->prev.root;
	const struct publication *pub;

	if (k->p->partial) {
		previous_lower(&k->lowered, root);
		root = &k->lowered;
	}
	if (source_open(s, &ask, k->a, k->e) < 0)
		return NULL;
	pub = publication_load(k->a, &src, root, s->m, k->p->now_s, k->e);
	if (pub == NULL ||
	    publication_follows(pub, k->prev.pub, &k->d.base, k->e) < 0)
		return NULL;
	return pub;
}

static int
site(struct making *k, const struct publication *pub, struct source *own)
{
	struct keyless kl = { pub, own, &k->ring, k->p->keyless, "offer",
		k->p->now_s, k->p->timestamp_expires_s };

	return keyless_write(&kl, k->a, k->e);
}

static int
finish(struct making *k)
{
	AUTO_SOURCE own = { .dirfd = -1 };
	const struct publication *pub = load_own(k, &own);
	struct check check = { .pub = pub,
		.source = &own,
		.threads = k->p->threads,
		.complete = k->p->complete || k->p->keyless != NULL };

	if (pub == NULL)
		return err_in(k->e, "own output");
	/* deltas_make has applied every delta; here the bytes that lie in
	 * the output are held against what was signed */
	if (carry_old(k, pub) < 0 || check_run(&check, k->a, k->e) < 0)
		return -1;
	if (stage_commit(&k->stage, k->e) < 0)
		return -1;
	own.dir = k->stage.out;
	describe_publication(stdout, pub);
	describe_files(stdout, &check, k->stage.out);
	if (k->p->partial)
		(void)printf("partial    %zu of %d release keys: the others"
			     " run sluice-sign add %s\n",
		    k->p->keys.n, k->prev.root->roles[ROLE_TARGETS].threshold,
		    k->stage.out);
	return k->p->keyless == NULL ? 0 : site(k, pub, &own);
}

int
publish_make(struct publish *p, struct arena *a, struct err *e)
{
	CLEANUP(making_done) struct making k = { .p = p, .a = a, .e = e };

	k.stage.lock = -1;
	k.prev.source.dirfd = -1;
	keyring_init(&k.ring, p->pass_fd);
	if (p->out == NULL)
		return err_set(e, ERR_USAGE, "--out is needed");
	if (open_previous(&k) < 0 ||
	    publish_decide(p, &k.prev, &k.d, a, e) < 0 || open_keys(&k) < 0 ||
	    stage_open(&k.stage, p->out, p->work, a, e) < 0 ||
	    read_pieces(&k) < 0 || drop_published(&k) < 0 ||
	    pieces_sign(&k.pieces, e) < 0 ||
	    pieces_copy(&k.pieces, &k.stage, e) < 0 || make_deltas(&k) < 0 ||
	    write_documents(&k) < 0)
		return -1;
	return finish(&k);
}
