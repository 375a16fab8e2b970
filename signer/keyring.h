/*
 * The keys of one run, and what is made with them: signatures on TUF
 * documents, signatures of files and minisign signatures.
 */
#ifndef SLUICE_KEYRING_H
#define SLUICE_KEYRING_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/buf.h"
#include "manifest/base/verb.h"
#include "manifest/role.h"
#include "signer/signer.h"

#define KEYRING_MAX 16

struct keyring {
	struct signer keys[KEYRING_MAX];
	size_t n;
	struct pass pass;
	struct signer_ask ask;
};

/* The options of every verb that opens keys. */
#define KEYRING_OPTS                                                        \
	{ "pass-fd", 0, OPT_INT, "N",                                       \
		"passphrases and PINs from descriptor N, a line per key" }, \
	    { "sign-timeout", 0, OPT_DURATION, "DURATION",                  \
		    "how long an agent or a command may take (5m)" },       \
	{                                                                   \
		"sign-env", 0, OPT_LIST, "NAME",                            \
		    "a variable that commands (cmd:) get, too"              \
	}

/* keyring_init - an empty ring; keyring_options reads KEYRING_OPTS into it. */
void keyring_init(struct keyring *r);
int keyring_options(
    struct keyring *r, const struct args *args, struct err *e) MUST_CHECK;
void keyring_done(struct keyring *r);
#define AUTO_KEYRING CLEANUP(keyring_done) struct keyring

/*
 * keyring_add - the key that ref names (signer.h), for this role; asks for its
 * passphrase or PIN.  A key that is there already is refused.
 */
int keyring_add(struct keyring *r, const char *ref, enum keyfile_role role,
    struct arena *a, struct err *e) MUST_CHECK;

/* keyring_find - the first key of a role, or NULL. */
const struct signer *keyring_find(
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

/* keyring_minisign - a .minisig file for a file with this hash. */
int keyring_minisign(const struct signer *k,
    const uint8_t hash[static MINISIGN_HASH_SIZE], const char *trusted,
    struct buf *out, struct err *e) MUST_CHECK;

#endif
