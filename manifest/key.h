/*
 * Public keys as TUF writes them, and verification with them.  No secret key
 * is ever seen here.
 */
#ifndef SLUICE_KEY_H
#define SLUICE_KEY_H

#include <jansson.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/digest.h"
#include "manifest/base/err.h"

#define ED25519_PUBLIC_SIZE 32
#define ED25519_SIG_SIZE    64
#define KEYID_SIZE	    SHA256_HEX_SIZE
#define KEY_SIG_MAX	    2048 /* bytes; RSA of 16384 bits */

/* Our own documents have the first two only; other TUF tools write all. */
enum key_type {
	KEY_ED25519,
	/* ECDSA on a curve of NIST with SHA-2 of its size; signatures in DER */
	KEY_ECDSA_P256,
	KEY_ECDSA_P384,
	KEY_ECDSA_P521, /* SHA-512 */
	/* RSASSA-PSS with that SHA-2, salt of any length */
	KEY_RSA_PSS_256,
	KEY_RSA_PSS_384,
	KEY_RSA_PSS_512,
	/* RSASSA-PKCS1-v1_5 with that SHA-2 */
	KEY_RSA_PKCS1_256,
	KEY_RSA_PKCS1_384,
	KEY_RSA_PKCS1_512,
};

struct key {
	const char *id; /* as the document names it */
	enum key_type type;
	uint8_t ed25519[ED25519_PUBLIC_SIZE];
	/* the other types */
	struct bytes spki;	   /* SubjectPublicKeyInfo, DER */
	uint8_t same[SHA256_SIZE]; /* digest of its numbers: see key_same */
};

/* key_id_ed25519 - SHA-256 of the canonical TUF key object, in hex. */
void key_id_ed25519(char out[static KEYID_SIZE],
    const uint8_t public[static ED25519_PUBLIC_SIZE]);

/* key_json_ed25519 - the TUF key object; a new reference. */
json_t *key_json_ed25519(const uint8_t public[static ED25519_PUBLIC_SIZE]);

/* key_json - the TUF key object of a key of the first two types; a new
 * reference, NULL for any other type or without memory. */
json_t *key_json(const struct key *k);

/*
 * key_read - a TUF key object under the given ID.  strict: the object has the
 * form that key_json gives it, and the ID is its digest.  ERR_INPUT for unknown
 * types and schemes, ERR_SYS without memory.
 */
int key_read(struct key *out, const char *id, const json_t *v, bool strict,
    struct arena *a, struct err *e) MUST_CHECK;

/*
 * key_same - one key, whatever IDs, encodings and schemes name it: so that it
 * cannot count twice towards a threshold.
 */
bool key_same(const struct key *a, const struct key *b);

/*
 * key_sig_ours - the form of a signature in our own documents: lower-case hex
 * of 64 bytes, or of ECDSA P-256 in DER with the lower of the two values of s
 * that verify, so that it cannot be changed into the other.
 */
bool key_sig_ours(const char *sig_hex);

/*
 * key_verify - 0 if sig (hex, as in a document) is by this key over message.
 * ERR_AUTH if it is not; ERR_SYS where memory did not suffice to tell.
 */
int key_verify(const struct key *k, const char *sig_hex, struct bytes message,
    struct err *e) MUST_CHECK;

#endif
