/*
 * An external command as a source of signatures: a cloud's key service, a
 * token of another make, a bot that asks people.
 *
 *	cmd:PUB COMMAND [ARG...]
 *
 * PUB is the file of the public key.  Words are separated by blanks; there is
 * no quoting and no shell.
 */
#ifndef SLUICE_COMMAND_H
#define SLUICE_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "signer/pubkey.h"

#define COMMAND_WORDS_MAX 64
#define COMMAND_ENV_MAX	  64
#define COMMAND_SIG_MAX	  80 /* 64 bytes, or ECDSA in DER */

struct command {
	const char *argv[COMMAND_WORDS_MAX + 1];
	const char *env[COMMAND_ENV_MAX + 1];
};

/* What the command is told beside the bytes, and what of our environment. */
struct command_ask {
	const char *role;
	const char *const *pass; /* names of variables */
	size_t npass;
};

/* command_open - take the text after "cmd:" apart, read PUB. */
int command_open(struct command *c, const char *text, struct pubkey *public,
    struct arena *a, struct err *e) MUST_CHECK;

/* command_env - what the command will see: PATH, HOME, SLUICE_ROLE,
 * SLUICE_KEYID and the variables that were asked for. */
int command_env(struct command *c, const struct command_ask *ask,
    const char *keyid, struct arena *a, struct err *e) MUST_CHECK;

/*
 * command_sign - run it with the message on standard input; its standard
 * output is a signature, raw or in base64.  ERR_REFUSED when it exits with
 * another status than 0.  It and what it started are ended after timeout_s.
 */
int command_sign(const struct command *c, struct bytes message,
    int64_t timeout_s, uint8_t out[static COMMAND_SIG_MAX], size_t *len,
    struct err *e) MUST_CHECK;

/* command_answer - the signature in what a command wrote. */
int command_answer(struct bytes answer, uint8_t out[static COMMAND_SIG_MAX],
    size_t *len, struct err *e) MUST_CHECK;

#endif
