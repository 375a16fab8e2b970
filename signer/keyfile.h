/*
 * Secret keys at rest: the file format "sluice-key/1", an Ed25519 seed under a
 * passphrase (Argon2id, XChaCha20-Poly1305), and the public half beside it.
 * Only signer/ ever opens one.
 *
 * Format (canonical JSON):
 *   schema "sluice-key/1"; role; keyid; public (hex); comment
 *   kdf  { name "argon2id", ops, mem (bytes), salt (hex) }
 *   box  { name "xchacha20-poly1305", nonce, ciphertext (hex) }
 * Associated data of the box: the canonical file without box.ciphertext, so
 * that nothing in it can be changed unnoticed.
 */
#ifndef SLUICE_KEYFILE_H
#define SLUICE_KEYFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/buf.h"
#include "manifest/base/err.h"
#include "manifest/base/secret.h"
#include "manifest/key.h"
#include "manifest/minisign.h"

#define KEYFILE_SCHEMA	 "sluice-key/1"
#define KEYFILE_MAX	 4096 /* bytes of a key file */
#define KEYFILE_SEED	 32
#define KEYFILE_TAG	 16
#define KEYFILE_SALT	 16
#define KEYFILE_NONCE	 24
#define KEYFILE_COMMENT	 128 /* bytes of a comment */
#define KEYFILE_PASS_MIN 1
/* What a file may ask of the machine that opens it. */
#define KEYFILE_OPS_MAX	   16
#define KEYFILE_MEM_MAX	   (int64_t)(1024 * 1024 * 1024)
#define KEYFILE_CREDENTIAL "sluice-pass"

enum keyfile_role {
	KEYFILE_ROOT,
	KEYFILE_RELEASE,
	KEYFILE_TIMESTAMP,
	KEYFILE_MINISIGN,
};
#define KEYFILE_ROLES 4

/* keyfile_role_name - "root", "release", "timestamp", "minisign". */
const char *keyfile_role_name(enum keyfile_role r);
int keyfile_role_named(const char *name, enum keyfile_role *out);

enum keyfile_kdf {
	KDF_MINIMAL,
	KDF_INTERACTIVE,
	KDF_MODERATE,
	KDF_SENSITIVE
};
int keyfile_kdf_named(const char *name, enum keyfile_kdf *out);

struct keyfile {
	enum keyfile_role role;
	const char *path, *comment;
	char keyid[KEYID_SIZE]; /* minisign: its 8 bytes in hex */
	uint8_t public[ED25519_PUBLIC_SIZE];
	int64_t ops, mem;
	uint8_t salt[KEYFILE_SALT];
	uint8_t nonce[KEYFILE_NONCE];
	uint8_t box[KEYFILE_SEED + KEYFILE_TAG];
	struct bytes ad;
};

/* keyfile_make - fill k from a fresh key and encrypt it under pass. */
struct keyfile_new {
	enum keyfile_role role;
	enum keyfile_kdf kdf;
	const char *comment;
};
int keyfile_make(struct keyfile *k, const struct keyfile_new *how,
    const struct secret *pass, struct arena *a, struct err *e) MUST_CHECK;

/* keyfile_absent - ERR_CONFLICT if PATH or PATH.pub exists: to say so before
 * anybody is asked for a passphrase. */
int keyfile_absent(const char *path, struct arena *a, struct err *e) MUST_CHECK;

/*
 * keyfile_write - PATH (0600) and PATH.pub (0644); ERR_CONFLICT and nothing
 * written if either exists.
 */
int keyfile_write(const struct keyfile *k, const char *path, struct arena *a,
    struct err *e) MUST_CHECK;

/*
 * keyfile_read - the public part and the sealed box.  secret: the file is
 * about to be unlocked, so refuse (ERR_AUTH) one that group or others can
 * read.
 */
int keyfile_read(struct keyfile *k, const char *path, bool secret,
    struct arena *a, struct err *e) MUST_CHECK;

/* keyfile_canon - append the canonical file; without the ciphertext (not
 * sealed) it is what the box is bound to. */
int keyfile_canon(const struct keyfile *k, bool sealed, struct buf *out,
    struct err *e) MUST_CHECK;

/* keyfile_parse - the same from bytes. */
int keyfile_parse(struct keyfile *k, struct bytes file, struct arena *a,
    struct err *e) MUST_CHECK;

/*
 * keyfile_unlock - the 64-byte secret key as libsodium wants it.  ERR_AUTH for
 * a wrong passphrase or a changed file: the two cannot be told apart.
 */
int keyfile_unlock(const struct keyfile *k, const struct secret *pass,
    struct secret *out, struct err *e) MUST_CHECK;

/* keyfile_minisign - the minisign public key of a minisign key file. */
void keyfile_minisign(struct minisign_key *out, const struct keyfile *k);

#endif
