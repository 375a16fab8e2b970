/*
 * The documents of a publication, from hold to the last rollback.
 */
#include "signer/compose.h"

#include <stdlib.h>
#include <string.h>

#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "signer/compose_manifest.h"
#include "signer/pieces.h"

#define FILES_MAX (4 * LADDER_MAX)

struct composer {
	const struct compose *c;
	struct arena *a;
	struct err *e;
	struct composed *out;
};

static int
put_file(struct composer *k, const char *path, struct bytes file)
{
	if (path == NULL)
		return -1;
	k->out->files[k->out->n++] = (struct composed_file){ path, file };
	return 0;
}

static int
put_target(json_t *targets, const struct target *t)
{
	char hex[SHA256_HEX_SIZE];

	hex_write(hex, t->sha256, SHA256_SIZE);
	return json_object_set_new(targets, t->path,
	    json_pack("{sI s{ss}}", "length", (json_int_t)t->length, "hashes",
		"sha256", hex));
}

static int
put_artifacts(json_t *targets, const struct manifest *m)
{
	int bad = 0;

	for (size_t i = 0; i < m->nartifacts; i++) {
		const struct artifact *x = &m->artifacts[i];
		struct target t = { .path = x->path, .length = x->size };

		memcpy(t.sha256, x->sha256, SHA256_SIZE);
		bad |= put_target(targets, &t);
		for (size_t d = 0; d < x->ndeltas; d++) {
			t.path = x->deltas[d].path;
			t.length = x->deltas[d].size;
			memcpy(t.sha256, x->deltas[d].sha256, SHA256_SIZE);
			bad |= put_target(targets, &t);
		}
	}
	return bad;
}

/* The signed bytes of a rung's targets. */
static int
targets_bytes(struct composer *k, const struct compose_head *h,
    const struct compose_view *view, struct bytes *out)
{
	AUTO_JSON targets = json_object();
	AUTO_JSON v = json_pack("{sO}", "targets", targets);
	struct target t = { .path = MANIFEST_TARGET,
		.length = (int64_t)view->file.len };
	AUTO_BUF b;

	buf_init(&b, ROLE_TARGETS_MAX);
	memcpy(t.sha256, view->sha256, SHA256_SIZE);
	if (v == NULL || put_target(targets, &t) < 0 ||
	    (view->release.m != NULL &&
		put_artifacts(targets, view->release.m) < 0))
		return err_set(k->e, ERR_SYS, "out of memory");
	for (size_t i = 0; i < view->release.nattach; i++) {
		if (put_target(targets, &view->release.attach[i]) < 0)
			return err_set(k->e, ERR_SYS, "out of memory");
	}
	if (role_build(v, ROLE_TARGETS,
		&(struct role_head){
		    h->product, h->channel, h->version, h->expires_s, NULL },
		&b, k->e) < 0 ||
	    buf_ok(&b, k->e) < 0)
		return -1;
	out->len = b.len;
	out->at = arena_bytes(k->a, b.at, b.len, k->e);
	return out->at == NULL ? -1 : 0;
}

int
compose_snapshot(const struct compose_head *h, struct bytes targets_file,
    struct bytes *out, struct arena *a, struct err *e)
{
	char hex[SHA256_HEX_SIZE];
	AUTO_JSON v = NULL;
	AUTO_BUF b;

	buf_init(&b, ROLE_SNAPSHOT_MAX);
	sha256_hex(hex, targets_file.at, targets_file.len);
	v = json_pack("{s{s{sI sI s{ss}}}}", "meta", "targets.json", "version",
	    (json_int_t)h->version, "length", (json_int_t)targets_file.len,
	    "hashes", "sha256", hex);
	if (v == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	if (role_build(v, ROLE_SNAPSHOT,
		&(struct role_head){
		    h->product, h->channel, h->version, h->expires_s, NULL },
		&b, e) < 0 ||
	    buf_ok(&b, e) < 0)
		return -1;
	out->len = b.len;
	out->at = arena_bytes(a, b.at, b.len, e);
	return out->at == NULL ? -1 : 0;
}

static int
put_rung(struct composer *k, int index, const struct compose_view *view)
{
	const struct compose *c = k->c;
	struct compose_head h = { c->product, c->channel,
		ladder_version(&c->ladder, index), c->expires_s };
	struct bytes signed_, targets, snapshot;

	if (targets_bytes(k, &h, view, &signed_) < 0 ||
	    keyring_seal(c->ring, ROLE_TARGETS, signed_, &targets, k->a, k->e) <
		0 ||
	    compose_snapshot(&h, targets, &signed_, k->a, k->e) < 0 ||
	    keyring_seal(
		c->ring, ROLE_SNAPSHOT, signed_, &snapshot, k->a, k->e) < 0)
		return -1;
	if (put_file(k,
		arena_printf(
		    k->a, k->e, "%lld.targets.json", (long long)h.version),
		targets) < 0)
		return -1;
	return put_file(k,
	    arena_printf(
		k->a, k->e, "%lld.snapshot.json", (long long)h.version),
	    snapshot);
}

static int
put_minisig(
    struct composer *k, const struct compose_view *view, const char *path)
{
	const struct compose *c = k->c;
	struct pieces named = {
		.product = c->product,
		.channel = c->channel,
		.seq = view->manifest.seq,
		.version = view->manifest.version,
		.now_s = c->created_s,
		.arena = k->a,
	};
	uint8_t hash[MINISIGN_HASH_SIZE];
	char *comment = pieces_comment(&named, MANIFEST_TARGET, k->e);
	AUTO_BUF b;
	struct bytes file;

	buf_init(&b, MINISIGN_FILE_MAX);
	minisign_hash(hash, view->file);
	if (comment == NULL ||
	    keyring_minisign(c->minisign, hash, comment, &b, k->e) < 0)
		return -1;
	file.len = b.len;
	if ((file.at = arena_bytes(k->a, b.at, b.len, k->e)) == NULL)
		return -1;
	return put_file(k, arena_printf(k->a, k->e, "%s.minisig", path), file);
}

/* One manifest for each meaning; a rung's place says which it has. */
static int
put_views(struct composer *k, struct compose_view *views, int n)
{
	for (int i = 0; i < n; i++) {
		struct compose_view *v = &views[i];
		char hex[SHA256_HEX_SIZE];
		char *path;

		if (compose_manifest(k->c, i, v, k->a, k->e) < 0)
			return -1;
		hex_write(hex, v->sha256, SHA256_SIZE);
		path = arena_printf(
		    k->a, k->e, "targets/%s." MANIFEST_TARGET, hex);
		if (put_file(k, path, v->file) < 0 ||
		    (k->c->minisign != NULL && put_minisig(k, v, path) < 0))
			return -1;
	}
	return 0;
}

int
compose_run(const struct compose *c, struct composed *out, struct arena *a,
    struct err *e)
{
	struct composer k = { c, a, e, out };
	int step = 2 + c->ladder.ngood;
	struct compose_view *views;

	if (ladder_check(&c->ladder, e) < 0)
		return -1;
	out->n = 0;
	out->files = arena_array(a, FILES_MAX, sizeof(*out->files), e);
	views = arena_array(a, (size_t)step + 1, sizeof(*views), e);
	if (out->files == NULL || views == NULL ||
	    put_views(&k, views, step + 1) < 0)
		return -1;
	for (int i = 0; i < ladder_rungs(&c->ladder); i++) {
		if (put_rung(&k, i, &views[i == 0 ? 0 : 1 + (i - 1) % step]) <
		    0)
			return -1;
	}
	return 0;
}
