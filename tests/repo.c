/*
 * See repo.h.
 */
#include "tests/repo.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/buf.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"

#define ARENA_MAX (256 * 1024 * 1024)

static void
must(int rc, const struct err *e)
{
	if (rc == 0)
		return;
	fprintf(stderr, "tests/repo: %s\n", e->msg);
	abort();
}

struct repo *
repo_new(const char *product, const char *channel)
{
	struct repo *r = calloc(1, sizeof *r);
	struct err e = { .msg = "no memory" };

	must(r != NULL && sodium_init() >= 0 ? 0 : -1, &e);
	r->arena = arena_new(ARENA_MAX);
	r->product = product;
	r->channel = channel;
	r->expires_s[ROLE_ROOT] = REPO_NOW_S + 365 * REPO_DAY_S;
	r->expires_s[ROLE_TARGETS] = REPO_NOW_S + 90 * REPO_DAY_S;
	r->expires_s[ROLE_SNAPSHOT] = REPO_NOW_S + 90 * REPO_DAY_S;
	r->expires_s[ROLE_TIMESTAMP] = REPO_NOW_S + REPO_DAY_S;
	r->roles[ROLE_ROOT] = repo_keys(2, "root-1 root-2 root-3");
	r->roles[ROLE_TARGETS] = repo_keys(1, "release-1");
	r->roles[ROLE_SNAPSHOT] = repo_keys(1, "release-1");
	r->roles[ROLE_TIMESTAMP] = repo_keys(1, "brake twin");
	r->signers[ROLE_TIMESTAMP] = repo_keys(1, "brake");
	r->timestamp.signed_at_s = REPO_NOW_S;
	r->timestamp.cap_bp = 2500;
	return r;
}

void
repo_free(struct repo *r)
{
	if (r == NULL)
		return;
	arena_free(r->arena);
	free(r);
}

struct repo_key
repo_key(const char *name)
{
	struct repo_key k;
	uint8_t seed[SHA256_SIZE];
	char text[128];
	int n = snprintf(text, sizeof text, "sluice test key %s", name);

	sha256(seed, text, (size_t)n);
	crypto_sign_seed_keypair(k.public, k.secret, seed);
	key_id_ed25519(k.id, k.public);
	return k;
}

struct repo_keys
repo_keys(int threshold, const char *names)
{
	struct repo_keys ks = { .threshold = threshold };
	char name[64];
	int used;

	while (ks.n < REPO_KEYS_MAX &&
	    sscanf(names, " %63s%n", name, &used) == 1) {
		ks.key[ks.n++] = repo_key(name);
		names += used;
	}
	return ks;
}

struct minisign_key
repo_minisign_key(const struct repo_key *k)
{
	struct minisign_key m;

	memcpy(m.public, k->public, sizeof m.public);
	memcpy(m.id, k->id, sizeof m.id);
	return m;
}

struct bytes
repo_text(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

/* A copy that lives as long as the repo. */
static struct bytes
keep(struct repo *r, const struct buf *b)
{
	struct err e = { .msg = "" };
	struct bytes out = { .len = b->len };

	must(buf_ok(b, &e), &e);
	out.at = arena_bytes(r->arena, b->at, b->len, &e);
	must(out.at == NULL ? -1 : 0, &e);
	return out;
}

struct bytes
repo_sign(struct repo *r, struct bytes signed_, const struct repo_keys *by)
{
	AUTO_BUF file = { 0 };
	struct err e = { .msg = "" };
	struct role_sig sigs[REPO_KEYS_MAX];
	char hex[REPO_KEYS_MAX][HEX_SIZE(ED25519_SIG_SIZE)];

	for (size_t i = 0; i < by->n; i++) {
		uint8_t sig[ED25519_SIG_SIZE];

		crypto_sign_detached(
		    sig, NULL, signed_.at, signed_.len, by->key[i].secret);
		hex_write(hex[i], sig, sizeof sig);
		sigs[i] = (struct role_sig){ by->key[i].id, hex[i] };
	}
	buf_init(&file, 2 * ROLE_TARGETS_MAX);
	must(role_wrap(signed_, sigs, by->n, &file, &e), &e);
	return keep(r, &file);
}

static struct bytes
sign_kind(struct repo *r, enum role_kind kind, struct bytes signed_)
{
	const struct repo_keys *by = &r->signers[kind];

	return repo_sign(r, signed_, by->n > 0 ? by : &r->roles[kind]);
}

/* Takes the reference of signed_. */
static struct bytes
build(struct repo *r, enum role_kind kind, int64_t version, json_t *signed_,
    json_t *xs)
{
	AUTO_BUF out = { 0 };
	struct err e = { .msg = "" };

	buf_init(&out, 2 * ROLE_TARGETS_MAX);
	must(role_build(signed_, kind,
		 &(struct role_head){
		     r->product, r->channel, version, r->expires_s[kind], xs },
		 &out, &e),
	    &e);
	json_decref(signed_);
	return sign_kind(r, kind, keep(r, &out));
}

struct bytes
repo_root(struct repo *r, int64_t version)
{
	json_t *keys = json_object(), *roles = json_object();
	AUTO_JSON xs = json_object();
	json_t *minisign = json_array();

	for (int k = 0; k < ROLE_KINDS; k++) {
		const struct repo_keys *ks = &r->roles[k];
		json_t *ids = json_array();

		for (size_t i = 0; i < ks->n; i++) {
			json_array_append_new(ids, json_string(ks->key[i].id));
			json_object_set_new(keys, ks->key[i].id,
			    key_json_ed25519(ks->key[i].public));
		}
		json_object_set_new(roles, role_name((enum role_kind)k),
		    json_pack("{s:o,s:i}", "keyids", ids, "threshold",
			ks->threshold));
	}
	for (size_t i = 0; i < r->minisign.n; i++) {
		struct minisign_key m = repo_minisign_key(&r->minisign.key[i]);
		char text[MINISIGN_KEY_TEXT + 1];

		minisign_key_write(text, &m);
		json_array_append_new(minisign, json_string(text));
	}
	if (r->minisign.n > 0)
		json_object_set(xs, "minisign", minisign);
	json_decref(minisign);
	return build(r, ROLE_ROOT, version,
	    json_pack("{s:b,s:o,s:o}", "consistent_snapshot", 1, "keys", keys,
		"roles", roles),
	    xs);
}

static json_t *
hashes_json(const uint8_t sha[static SHA256_SIZE])
{
	char hex[SHA256_HEX_SIZE];

	hex_write(hex, sha, SHA256_SIZE);
	return json_pack("{s:s}", "sha256", hex);
}

struct bytes
repo_targets(
    struct repo *r, int64_t version, const struct target *targets, size_t n)
{
	json_t *all = json_object();

	for (size_t i = 0; i < n; i++)
		json_object_set_new(all, targets[i].path,
		    json_pack("{s:o,s:I}", "hashes",
			hashes_json(targets[i].sha256), "length",
			(json_int_t)targets[i].length));
	return build(
	    r, ROLE_TARGETS, version, json_pack("{s:o}", "targets", all), NULL);
}

struct bytes
repo_snapshot(
    struct repo *r, int64_t version, const struct metafile *meta, size_t n)
{
	json_t *all = json_object();

	for (size_t i = 0; i < n; i++)
		json_object_set_new(all, meta[i].name,
		    json_pack("{s:o,s:I,s:I}", "hashes",
			hashes_json(meta[i].sha256), "length",
			(json_int_t)meta[i].length, "version",
			(json_int_t)meta[i].version));
	return build(
	    r, ROLE_SNAPSHOT, version, json_pack("{s:o}", "meta", all), NULL);
}

struct bytes
repo_timestamp(struct repo *r, int64_t version, const struct metafile *snapshot)
{
	AUTO_BUF out = { 0 };
	struct err e = { .msg = "" };
	struct timestamp_fields t = r->timestamp;

	t.product = r->product;
	t.channel = r->channel;
	t.version = version;
	t.expires_s = r->expires_s[ROLE_TIMESTAMP];
	t.snapshot = *snapshot;
	buf_init(&out, ROLE_TIMESTAMP_MAX);
	must(timestamp_build(&t, &out, &e), &e);
	return sign_kind(r, ROLE_TIMESTAMP, keep(r, &out));
}

struct metafile
repo_meta(const char *name, int64_t version, struct bytes file)
{
	struct metafile m = { .name = name,
		.version = version,
		.length = (int64_t)file.len,
		.hashed = true };

	sha256(m.sha256, file.at, file.len);
	return m;
}

struct target
repo_target(const char *path, struct bytes file)
{
	struct target t = { .path = path, .length = (int64_t)file.len };

	sha256(t.sha256, file.at, file.len);
	return t;
}

struct repo_view
repo_view(
    struct repo *r, int64_t version, const struct target *targets, size_t n)
{
	struct repo_view v;
	struct metafile m;

	v.targets = repo_targets(r, version, targets, n);
	m = repo_meta("targets.json", version, v.targets);
	v.snapshot = repo_snapshot(r, version, &m, 1);
	m = repo_meta("snapshot.json", version, v.snapshot);
	v.timestamp = repo_timestamp(r, version, &m);
	return v;
}

struct repo_set
repo_set(void)
{
	struct repo_set s = { .repo = repo_new("editor", "stable") };
	struct target t[3];
	struct repo_view v;

	s.repo->minisign = repo_keys(1, "mini-1 mini-2");
	s.repo->timestamp.pin_seq = 41;
	s.repo->timestamp.urgent = true;
	t[0] = repo_target("manifest.json", repo_text("{}"));
	t[1] = repo_target("1.2.0/linux-x86_64/app.bin", repo_text("abc"));
	t[2] = repo_target("1.2.0/attach/sbom.json", repo_text(""));
	v = repo_view(s.repo, 70, t, COUNT(t));
	s.file[ROLE_ROOT] = repo_root(s.repo, 1);
	s.file[ROLE_TIMESTAMP] = v.timestamp;
	s.file[ROLE_SNAPSHOT] = v.snapshot;
	s.file[ROLE_TARGETS] = v.targets;
	return s;
}

struct bytes
repo_replaced(
    struct repo *r, struct bytes file, const char *from, const char *to)
{
	const char *text = (const char *)file.at, *at = strstr(text, from);
	struct err e;
	char *made;

	if (at == NULL) {
		(void)err_set(&e, ERR_INPUT, "no %s to replace", from);
		must(-1, &e);
		return file;
	}
	made = arena_printf(r->arena, &e, "%.*s%s%s", (int)(at - text), text,
	    to, at + strlen(from));
	must(made == NULL ? -1 : 0, &e);
	return repo_text(made);
}

const struct role *
repo_read(struct repo *r, enum role_kind kind, struct bytes file, int mode)
{
	struct err e;
	const struct role *doc = role_read(r->arena, kind, file, mode, &e);

	must(doc == NULL ? -1 : 0, &e);
	return doc;
}

struct bytes
repo_minisign(struct repo *r, const struct repo_key *k, const char *trusted,
    struct bytes message)
{
	AUTO_BUF out = { 0 };
	struct minisign_sig s = { 0 };
	struct minisign_key m = repo_minisign_key(k);
	uint8_t hash[MINISIGN_HASH_SIZE], all[64 + MINISIGN_COMMENT_MAX];
	size_t n = strlen(trusted);

	memcpy(s.id, m.id, sizeof s.id);
	memcpy(s.trusted, trusted, n + 1);
	minisign_hash(hash, message);
	crypto_sign_detached(s.sig, NULL, hash, sizeof hash, k->secret);
	memcpy(all, s.sig, sizeof s.sig);
	memcpy(all + sizeof s.sig, trusted, n);
	crypto_sign_detached(s.global, NULL, all, sizeof s.sig + n, k->secret);
	buf_init(&out, MINISIGN_FILE_MAX);
	minisign_write(&out, &s);
	return keep(r, &out);
}
