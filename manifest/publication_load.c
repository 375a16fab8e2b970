/*
 * Loading a publication: every document of every rung is read, verified with
 * root and held against the document above it.  What the rungs must mean
 * together is publication_rules.c.
 */
#include <string.h>

#include "manifest/base/text.h"
#include "manifest/publication.h"

struct loader {
	struct arena *a;
	const struct publication_source *src;
	const struct role *root;
	int64_t now_s;
	struct publication *p;
	struct err *e;
};

/* The earliest expiry so far; a document must outlive now. */
static int
note_expiry(struct loader *l, int64_t expires_s)
{
	char text[TIME_TEXT_SIZE];

	if (expires_s <= l->now_s) {
		time_write(text, expires_s < 0 ? 0 : expires_s);
		return err_set(l->e, ERR_REFUSED, "expired on %s", text);
	}
	if (l->p->expires_s == 0 || expires_s < l->p->expires_s)
		l->p->expires_s = expires_s;
	return 0;
}

static const struct role *
check_role(
    struct loader *l, enum role_kind kind, struct bytes file, int64_t version)
{
	const struct publication *p = l->p;
	const struct role *doc = role_read(l->a, kind, file, ROLE_STRICT, l->e);

	if (doc == NULL || role_verify(doc, l->root, NULL, true, l->e) < 0)
		return NULL;
	if (doc->version != version) {
		err_set(l->e, ERR_INPUT, "says version %lld",
		    (long long)doc->version);
		return NULL;
	}
	if (strcmp(doc->product, p->product) != 0 ||
	    strcmp(doc->channel, p->channel) != 0) {
		err_set(l->e, ERR_INPUT, "belongs to %s/%s, not to %s/%s",
		    doc->product, doc->channel, p->product, p->channel);
		return NULL;
	}
	return note_expiry(l, doc->expires_s) < 0 ? NULL : doc;
}

static int
load_snapshot(struct loader *l, struct rung *r, const char *name,
    struct bytes file, int64_t version)
{
	const struct metafile *m;

	r->snapshot = check_role(l, ROLE_SNAPSHOT, file, version);
	if (r->snapshot == NULL)
		return err_in(l->e, "%s", name);
	m = role_meta(r->snapshot, "targets.json");
	if (m == NULL || r->snapshot->nmeta != 1 || m->version != version ||
	    m->length < 0 || !m->hashed)
		return err_set(l->e, ERR_INPUT,
		    "%s: does not name just version %lld of targets.json, "
		    "with length and digest",
		    name, (long long)version);
	r->snapshot_meta = (struct metafile){
		.name = "snapshot.json",
		.version = version,
		.length = (int64_t)file.len,
		.hashed = true,
	};
	sha256(r->snapshot_meta.sha256, file.at, file.len);
	return 0;
}

static int
load_targets(struct loader *l, struct rung *r, int64_t version)
{
	char *name =
	    arena_printf(l->a, l->e, "%lld.targets.json", (long long)version);
	struct bytes file;

	if (name == NULL)
		return -1;
	if (l->src->read(
		l->src->ctx, name, ROLE_TARGETS_MAX, l->a, &file, l->e) < 0 ||
	    metafile_check(role_meta(r->snapshot, "targets.json"), file, l->e) <
		0)
		return err_in(l->e, "%s", name);
	r->targets = check_role(l, ROLE_TARGETS, file, version);
	return r->targets == NULL ? err_in(l->e, "%s", name) : 0;
}

static int
check_minisign(struct loader *l, const char *name, struct bytes manifest)
{
	const struct role *root = l->root;
	uint8_t hash[MINISIGN_HASH_SIZE];
	struct minisign_sig sig;
	struct bytes file;

	if (l->src->read(
		l->src->ctx, name, MINISIGN_FILE_MAX, l->a, &file, l->e) < 0 ||
	    minisign_read(&sig, file, l->e) < 0)
		return err_in(l->e, "%s", name);
	minisign_hash(hash, manifest);
	for (size_t i = 0; i < root->nminisign; i++) {
		const struct minisign_key *k = &root->minisign[i];

		if (memcmp(k->id, sig.id, sizeof(sig.id)) != 0)
			continue;
		return minisign_verify(k, &sig, hash, l->e) < 0
		    ? err_in(l->e, "%s", name)
		    : 0;
	}
	return err_set(
	    l->e, ERR_AUTH, "%s: made by a key that root does not name", name);
}

/* Read and check a manifest that no rung before has named. */
static int
load_manifest_file(struct loader *l, struct rung *r, const struct target *t)
{
	struct metafile meta = {
		.name = t->path, .length = t->length, .hashed = true
	};
	char *path = role_path(l->a, t, l->e), *name, *minisig;

	if (path == NULL)
		return -1;
	name = arena_printf(l->a, l->e, "targets/%s", path);
	minisig = arena_printf(l->a, l->e, "targets/%s.minisig", path);
	if (name == NULL || minisig == NULL)
		return -1;
	memcpy(meta.sha256, t->sha256, SHA256_SIZE);
	if (l->src->read(l->src->ctx, name, MANIFEST_MAX, l->a,
		&r->manifest_file, l->e) < 0 ||
	    metafile_check(&meta, r->manifest_file, l->e) < 0)
		return err_in(l->e, "%s", name);
	r->manifest = manifest_read(l->a, r->manifest_file, true, l->e);
	if (r->manifest == NULL || note_expiry(l, r->manifest->expires_s) < 0)
		return err_in(l->e, "%s", name);
	return l->root->nminisign == 0
	    ? 0
	    : check_minisign(l, minisig, r->manifest_file);
}

static int
load_manifest(struct loader *l, struct rung *r)
{
	const struct target *t = role_target(r->targets, MANIFEST_TARGET);

	if (t == NULL)
		return err_set(l->e, ERR_INPUT,
		    "%lld.targets.json: does not name " MANIFEST_TARGET,
		    (long long)r->targets->version);
	hex_write(r->manifest_sha256, t->sha256, SHA256_SIZE);
	for (const struct rung *o = l->p->rungs; o < r; o++)
		if (strcmp(o->manifest_sha256, r->manifest_sha256) == 0 &&
		    (int64_t)o->manifest_file.len == t->length) {
			r->manifest = o->manifest;
			r->manifest_file = o->manifest_file;
			return 0;
		}
	return load_manifest_file(l, r, t);
}

/* 1 with the rung, 0 when the source has none of this index. */
static int
load_rung(struct loader *l, int index)
{
	struct rung *r = &l->p->rungs[index];
	int64_t version = ladder_version(&l->p->ladder, index);
	char *name =
	    arena_printf(l->a, l->e, "%lld.snapshot.json", (long long)version);
	struct bytes file;

	if (name == NULL)
		return -1;
	if (l->src->read(
		l->src->ctx, name, ROLE_SNAPSHOT_MAX, l->a, &file, l->e) < 0)
		return l->e->kind == ERR_MISSING ? 0 : err_in(l->e, "%s", name);
	r->index = index;
	if (load_snapshot(l, r, name, file, version) < 0 ||
	    load_targets(l, r, version) < 0 || load_manifest(l, r) < 0)
		return -1;
	return 1;
}

/* Rungs fill the indices from 0 on without a gap. */
static int
load_rungs(struct loader *l)
{
	for (int i = 0; i < LADDER_MAX; i++) {
		int got = load_rung(l, i);

		if (got < 0)
			return -1;
		if (got > 0 && l->p->nrungs < i)
			return err_set(l->e, ERR_INPUT,
			    "rung %d is missing, but rung %d is there",
			    l->p->nrungs, i);
		l->p->nrungs += got;
	}
	if (l->p->nrungs == 0)
		return err_set(l->e, ERR_MISSING, "no rung %lld.snapshot.json",
		    (long long)ladder_version(&l->p->ladder, 0));
	return 0;
}

static int
check_root(const struct loader *l, int64_t m)
{
	const struct role *root = l->root;

	if (m < 1 || m > LADDER_M_MAX)
		return err_set(l->e, ERR_INPUT, "m %lld is not in 1..%d",
		    (long long)m, LADDER_M_MAX);
	if (root->product == NULL || root->channel == NULL)
		return err_set(l->e, ERR_INPUT,
		    "root does not say of which product and channel it is");
	if (root->expires_s <= l->now_s)
		return err_set(l->e, ERR_REFUSED, "root has expired");
	return 0;
}

const struct publication *
publication_load(struct arena *a, const struct publication_source *src,
    const struct role *root, int64_t m, int64_t now_s, struct err *e)
{
	struct publication *p = arena_get(a, sizeof(*p), e);
	struct loader l = { a, src, root, now_s, p, e };

	if (p == NULL || check_root(&l, m) < 0)
		return NULL;
	p->root = root;
	p->product = root->product;
	p->channel = root->channel;
	p->ladder.m = m;
	if (load_rungs(&l) < 0 || publication_shape(p, e) < 0 ||
	    publication_rules(p, e) < 0)
		return NULL;
	return p;
}

/* --- one rung ------------------------------------------------------------- */

static enum rung_kind
kind_of(const struct manifest *m)
{
	switch (m->kind) {
	case MANIFEST_HALT:
		return RUNG_HALT;
	case MANIFEST_ROLLBACK:
		return RUNG_ROLLBACK;
	case MANIFEST_RELEASE:
		break;
	}
	return m->offer ? RUNG_OFFER : RUNG_HOLD;
}

/* The rung, as the only one. */
static int
load_view(struct loader *l, const struct metafile *named)
{
	struct publication *p = l->p;
	int index = (int)(named->version % LADDER_MAX);
	int got = load_rung(l, index);

	if (got <= 0)
		return got < 0
		    ? -1
		    : err_set(l->e, ERR_MISSING, "no %lld.snapshot.json",
			  (long long)named->version);
	p->rungs[0] = p->rungs[index];
	p->nrungs = 1;
	p->offer = p->rungs[0].manifest;
	p->rungs[0].kind = kind_of(p->offer);
	return metafile_check(named, p->rungs[0].snapshot->file, l->e);
}

const struct publication *
publication_view(struct arena *a, const struct publication_source *src,
    const struct role *root, const struct role *timestamp, int64_t now_s,
    struct err *e)
{
	struct publication *p = arena_get(a, sizeof(*p), e);
	struct loader l = { a, src, root, now_s, p, e };
	const struct metafile *named = role_meta(timestamp, "snapshot.json");

	if (p == NULL)
		return NULL;
	if (named == NULL || !named->hashed) {
		(void)err_set(
		    e, ERR_INPUT, "timestamp.json: no digest of a snapshot");
		return NULL;
	}
	p->root = root;
	p->product = root->product;
	p->channel = root->channel;
	p->ladder.m = named->version / LADDER_MAX;
	if (check_root(&l, p->ladder.m) < 0)
		return NULL;
	if (check_role(&l, ROLE_TIMESTAMP, timestamp->file,
		timestamp->version) == NULL) {
		(void)err_in(e, "timestamp.json");
		return NULL;
	}
	p->expires_s = 0; /* of what was published */
	return load_view(&l, named) < 0 ? NULL : p;
}
