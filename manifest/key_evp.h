/*
 * The keys that OpenSSL verifies with: ECDSA and RSA, as other TUF tools write
 * them.  Behind key.h; for nobody else.
 */
#ifndef SLUICE_KEY_EVP_H
#define SLUICE_KEY_EVP_H

#include "manifest/key.h"

/* key_evp_is_pem - it begins as a PEM public key does. */
bool key_evp_is_pem(const char *text);

/*
 * key_evp_read - the public part of a key whose type is set: PEM, or for P-256
 * an uncompressed point in hex.  ERR_INPUT: not a key of that type, another
 * curve, or RSA of less than 2048 or more than 16384 bits.  ERR_SYS without
 * memory.
 */
int key_evp_read(struct key *out, const char *public, struct arena *a,
    struct err *e) MUST_CHECK;

#define KEY_EVP_PEM 256 /* bytes of a P-256 key in PEM, with NUL */

/* key_evp_pem - a P-256 key as OpenSSL writes it; -1 for a point that is not
 * in its usual, uncompressed form. */
int key_evp_pem(char out[static KEY_EVP_PEM], const struct key *k) MUST_CHECK;

/* key_evp_verify - 0 if sig is by this key over message; ERR_AUTH if not,
 * ERR_SYS without memory. */
int key_evp_verify(const struct key *k, struct bytes sig, struct bytes message,
    struct err *e) MUST_CHECK;

#endif
