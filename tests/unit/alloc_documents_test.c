/*
 * Every document of every kind, read and verified with the n-th allocation
 * failing: what is good is accepted or the machine has failed, never is it
 * called malformed or forged (a caller would take a stored document for
 * absent), and what is bad is never accepted.
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "manifest/bundle_file.h"
#include "manifest/publication.h"
#include "signer/keyfile.h"
#include "tests/alloc/failing.h"
#include "tests/bundle_world.h"
#include "tests/ladder_fixture.h"
#include "tests/tap.h"
#include "tests/trusting.h"

#define ARENA_MAX (64 << 20)
#define COUNTED	  400 /* runs of what allocates more often than that */

/* --- one document --------------------------------------------------------- */

struct document {
	enum role_kind kind;
	int mode;
	struct bytes file;
	const struct role *root, *by; /* by: of the delegation */
	const struct delegation *d;
};

static int
document_run(void *ctx, struct err *e)
{
	const struct document *d = ctx;
	AUTO_ARENA a = arena_new(ARENA_MAX);
	const struct role *r;

	if (a == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	if ((r = role_read(a, d->kind, d->file, d->mode, e)) == NULL)
		return -1;
	if (d->d != NULL)
		return role_verify_delegated(r, d->by, d->d, e);
	return role_verify(
	    r, d->root != NULL ? d->root : r, NULL, d->mode == ROLE_STRICT, e);
}

static const struct role *
read_good(struct repo *r, enum role_kind kind, struct bytes file, int mode)
{
	struct err e;
	const struct role *doc = role_read(r->arena, kind, file, mode, &e);

	if (doc == NULL) {
		tap_note("%s", e.msg);
		abort();
	}
	return doc;
}

static void
documents(int mode, bool good)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct repo_keys stranger = repo_keys(1, "stranger");
	struct bytes root = repo_root(r, 1);
	struct repo_view v;

	if (!good) {
		for (int i = 1; i < ROLE_KINDS; i++)
			r->signers[i] = stranger;
		r->signers[ROLE_ROOT] = repo_keys(1, "root-1");
	}
	v = trusting_view(r, 10);
	for (int i = 0; i < ROLE_KINDS; i++) {
		struct bytes files[ROLE_KINDS] = { repo_root(r, 1), v.timestamp,
			v.snapshot, v.targets };
		struct document d = { .kind = (enum role_kind)i,
			.mode = mode,
			.file = files[i],
			.root = i == ROLE_ROOT
			    ? NULL
			    : read_good(r, ROLE_ROOT, root, mode) };
		struct failing_trial t = { .name = role_name(d.kind),
			.run = document_run,
			.ctx = &d,
			.good = good };

		failing_try(&t);
	}
}

static void
alloc_our_documents(void)
{
	documents(ROLE_STRICT, true);
}
static void
alloc_our_documents_with_too_few_signatures(void)
{
	documents(ROLE_STRICT, false);
}
static void
alloc_foreign_documents(void)
{
	documents(ROLE_FOREIGN, true);
}
static void
alloc_foreign_documents_with_too_few_signatures(void)
{
	documents(ROLE_FOREIGN, false);
}

/* --- the keys of other tools ---------------------------------------------- */

static char *
pem_of(EVP_PKEY *k, struct repo *r)
{
	BIO *b = BIO_new(BIO_s_mem());
	struct err e;
	char *text, *out;
	long n;

	if (b == NULL || PEM_write_bio_PUBKEY(b, k) != 1)
		abort();
	n = BIO_get_mem_data(b, &text);
	out = (char *)arena_bytes(r->arena, text, (size_t)n, &e);
	BIO_free_all(b);
	return out;
}

static char *
signed_by(EVP_PKEY *k, struct bytes message, struct repo *r)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t sig[1024];
	size_t n = sizeof(sig);
	struct err e;
	char *hex;

	if (md == NULL ||
	    EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, k) != 1 ||
	    EVP_DigestSign(md, sig, &n, message.at, message.len) != 1)
		abort();
	EVP_MD_CTX_free(md);
	hex = arena_get(r->arena, HEX_SIZE(n), &e);
	hex_write(hex, sig, n);
	return hex;
}

/* A root of an ECDSA and an RSA key, signed by both. */
static struct bytes
mixed_root(struct repo *r)
{
	EVP_PKEY *ec = EVP_EC_gen("P-256"), *rsa = EVP_RSA_gen(2048);
	AUTO_JSON one =
	    json_pack("{s:[s,s],s:i}", "keyids", "ec", "rsa", "threshold", 2);
	AUTO_JSON body = json_pack(
	    "{s:s,s:s,s:i,s:s,s:b,s:{s:{s:s,s:s,s:{s:s}},s:{s:s,s:s,s:{s:s}}},"
	    "s:{s:O,s:O,s:O,s:O}}",
	    "_type", "root", "spec_version", "1.0.0", "version", 1, "expires",
	    "2027-01-01T00:00:00Z", "consistent_snapshot", 1, "keys", "ec",
	    "keytype", "ecdsa", "scheme", "ecdsa-sha2-nistp256", "keyval",
	    "public", pem_of(ec, r), "rsa", "keytype", "rsa", "scheme",
	    "rsa-pkcs1v15-sha256", "keyval", "public", pem_of(rsa, r), "roles",
	    "root", one, "timestamp", one, "snapshot", one, "targets", one);
	AUTO_BUF canon, file;
	struct role_sig sigs[2];
	struct err e;
	struct bytes out;

	buf_init(&canon, ROLE_ROOT_MAX);
	buf_init(&file, ROLE_ROOT_MAX);
	if (body == NULL || json_canon(body, &canon, &e) < 0)
		abort();
	sigs[0] =
	    (struct role_sig){ "ec", signed_by(ec, buf_bytes(&canon), r) };
	sigs[1] =
	    (struct role_sig){ "rsa", signed_by(rsa, buf_bytes(&canon), r) };
	buf_printf(&file,
	    "{\"signatures\":[{\"keyid\":\"ec\",\"sig\":\"%s\"},"
	    "{\"keyid\":\"rsa\",\"sig\":\"%s\"}],\"signed\":",
	    sigs[0].sig, sigs[1].sig);
	json_canon_text(buf_bytes(&canon), &file);
	buf_text(&file, "}");
	out.len = file.len;
	out.at = arena_bytes(r->arena, file.at, file.len, &e);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(rsa);
	return out;
}

static void
alloc_ecdsa_and_rsa(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct document d = { .kind = ROLE_ROOT, .file = mixed_root(r) };
	struct failing_trial t = { .name = "root of ECDSA and RSA",
		.run = document_run,
		.ctx = &d,
		.good = true,
		.most = COUNTED };

	failing_try(&t);
}

/* --- delegations ------------------------------------------------------------ */

static struct bytes
delegating(struct repo *r, const struct repo_key *k)
{
	AUTO_JSON body = json_pack("{s:s,s:s,s:s,s:i,s:{},s:{s:{s:o},s:[{s:s,"
				   "s:[s],s:i,s:b,s:[s,s]}]}}",
	    "_type", "targets", "expires", "2027-01-01T00:00:00Z",
	    "spec_version", "1.0.0", "version", 1, "targets", "delegations",
	    "keys", k->id, key_json_ed25519(k->public), "roles", "name", "team",
	    "keyids", k->id, "threshold", 1, "terminating", 0, "paths", "a/*",
	    "b/*");
	AUTO_BUF canon;
	struct err e;
	struct bytes text;

	buf_init(&canon, ROLE_TARGETS_MAX);
	if (body == NULL || json_canon(body, &canon, &e) < 0)
		abort();
	text.len = canon.len;
	text.at = arena_bytes(r->arena, canon.at, canon.len, &e);
	return repo_sign(r, text, &r->roles[ROLE_TARGETS]);
}

static void
alloc_delegated_targets(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct repo_key team = repo_key("team");
	struct bytes top = delegating(r, &team);
	struct target target = repo_target("a/one", repo_text("one"));
	struct bytes root = repo_root(r, 1);
	struct document d = { .kind = ROLE_TARGETS,
		.file = top,
		.root = read_good(r, ROLE_ROOT, root, ROLE_FOREIGN) };
	struct failing_trial t = { .name = "targets that delegate",
		.run = document_run,
		.ctx = &d,
		.good = true };

	failing_try(&t);
	d.by = read_good(r, ROLE_TARGETS, top, ROLE_FOREIGN);
	d.d = &d.by->delegations->roles[0];
	r->signers[ROLE_TARGETS] = repo_keys(1, "team");
	d.file = repo_targets(r, 1, &target, 1);
	t.name = "delegated targets";
	failing_try(&t);
	r->signers[ROLE_TARGETS] = repo_keys(1, "stranger");
	d.file = repo_targets(r, 1, &target, 1);
	t.name = "delegated targets of a stranger";
	t.good = false;
	failing_try(&t);
}

/* --- the manifest, minisign --------------------------------------------------- */

static int
manifest_run(void *ctx, struct err *e)
{
	const struct bytes *file = ctx;
	AUTO_ARENA a = arena_new(ARENA_MAX);

	if (a == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	return manifest_read(a, *file, true, e) == NULL ? -1 : 0;
}

static void
alloc_manifest(void)
{
	AUTO_LADDER_FIXTURE f = ladder_fixture_new("editor", "stable", 9, 3);
	struct failing_trial t = {
		.name = "manifest", .run = manifest_run, .good = true
	};

	f->deltas = true;
	ladder_fixture_build(f);
	/* the offer's, and a rollback's */
	for (int i = 1; i < 4; i += 2) {
		struct manifest m = ladder_fixture_manifest(f, i);
		AUTO_BUF b;
		struct bytes file;
		struct err e;

		buf_init(&b, MANIFEST_MAX);
		if (!CHECK_INT(manifest_write(&m, &b, &e), 0)) {
			tap_note("%s", e.msg);
			return;
		}
		file = buf_bytes(&b);
		t.ctx = &file;
		t.good = true;
		failing_try(&t);
		file.len--;
		t.good = false;
		failing_try(&t);
	}
}

struct signature {
	struct minisign_key key;
	struct bytes file, message;
};

static int
minisign_run(void *ctx, struct err *e)
{
	const struct signature *s = ctx;
	uint8_t hash[MINISIGN_HASH_SIZE];
	struct minisign_sig sig;

	if (minisign_read(&sig, s->file, e) < 0)
		return -1;
	minisign_hash(hash, s->message);
	return minisign_verify(&s->key, &sig, hash, e);
}

static void
alloc_minisign(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct repo_key k = repo_key("minisign");
	struct signature s = { .key = repo_minisign_key(&k),
		.message = repo_text("text") };
	struct failing_trial t = {
		.name = "minisign", .run = minisign_run, .ctx = &s, .good = true
	};

	s.file = repo_minisign(r, &k, "trusted", s.message);
	failing_try(&t);
	s.message = repo_text("another");
	t.good = false;
	failing_try(&t);
}

/* --- key files -------------------------------------------------------------- */

struct opened {
	const char *path;
	struct secret pass;
};

static int
keyfile_run(void *ctx, struct err *e)
{
	const struct opened *o = ctx;
	AUTO_ARENA a = arena_new(ARENA_MAX);
	AUTO_SECRET sk = { 0 };
	struct keyfile k;

	if (a == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	if (keyfile_read(&k, o->path, true, a, e) < 0)
		return -1;
	return keyfile_unlock(&k, &o->pass, &sk, e);
}

static void
alloc_keyfile(void)
{
	AUTO_ARENA a = arena_new(ARENA_MAX);
	struct keyfile_new how = { KEYFILE_RELEASE, KDF_MINIMAL, "" };
	struct opened o = { 0 };
	struct failing_trial t = {
		.name = "key file", .run = keyfile_run, .ctx = &o, .good = true
	};
	struct keyfile k;
	struct err e;

	if (a == NULL || sodium_init() < 0 || secret_new(&o.pass, 4, &e) < 0)
		abort();
	memcpy(o.pass.at, "pass", 4);
	o.path = file_path(a, &e, tap_tmpdir(), "release.key");
	CHECK_INT(keyfile_make(&k, &how, &o.pass, a, &e), 0);
	CHECK_INT(keyfile_write(&k, o.path, a, &e), 0);
	failing_try(&t);
	memcpy(o.pass.at, "fail", 4);
	t.name = "key file, wrong passphrase";
	t.good = false;
	failing_try(&t);
	secret_done(&o.pass);
}

/* --- bundles ------------------------------------------------------------------ */

struct bundle_run {
	const char *path;
	struct bytes root;
	struct bundle_file f;
	struct arena *a;
};

static int
bundle_documents(void *ctx, struct err *e)
{
	struct bundle_run *b = ctx;
	const struct manifest *m;
	struct trust t;
	bool behind;

	if (trust_start(&t, b->a, ROLE_STRICT, REPO_NOW_S, "editor", "stable",
		b->root, e) < 0 ||
	    bundle_file_root(&b->f, &t, e) < 0)
		return -1;
	return bundle_file_view(&b->f, &t, &m, &behind, e);
}

static int
bundle_run(void *ctx, struct err *e)
{
	struct bundle_run *b = ctx;
	struct bundle_take take = { bundle_documents, NULL, NULL, b };
	int rc;

	if ((b->a = arena_new(ARENA_MAX)) == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	rc = bundle_file_open(&b->f, b->path, b->a, e);
	if (rc == 0)
		rc = bundle_file_each(&b->f, &take, e);
	bundle_file_done(&b->f);
	arena_free(b->a);
	return rc;
}

static void
alloc_bundle(void)
{
	struct bundle_world w;
	struct bundle_run b = { 0 };
	struct failing_trial t = { .name = "bundle",
		.run = bundle_run,
		.lax = true,
		.ctx = &b,
		.most = COUNTED };

	for (int good = 0; good < 2; good++) {
		AUTO_BUF out;

		bundle_world_open(&w);
		if (!good)
			w.list_key = repo_key("stranger");
		bundle_world_list(&w);
		buf_init(&out, 1 << 20);
		bundle_world_bytes(&w, &out);
		b.path = bundle_world_save(&out, "alloc.bundle");
		b.root = w.root;
		t.good = good;
		failing_try(&t);
		bundle_world_close(&w);
	}
}

/* --- a whole publication -------------------------------------------------------- */

static int
publication_run(void *ctx, struct err *e)
{
	struct ladder_fixture *f = ctx;
	AUTO_ARENA a = arena_new(ARENA_MAX);
	const struct publication_file *files;
	struct publication_base base;
	const struct publication *p;
	size_t n;

	if (a == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	if ((p = ladder_fixture_load(f, a, REPO_NOW_S, e)) == NULL)
		return -1;
	base = ladder_fixture_base(p, false);
	base.m = base.seq = 1;
	base.version = "0.0.1";
	return publication_follows(p, NULL, &base, e) < 0 ||
		publication_files(p, a, &files, &n, e) < 0
	    ? -1
	    : 0;
}

static void
drop_artifacts(struct ladder_fixture *f, int index, struct manifest *m)
{
	if (index == f->edit_index)
		m->nartifacts--;
}

static void
alloc_publication(void)
{
	for (int good = 0; good < 2; good++) {
		AUTO_LADDER_FIXTURE f =
		    ladder_fixture_new("editor", "stable", 9, 3);
		struct failing_trial t = { .name = "publication",
			.run = publication_run,
			.ctx = f,
			.good = good,
			.most = COUNTED };

		f->deltas = true;
		f->edit_index = 3;
		if (!good)
			f->edit = drop_artifacts;
		ladder_fixture_build(f);
		failing_try(&t);
	}
}

static const struct tap_test tests[] = {
	TAP(alloc_our_documents),
	TAP(alloc_our_documents_with_too_few_signatures),
	TAP(alloc_foreign_documents),
	TAP(alloc_foreign_documents_with_too_few_signatures),
	TAP(alloc_ecdsa_and_rsa),
	TAP(alloc_delegated_targets),
	TAP(alloc_manifest),
	TAP(alloc_minisign),
	TAP(alloc_keyfile),
	TAP(alloc_bundle),
	TAP(alloc_publication),
};

int
main(void)
{
	return failing_main(tests, COUNT(tests));
}
