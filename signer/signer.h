/*
 * A signer: a secret key, wherever it is kept, as everything else sees it - a
 * public key, a key ID, and signatures.  What --key and its like name:
 *
 *	FILE                    an encrypted key file (keyfile.h)
 *	ssh-agent:WHICH         a key in an ssh-agent (agent.h)
 *	pkcs11:URI              a key on a token (pkcs11.h)
 *	cmd:PUB COMMAND [ARG]   a command that signs (command.h)
 *
 * Every signature is verified with the public key before anybody gets it.
 *
 * Domain separation: agents, tokens and commands sign only what begins with
 * {"_type": - a TUF document in canonical form - or what belongs to a minisign
 * signature.  A root names a key for one role, and _type says the role.
 */
#ifndef SLUICE_SIGNER_H
#define SLUICE_SIGNER_H

#include <stdbool.h>
#include <stdint.h>

#include "manifest/base/secret.h"
#include "signer/agent.h"
#include "signer/command.h"
#include "signer/keyfile.h"
#include "signer/pass.h"
#include "signer/pkcs11.h"
#include "signer/pubkey.h"

#define SIGNER_SIG_MAX	 80  /* 64 bytes of Ed25519, or ECDSA in DER */
#define SIGNER_TIMEOUT_S 300 /* people may have to say yes */

enum signer_kind {
	SIGNER_FILE,
	SIGNER_AGENT,
	SIGNER_PKCS11,
	SIGNER_COMMAND,
};

/* What the bytes are that are to be signed. */
enum signer_what {
	SIGNER_TUF,	 /* the signed part of a document, canonical */
	SIGNER_MINISIGN, /* a prehash, or a signature and its comment */
	SIGNER_PLAIN,	 /* a file as it is: key files only */
};

struct signer_sig {
	uint8_t at[SIGNER_SIG_MAX];
	size_t len;
};

struct signer {
	enum signer_kind kind;
	enum keyfile_role role;
	const char *ref; /* as it was given; names it in messages */
	struct pubkey public;
	struct minisign_key minisign; /* of role minisign */
	int64_t timeout_s;

	/* by kind */
	struct keyfile file;
	struct secret secret; /* 64 bytes, libsodium's form */
	struct agent agent;
	struct pkcs11 *pkcs11;
	struct command command;
};

/* What the sources may need of the command line. */
struct signer_ask {
	struct pass *pass;
	int64_t timeout_s;	/* for one signature */
	const char *const *env; /* names of variables for commands */
	size_t nenv;
};

/*
 * signer_open - find the key and read its public part.  No passphrase is asked
 * for, but by a token that hides its public keys.  A key file must be of the
 * role; other sources do not know roles, so root's word alone counts.
 * signer_close on every path after.
 */
int signer_open(struct signer *s, const char *ref, enum keyfile_role role,
    const struct signer_ask *ask, struct arena *a, struct err *e) MUST_CHECK;
void signer_close(struct signer *s);

/* signer_unlock - ask for the passphrase or the PIN, where there is one. */
int signer_unlock(struct signer *s, const struct signer_ask *ask,
    struct arena *a, struct err *e) MUST_CHECK;

/* signer_sign - a verified signature. */
int signer_sign(const struct signer *s, enum signer_what what,
    struct bytes message, struct signer_sig *out, struct err *e) MUST_CHECK;

/* signer_kind_name - "key file", "ssh-agent", "token", "command". */
const char *signer_kind_name(enum signer_kind k);

/* signer_kind_of - which source a reference names. */
enum signer_kind signer_kind_of(const char *ref);

/* signer_may - whether bytes may go to a source that is not a key file. */
int signer_may(
    enum signer_what what, struct bytes message, struct err *e) MUST_CHECK;

#endif
