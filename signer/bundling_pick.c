/*
 * Which files of a channel a bundle holds: all of its documents, and artifacts,
 * deltas and attachments of the chosen releases and platforms.
 */
#include "signer/bundling.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/file.h"
#include "manifest/base/text.h"
#include "manifest/cohort.h"

/* --- rungs ---------------------------------------------------------------- */

static int
by_state(const struct publication *p, const struct publication_base *b,
    bool everybody)
{
	const struct ladder *l = &p->ladder;
	int back;

	if (everybody)
		return ladder_rung(l, 0, RUNG_OFFER, 0);
	if (!ladder_lists(b->withdrawn_seq, b->nwithdrawn, l->offer_seq))
		return 0;
	back = ladder_rung(l, 0, RUNG_ROLLBACK, l->fallback_seq);
	return back >= 0 ? back : ladder_rung(l, 0, RUNG_HALT, 0);
}

static int
by_name(const struct publication *p, const char *name)
{
	for (int i = 0; i < p->nrungs; i++) {
		const struct rung *r = &p->rungs[i];
		const char *kind = rung_kind_name(r->kind);
		size_t n = strlen(kind);

		if (r->kind != RUNG_ROLLBACK && strcmp(kind, name) == 0)
			return i;
		if (r->kind == RUNG_ROLLBACK && strncmp(name, kind, n) == 0 &&
		    name[n] == '-' &&
		    strcmp(name + n + 1, r->manifest->version) == 0)
			return i;
	}
	return -1;
}

int
bundling_rung(const struct publication *p, const struct publication_base *base,
    const char *name, bool *everybody, struct err *e)
{
	int rung;

	*everybody =
	    ladder_lists(base->good_seq, base->ngood, p->ladder.offer_seq) &&
	    !ladder_lists(
		base->withdrawn_seq, base->nwithdrawn, p->ladder.offer_seq);
	rung = name == NULL ? by_state(p, base, *everybody) : by_name(p, name);
	if (rung < 0)
		return err_set(e, ERR_MISSING, "%s/%s: no rung \"%s\"",
		    p->product, p->channel, name == NULL ? "offer" : name);
	if (p->rungs[rung].manifest->seq == 0)
		return err_set(e, ERR_REFUSED,
		    "%s/%s: no release has reached everybody yet", p->product,
		    p->channel);
	return rung;
}

/* --- documents ------------------------------------------------------------ */

static struct bundling_file *
add(struct bundling *b, const char *channel, const char *path, struct err *e)
{
	struct bundling_file *f = &b->files[b->nfiles];

	if (b->nfiles == BUNDLE_MEMBERS_MAX) {
		(void)err_set(
		    e, ERR_LIMIT, "more than %d files", BUNDLE_MEMBERS_MAX);
		return NULL;
	}
	memset(f, 0, sizeof(*f));
	f->path = path;
	f->m.path = arena_printf(b->a, e, "%s/%s", channel, path);
	if (f->m.path == NULL)
		return NULL;
	if (bundle_class(f->m.path) == BUNDLE_NONE) {
		(void)err_set(
		    e, ERR_INPUT, "%s: not a path for a bundle", f->m.path);
		return NULL;
	}
	b->nfiles++;
	return f;
}

static int
add_document(struct bundling *b, const char *channel, const char *path,
    struct bytes file, struct err *e)
{
	struct bundling_file *f = add(b, channel, path, e);

	if (f == NULL)
		return -1;
	f->bytes = file;
	f->m.size = (int64_t)file.len;
	sha256(f->m.sha256, file.at, file.len);
	return 0;
}

static int
add_roots(struct bundling *b, struct bundling_channel *c, struct err *e)
{
	for (int64_t v = 1; v <= c->there.chain.newest; v++) {
		char *path =
		    arena_printf(b->a, e, "%lld.root.json", (long long)v);

		if (path == NULL ||
		    add_document(b, c->id, path, c->there.chain.files[v], e) <
			0)
			return -1;
	}
	return 0;
}

/* Of a keyless tree: the round of the timestamp in place; 0: none is there. */
static int64_t
source_round(struct bundling *b, struct bundling_channel *c)
{
	struct bytes file;
	const struct role *r;
	struct err none;

	if (c->round > 0)
		return c->round;
	if (c->there.source.dirfd < 0 ||
	    source_read(&c->there.source, "timestamp.json", ROLE_TIMESTAMP_MAX,
		b->a, &file, &none) < 0)
		return 0;
	r = role_read(b->a, ROLE_TIMESTAMP, file, ROLE_STRICT, &none);
	return r == NULL ? 0 : r->version / LADDER_MAX;
}

static int
add_timestamp(struct bundling *b, struct bundling_channel *c, struct err *e)
{
	const struct publication *p = c->there.pub;
	const struct rung *r = &p->rungs[c->rung];
	int64_t before = source_round(b, c);
	/* bundles of two publications never have the same version, nor those
	 * of two rungs */
	int64_t round = ladder_round(
	    before < p->ladder.m ? p->ladder.m - 1 : before, b->created_s);
	struct timestamp_fields t = {
		.product = p->product,
		.channel = p->channel,
		.version = LADDER_MAX * round + r->index,
		.expires_s = b->expires_s,
		.signed_at_s = b->created_s,
		/* clients stage themselves by bucket and envelope */
		.cap_bp = r->kind == RUNG_OFFER ? BP_ALL : 0,
		.offline = true,
		.snapshot = r->snapshot_meta,
	};
	struct bytes file;
	AUTO_BUF text;

	buf_init(&text, ROLE_TIMESTAMP_MAX);
	if (timestamp_build(&t, &text, e) < 0 || buf_ok(&text, e) < 0 ||
	    keyring_seal(&c->stamps, ROLE_TIMESTAMP, buf_bytes(&text), &file,
		b->a, e) < 0)
		return -1;
	c->stamp = role_read(b->a, ROLE_TIMESTAMP, file, ROLE_STRICT, e);
	if (c->stamp == NULL)
		return -1;
	return add_document(b, c->id, "timestamp.json", file, e);
}

/* --- targets -------------------------------------------------------------- */

static bool
in_list(const char *const *list, size_t n, const char *text, size_t len)
{
	for (size_t i = 0; i < n; i++) {
		if (strlen(list[i]) == len && memcmp(list[i], text, len) == 0)
			return true;
	}
	return false;
}

/* "targets/<version>/<os-arch, or attach>/..." */
static bool
wanted(const struct bundling *b, const struct bundling_channel *c,
    const char *path)
{
	const char *own = c->there.pub->rungs[c->rung].manifest->version;
	const char *version = path + strlen("targets/"), *slash, *end;
	size_t len;

	if ((slash = strchr(version, '/')) == NULL ||
	    (end = strchr(slash + 1, '/')) == NULL)
		return false;
	len = (size_t)(slash - version);
	if (!in_list(&own, 1, version, len) &&
	    !in_list(b->versions, b->nversions, version, len))
		return false;
	len = (size_t)(end - slash - 1);
	return b->nplatforms == 0 ||
	    (len == 6 && memcmp(slash + 1, "attach", 6) == 0) ||
	    in_list(b->platforms, b->nplatforms, slash + 1, len);
}

static bool
had(const struct bundle *since, const struct bundle_member *m)
{
	enum bundle_class c = bundle_class(m->path);
	const struct bundle_member *old;

	if (c != BUNDLE_TARGET && c != BUNDLE_CLIENT)
		return false; /* documents are small: all of them travel */
	old = bundle_find(since, m->path);
	return old != NULL && old->size == m->size &&
	    memcmp(old->sha256, m->sha256, SHA256_SIZE) == 0;
}

static int
add_target(struct bundling *b, struct bundling_channel *c,
    const struct publication_file *file, struct err *e)
{
	struct bundling_file *f = add(b, c->id, file->path, e);

	if (f == NULL)
		return -1;
	f->source = &c->there.source;
	f->m.size = file->size;
	memcpy(f->m.sha256, file->sha256, SHA256_SIZE);
	if ((b->since != NULL && had(b->since, &f->m)) ||
	    source_has(f->source, file->path))
		return 0;
	return err_set(e, ERR_MISSING, "%s: %s is missing",
	    c->there.source.where, file->path);
}

static int
check_platforms(
    const struct bundling *b, const struct bundling_channel *c, struct err *e)
{
	const struct manifest *m = c->there.pub->rungs[c->rung].manifest;

	for (size_t i = 0; i < b->nplatforms; i++) {
		bool found = false;

		for (size_t k = 0; k < m->nartifacts && !found; k++) {
			const struct artifact *x = &m->artifacts[k];
			size_t n = strlen(x->os);

			found = strncmp(b->platforms[i], x->os, n) == 0 &&
			    b->platforms[i][n] == '-' &&
			    strcmp(b->platforms[i] + n + 1, x->arch) == 0;
		}
		if (!found)
			return err_set(e, ERR_MISSING,
			    "%s: %s has nothing for %s", c->id, m->version,
			    b->platforms[i]);
	}
	return 0;
}

static int
check_versions(
    const struct bundling *b, const struct bundling_channel *c, struct err *e)
{
	for (size_t i = 0; i < b->nversions; i++) {
		bool found = false;

		for (int k = 0; k < c->there.pub->nrungs && !found; k++) {
			const char *v =
			    c->there.pub->rungs[k].manifest->version;

			found = v != NULL && strcmp(v, b->versions[i]) == 0;
		}
		if (!found)
			return err_set(e, ERR_MISSING,
			    "%s: the publication names no version %s", c->id,
			    b->versions[i]);
	}
	return 0;
}

static int
add_file(struct bundling *b, struct bundling_channel *c,
    const struct publication_file *f, struct err *e)
{
	struct bytes file;

	if (!f->document)
		return wanted(b, c, f->path) ? add_target(b, c, f, e) : 0;
	if (source_read(&c->there.source, f->path, ROLE_TARGETS_MAX, b->a,
		&file, e) < 0)
		return -1;
	return add_document(b, c->id, f->path, file, e);
}

int
bundling_pick(struct bundling *b, struct bundling_channel *c, struct err *e)
{
	const struct publication_file *files;
	size_t n;

	if (check_platforms(b, c, e) < 0 || check_versions(b, c, e) < 0 ||
	    publication_files(c->there.pub, b->a, &files, &n, e) < 0 ||
	    add_roots(b, c, e) < 0 || add_timestamp(b, c, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (add_file(b, c, &files[i], e) < 0)
			return -1;
	}
	return 0;
}

int
bundling_program(struct bundling *b, const char *file, struct err *e)
{
	const char *slash = strrchr(file, '/');
	struct bundling_file *f =
	    add(b, "client", slash == NULL ? file : slash + 1, e);

	if (f == NULL)
		return -1;
	f->local = file;
	return digest_file(file, f->m.sha256, &f->m.size, e);
}

/* --- the list ------------------------------------------------------------- */

static int
name_cmp(const void *pa, const void *pb)
{
	const char *const *a = pa, *const *b = pb;

	return strcmp(*a, *b);
}

int
bundling_list(struct bundling *b, struct buf *out, struct err *e)
{
	struct bundle list = { .created_s = b->created_s,
		.expires_s = b->expires_s,
		.since = b->since == NULL ? NULL : b->since_sha256,
		.nchannels = b->nchannels,
		.nmembers = b->nfiles };
	const char **names = arena_array(b->a, b->nchannels, sizeof(*names), e);
	struct bundle_member *members =
	    arena_array(b->a, b->nfiles, sizeof(*members), e);

	if (names == NULL || members == NULL)
		return -1;
	for (size_t i = 0; i < b->nchannels; i++)
		names[i] = b->channels[i].id;
	qsort(names, b->nchannels, sizeof(*names), name_cmp);
	for (size_t i = 0; b->since != NULL && i < b->nfiles; i++)
		b->files[i].m.have = had(b->since, &b->files[i].m);
	qsort(b->files, b->nfiles, sizeof(*b->files), bundle_order);
	for (size_t i = 0; i < b->nfiles; i++)
		members[i] = b->files[i].m;
	list.channels = names;
	list.members = members;
	return bundle_write(&list, out, e);
}
