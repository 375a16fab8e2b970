/*
 * Key files: derive, seal, open.  Where the passphrase comes from is
 * keyring.c's business; what is signed, everybody else's.
 */
#include "signer/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "manifest/base/verb.h"

static const char *const role_names[KEYFILE_ROLES] = {
	[KEYFILE_ROOT] = "root",
	[KEYFILE_RELEASE] = "release",
	[KEYFILE_TIMESTAMP] = "timestamp",
	[KEYFILE_MINISIGN] = "minisign",
};

static const struct kdf {
	const char *name;
	int64_t ops, mem;
} kdfs[] = {
	/* only for tests: nobody should guess against this one */
	[KDF_MINIMAL] = { "minimal", 1, 8192 },
	[KDF_INTERACTIVE] = { "interactive", 2, 64 << 20 },
	[KDF_MODERATE] = { "moderate", 3, 256 << 20 },
	[KDF_SENSITIVE] = { "sensitive", 4, 1024 << 20 },
};

const char *
keyfile_role_name(enum keyfile_role r)
{
	return role_names[r];
}

int
keyfile_role_named(const char *name, enum keyfile_role *out)
{
	for (size_t i = 0; i < KEYFILE_ROLES; i++) {
		if (strcmp(name, role_names[i]) == 0) {
			*out = (enum keyfile_role)i;
			return 0;
		}
	}
	return -1;
}

int
keyfile_kdf_named(const char *name, enum keyfile_kdf *out)
{
	for (size_t i = 0; i < COUNT(kdfs); i++) {
		if (strcmp(name, kdfs[i].name) == 0) {
			*out = (enum keyfile_kdf)i;
			return 0;
		}
	}
	return -1;
}

/* The file as JSON; the ciphertext only when it is wanted. */
static json_t *
keyfile_json(const struct keyfile *k, bool sealed)
{
	char public[HEX_SIZE(ED25519_PUBLIC_SIZE)];
	char salt[HEX_SIZE(KEYFILE_SALT)], nonce[HEX_SIZE(KEYFILE_NONCE)];
	char box[HEX_SIZE(KEYFILE_SEED + KEYFILE_TAG)];
	json_t *v;

	hex_write(public, k->public, sizeof(k->public));
	hex_write(salt, k->salt, sizeof(k->salt));
	hex_write(nonce, k->nonce, sizeof(k->nonce));
	hex_write(box, k->box, sizeof(k->box));
	v = json_pack("{ss ss ss ss ss s{ss sI sI ss} s{ss ss}}", "schema",
	    KEYFILE_SCHEMA, "role", role_names[k->role], "keyid", k->keyid,
	    "public", public, "comment", k->comment, "kdf", "name", "argon2id",
	    "ops", (json_int_t)k->ops, "mem", (json_int_t)k->mem, "salt", salt,
	    "box", "name", "xchacha20-poly1305", "nonce", nonce);
	if (v != NULL && sealed &&
	    json_object_set_new(json_object_get(v, "box"), "ciphertext",
		json_string(box)) < 0) {
		json_decref(v);
		return NULL;
	}
	return v;
}

int
keyfile_canon(
    const struct keyfile *k, bool sealed, struct buf *out, struct err *e)
{
	AUTO_JSON v = NULL;

	errno = 0;
	v = keyfile_json(k, sealed);
	if (v == NULL && errno == ENOMEM)
		return err_set(e, ERR_SYS, "key file: out of memory");
	if (v == NULL)
		return err_set(e, ERR_INPUT, "key file: comment is not UTF-8");
	if (json_canon(v, out, e) < 0)
		return -1;
	return buf_ok(out, e);
}

/* The key that the passphrase stands for, by the file's own parameters. */
static int
keyfile_derive(const struct keyfile *k, const struct secret *pass,
    struct secret *out, struct err *e)
{
	if (secret_new(out, crypto_aead_xchacha20poly1305_ietf_KEYBYTES, e) < 0)
		return -1;
	if (crypto_pwhash(out->at, out->len, (const char *)pass->at, pass->len,
		k->salt, (unsigned long long)k->ops, (size_t)k->mem,
		crypto_pwhash_ALG_ARGON2ID13) != 0)
		return err_set(e, ERR_SYS,
		    "not enough memory for the key derivation (%lld MiB)",
		    (long long)(k->mem >> 20));
	return 0;
}

static int
keyfile_seal(struct keyfile *k, const struct secret *pass,
    const struct secret *seed, struct err *e)
{
	AUTO_BUF ad;
	AUTO_SECRET key = { 0 };

	buf_init(&ad, KEYFILE_MAX);
	if (keyfile_canon(k, false, &ad, e) < 0 ||
	    keyfile_derive(k, pass, &key, e) < 0)
		return -1;
	crypto_aead_xchacha20poly1305_ietf_encrypt(k->box, NULL, seed->at,
	    seed->len, ad.at, ad.len, NULL, k->nonce, key.at);
	return 0;
}

int
keyfile_make(struct keyfile *k, const struct keyfile_new *how,
    const struct secret *pass, struct arena *a, struct err *e)
{
	AUTO_SECRET seed = { 0 };
	AUTO_SECRET sk = { 0 };

	memset(k, 0, sizeof(*k));
	if (pass->len < KEYFILE_PASS_MIN)
		return err_set(e, ERR_USAGE, "the passphrase is empty");
	if (strlen(how->comment) > KEYFILE_COMMENT)
		return err_set(e, ERR_USAGE, "the comment is longer than %d",
		    KEYFILE_COMMENT);
	for (const char *c = how->comment; *c != '\0'; c++) {
		/* canonical JSON has no form for them in a file */
		if ((unsigned char)*c < 0x20)
			return err_set(e, ERR_USAGE,
			    "the comment has control characters in it");
	}
	if ((k->comment = arena_text(a, how->comment, e)) == NULL ||
	    secret_new(&seed, KEYFILE_SEED, e) < 0 ||
	    secret_new(&sk, crypto_sign_SECRETKEYBYTES, e) < 0)
		return -1;
	k->role = how->role;
	k->ops = kdfs[how->kdf].ops;
	k->mem = kdfs[how->kdf].mem;
	randombytes_buf(k->salt, sizeof(k->salt));
	randombytes_buf(k->nonce, sizeof(k->nonce));
	randombytes_buf(seed.at, seed.len);
	crypto_sign_seed_keypair(k->public, sk.at, seed.at);
	if (k->role == KEYFILE_MINISIGN) {
		uint8_t id[MINISIGN_ID_SIZE];

		randombytes_buf(id, sizeof(id));
		hex_write(k->keyid, id, sizeof(id));
	} else {
		key_id_ed25519(k->keyid, k->public);
	}
	return keyfile_seal(k, pass, &seed, e);
}

void
keyfile_minisign(struct minisign_key *out, const struct keyfile *k)
{
	memset(out, 0, sizeof(*out));
	(void)hex_read(out->id, sizeof(out->id), k->keyid);
	memcpy(out->public, k->public, sizeof(out->public));
}

static int
keyfile_public_text(const struct keyfile *k, struct buf *out, struct err *e)
{
	AUTO_JSON v = NULL;
	struct minisign_key m;

	if (k->role == KEYFILE_MINISIGN) {
		keyfile_minisign(&m, k);
		minisign_key_file(out, &m);
		return buf_ok(out, e);
	}
	if ((v = key_json_ed25519(k->public)) == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	if (json_canon(v, out, e) < 0)
		return -1;
	return buf_ok(out, e);
}

int
keyfile_absent(const char *path, struct arena *a, struct err *e)
{
	char *pub = arena_printf(a, e, "%s.pub", path);

	if (pub == NULL)
		return -1;
	if (file_exists(path) || file_exists(pub))
		return err_set(e, ERR_CONFLICT, "%s exists already",
		    file_exists(path) ? path : pub);
	return 0;
}

int
keyfile_write(
    const struct keyfile *k, const char *path, struct arena *a, struct err *e)
{
	AUTO_BUF file;
	AUTO_BUF public;
	char *pub = arena_printf(a, e, "%s.pub", path);

	buf_init(&file, KEYFILE_MAX);
	buf_init(&public, KEYFILE_MAX);
	if (pub == NULL || keyfile_canon(k, true, &file, e) < 0 ||
	    keyfile_public_text(k, &public, e) < 0 ||
	    keyfile_absent(path, a, e) < 0)
		return -1;
	if (file_create(path, file.at, file.len, 0600, e) < 0)
		return -1;
	if (file_create(pub, public.at, public.len, 0644, e) < 0) {
		(void)unlink(path);
		return -1;
	}
	return 0;
}

int
keyfile_unlock(const struct keyfile *k, const struct secret *pass,
    struct secret *out, struct err *e)
{
	AUTO_SECRET key = { 0 };
	AUTO_SECRET seed = { 0 };
	uint8_t public[ED25519_PUBLIC_SIZE];

	if (keyfile_derive(k, pass, &key, e) < 0 ||
	    secret_new(&seed, KEYFILE_SEED, e) < 0)
		return -1;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(seed.at, NULL, NULL,
		k->box, sizeof(k->box), k->ad.at, k->ad.len, k->nonce,
		key.at) != 0)
		return err_set(e, ERR_AUTH,
		    "wrong passphrase, or the key file was changed");
	if (secret_new(out, crypto_sign_SECRETKEYBYTES, e) < 0)
		return -1;
	crypto_sign_seed_keypair(public, out->at, seed.at);
	if (memcmp(public, k->public, sizeof(public)) != 0) {
		secret_done(out);
		return err_set(e, ERR_AUTH, "the sealed key is another one");
	}
	return 0;
}
