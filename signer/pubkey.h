/*
 * Public keys of every source in one form: what a root document says of them,
 * and what the signatures of a source are checked with.
 */
#ifndef SLUICE_PUBKEY_H
#define SLUICE_PUBKEY_H

#include <jansson.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/buf.h"
#include "manifest/key.h"
#include "manifest/minisign.h"

#define PUBKEY_P256_POINT 65 /* 04 X Y */
#define PUBKEY_P256_SPKI  91 /* SubjectPublicKeyInfo, DER */
#define PUBKEY_FILE_MAX	  4096

struct pubkey {
	char id[KEYID_SIZE];
	enum key_type type;	      /* KEY_ED25519 or KEY_ECDSA_P256 */
	uint8_t at[PUBKEY_P256_SPKI]; /* 32 bytes, or the SPKI */
};

void pubkey_ed25519(
    struct pubkey *out, const uint8_t public[static ED25519_PUBLIC_SIZE]);

/* pubkey_p256 - from an uncompressed point; ERR_INPUT if it is none, or does
 * not lie on the curve. */
int pubkey_p256(
    struct pubkey *out, struct bytes point, struct err *e) MUST_CHECK;

/* pubkey_from - of a key that a document names; ERR_INPUT for other types. */
int pubkey_from(
    struct pubkey *out, const struct key *k, struct err *e) MUST_CHECK;

/*
 * pubkey_parse - a file: a TUF key object, the public part of a key file, an
 * OpenSSH .pub line or a PEM public key.
 */
int pubkey_parse(struct pubkey *out, struct bytes file, struct arena *a,
    struct err *e) MUST_CHECK;
int pubkey_read(struct pubkey *out, const char *path, struct arena *a,
    struct err *e) MUST_CHECK;

/* pubkey_key - to verify with; points into k. */
struct key pubkey_key(const struct pubkey *k);

/* pubkey_json - the TUF key object; a new reference, NULL without memory. */
json_t *pubkey_json(const struct pubkey *k);

/* pubkey_write - the same as text for a file: canonical, but for the newlines
 * of a PEM key, which JSON wants escaped. */
int pubkey_write(
    const struct pubkey *k, struct buf *out, struct err *e) MUST_CHECK;

/* pubkey_minisign - an Ed25519 key as a minisign key: its ID is the beginning
 * of the key ID, read as hex. */
void pubkey_minisign(struct minisign_key *out, const struct pubkey *k);

#endif
