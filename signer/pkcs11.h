/*
 * Keys on tokens, by a PKCS#11 module that is loaded when one is named: the
 * one of module-path, else p11-kit's, which knows all that the machine has.
 */
#ifndef SLUICE_PKCS11_H
#define SLUICE_PKCS11_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "signer/pass.h"
#include "signer/pubkey.h"

#define PKCS11_SIG_MAX 80 /* ECDSA P-256 in DER, and room */

struct pkcs11;

/*
 * pkcs11_open - load, find the token and the public key.  Where the token
 * shows public keys only after a login, it is done now; else by pkcs11_login.
 */
struct pkcs11 *pkcs11_open(const char *uri, struct pass *pass,
    struct pubkey *public, struct arena *a, struct err *e) MUST_CHECK;
void pkcs11_close(struct pkcs11 *p);

/* pkcs11_login - ask for the PIN, find the private key. */
int pkcs11_login(struct pkcs11 *p, struct pass *pass, struct err *e) MUST_CHECK;

/* pkcs11_sign - Ed25519: 64 bytes; ECDSA P-256 with SHA-256: DER. */
int pkcs11_sign(struct pkcs11 *p, struct bytes message,
    uint8_t out[static PKCS11_SIG_MAX], size_t *len, struct err *e) MUST_CHECK;

#endif
