/*
 * The unlocked keys of one run, and what is made with them: signatures on TUF
 * documents, raw Ed25519 signatures and minisign signatures.
 */
#ifndef SLUICE_KEYRING_H
#define SLUICE_KEYRING_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/buf.h"
#include "manifest/base/secret.h"
#include "manifest/role.h"
#include "signer/keyfile.h"

#define KEYRING_MAX 16

struct keyring {
	struct keyring_key {
		struct keyfile file;
		struct secret secret; /* 64 bytes, libsodium's form */
	} keys[KEYRING_MAX];
	size_t n;
	int pass_fd;		 /* --pass-fd; -1: credential or terminal */
	struct secret last_pass; /* used again when pass_fd has no more */
};

void keyring_init(struct keyring *r, int pass_fd);
void keyring_done(struct keyring *r);
#define AUTO_KEYRING CLEANUP(keyring_done) struct keyring

/*
 * keyring_add - read the key file at path, which must be of this role, ask for
 * its passphrase and unlock it.  With a pass_fd each key takes one line; when
 * there are no more, the last one is used again.
 */
int keyring_add(struct keyring *r, const char *path, enum keyfile_role role,
    struct arena *a, struct err *e) MUST_CHECK;

/* keyring_find - the first key of a role, or NULL. */
const struct keyring_key *keyring_find(
    const struct keyring *r, enum keyfile_role role);

/* keyring_check - every key that may sign this kind of document is one that
 * root (or also, may be NULL) names for it. */
int keyring_check(const struct keyring *r, const struct role *root,
    const struct role *also, enum role_kind kind, struct err *e) MUST_CHECK;

/*
 * keyring_sign - signatures of every key for this kind of document over
 * signed_, in out[KEYRING_MAX], in the arena.
 */
int keyring_sign(const struct keyring *r, enum role_kind kind,
    struct bytes signed_, struct role_sig *out, size_t *n, struct arena *a,
    struct err *e) MUST_CHECK;

/* keyring_seal - keyring_sign and role_wrap: the file, in the arena. */
int keyring_seal(const struct keyring *r, enum role_kind kind,
    struct bytes signed_, struct bytes *out, struct arena *a,
    struct err *e) MUST_CHECK;

/* keyring_ed25519 - raw signature over the message. */
void keyring_ed25519(const struct keyring_key *k, struct bytes message,
    uint8_t out[static ED25519_SIG_SIZE]);

/* keyring_minisign - a .minisig file for a file with this hash. */
int keyring_minisign(const struct keyring_key *k,
    const uint8_t hash[static MINISIGN_HASH_SIZE], const char *trusted,
    struct buf *out, struct err *e) MUST_CHECK;

#endif
