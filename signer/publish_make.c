/*
 * Making a publication, from top to bottom: base, decisions, all that can be
 * refused without a key, keys, files, deltas, documents, verification, rename.
 */
#include "signer/publish_make.h"

#include <stdio.h>

#include "signer/check.h"
#include "signer/describe.h"
#include "signer/keyless.h"
#include "signer/verbs.h"

static void
making_done(struct making *k)
{
	keyring_done(&k->ring);
	outdir_done(&k->outdir);
	existing_done(&k->prev);
}

static int
open_previous(struct making *k)
{
	const struct publish *p = k->p;
	struct existing_ask ask = {
		.source = { .where = p->previous,
		    .product = p->product,
		    .channel = p->channel,
		    .token = &p->token },
		.roots = p->roots.at,
		.nroots = p->roots.n,
		.now_s = p->now_s,
	};

	if (p->roots.n == 0)
		return err_set(k->e, ERR_USAGE, "--root is needed");
	return existing_open(&k->prev, &ask, k->a, k->e);
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
	if (publish_files_fill(k) < 0 || compose_run(c, &out, k->a, k->e) < 0)
		return -1;
	for (int64_t v = 1; v <= chain->newest; v++) {
		(void)snprintf(
		    name, sizeof(name), "%lld.root.json", (long long)v);
		if (outdir_write(&k->outdir, name, chain->files[v], k->e) < 0)
			return -1;
	}
	for (size_t i = 0; i < out.n; i++) {
		if (outdir_write(&k->outdir, out.files[i].path,
			out.files[i].file, k->e) < 0)
			return -1;
	}
	return 0;
}

/* Read it all back as anybody else would. */
static const struct publication *
load_own(struct making *k, struct source *s)
{
	struct source_ask ask = { .where = k->outdir.dir,
		.product = k->p->product,
		.channel = k->p->channel };
	struct publication_source src = { source_read, s };
	const struct role *root = k->prev.root;
	const struct publication *pub;

	if (k->p->partial) {
		existing_lower(&k->lowered, root);
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
site(struct making *k, const struct publication *pub, struct source *own,
    struct keyless *kl)
{
	*kl = (struct keyless){ .pub = pub,
		.source = own,
		.ring = &k->ring,
		.dir = k->p->keyless,
		.rung = "offer",
		.now_s = k->p->now_s,
		.expires_s = k->p->timestamp_expires_s };
	return kl->dir == NULL ? 0 : keyless_write(kl, k->a, k->e);
}

static int
say_report(
    struct making *k, const struct publication *pub, const struct keyless *kl)
{
	struct report report = { .path = args_text(k->p->args, "report", NULL),
		.verb = k->p->args->verb->name,
		.now_s = k->p->now_s,
		.ring = &k->ring,
		.complete = !k->p->partial,
		.stamps = kl->stamps,
		.nstamps = kl->nstamps };

	return report_publication(&report, pub, deltas_json(&k->deltas), k->e) <
		0
	    ? err_in(k->e, "%s is made, but", k->outdir.out)
	    : 0;
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
	struct keyless kl;

	if (pub == NULL)
		return err_in(k->e, "own output");
	/* deltas_make has applied every delta; here the bytes that lie in
	 * the output are held against what was signed */
	if (publish_files_carry(k, pub) < 0 ||
	    check_run(&check, k->a, k->e) < 0)
		return -1;
	if (outdir_commit(&k->outdir, k->e) < 0)
		return -1;
	own.dir = k->outdir.out;
	describe_publication(stdout, pub);
	describe_files(stdout, &check, k->outdir.out);
	deltas_print(stdout, &k->deltas);
	if (k->p->partial)
		(void)printf("partial    %zu of %d release keys: the others"
			     " run sluice-sign add %s\n",
		    k->p->keys.n, k->prev.root->roles[ROLE_TARGETS].threshold,
		    k->outdir.out);
	return site(k, pub, &own, &kl) < 0 ? -1 : say_report(k, pub, &kl);
}

int
publish_make(struct publish *p, struct arena *a, struct err *e)
{
	CLEANUP(making_done) struct making k = { .p = p, .a = a, .e = e };

	k.outdir.lock = -1;
	k.prev.source.dirfd = -1;
	keyring_init(&k.ring);
	if (p->out == NULL)
		return err_set(e, ERR_USAGE, "--out is needed");
	if (keyring_options(&k.ring, p->args, e) < 0 || open_previous(&k) < 0 ||
	    publish_decide(p, &k.prev, &k.d, a, e) < 0 ||
	    publish_files_list(&k) < 0 || outdir_absent(p->out, e) < 0 ||
	    publish_keys(&k) < 0 ||
	    outdir_open(&k.outdir, p->out, p->work, a, e) < 0 ||
	    publish_files_read(&k) < 0 || publish_files_drop(&k) < 0 ||
	    pieces_sign(&k.pieces, e) < 0 ||
	    pieces_copy(&k.pieces, &k.outdir, e) < 0 ||
	    publish_files_deltas(&k) < 0 || write_documents(&k) < 0)
		return -1;
	return finish(&k);
}
