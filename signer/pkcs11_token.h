/*
 * A PKCS#11 module and a session with one of its tokens.  Only pkcs11.c is
 * meant to use this.
 */
#ifndef SLUICE_PKCS11_TOKEN_H
#define SLUICE_PKCS11_TOKEN_H

/* the names of the standard in the style of this code */
#define CRYPTOKI_GNU 1

#include <p11-kit-1/p11-kit/pkcs11.h>
#include <stdbool.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "manifest/base/secret.h"
#include "signer/pass.h"
#include "signer/tokenuri.h"

struct pkcs11_token {
	void *library;
	struct ck_function_list *f;
	bool initialized; /* by us, not by a key before */
	bool opened;
	ck_session_handle_t session;
	struct ck_token_info info;
	char label[33];
	struct secret pin; /* kept for keys that want it each time */
};

int pkcs11_token_open(struct pkcs11_token *t, const struct tokenuri *uri,
    struct err *e) MUST_CHECK;
void pkcs11_token_close(struct pkcs11_token *t);

/* pkcs11_token_login - unless that has been done (by another key of the same
 * token, too), or is not needed. */
int pkcs11_token_login(
    struct pkcs11_token *t, struct pass *pass, struct err *e) MUST_CHECK;

/* pkcs11_token_keep - have the PIN at hand for pkcs11_token_again, which gives
 * it once more, for one operation. */
int pkcs11_token_keep(
    struct pkcs11_token *t, struct pass *pass, struct err *e) MUST_CHECK;
int pkcs11_token_again(struct pkcs11_token *t, struct err *e) MUST_CHECK;

/* pkcs11_token_failed - what a return value means; returns -1. */
int pkcs11_token_failed(ck_rv_t rv, const char *doing, struct err *e);

#endif
