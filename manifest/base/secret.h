/*
 * Guarded memory for keys and passphrases (libsodium): locked, fenced by guard
 * pages, wiped when freed.  Never in an arena, never in a log value.
 */
#ifndef SLUICE_SECRET_H
#define SLUICE_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

struct secret {
	uint8_t *at;
	size_t len;
};

/* secret_process - no core dumps, not dumpable, sodium_init.  Call first. */
int secret_process(struct err *e) MUST_CHECK;

/* secret_new - len zeroed bytes, locked; a failing lock is an error. */
int secret_new(struct secret *s, size_t len, struct err *e) MUST_CHECK;
void secret_done(struct secret *s);
#define AUTO_SECRET CLEANUP(secret_done) struct secret

/*
 * secret_passphrase - one line (without its newline, at most 1024 bytes) from:
 * fd >= 0, that descriptor; else the file CREDENTIALS_DIRECTORY/name if there
 * is one; else the terminal with prompt (twice when confirm).  ERR_USAGE with
 * the way out when none of them is there.
 */
int secret_passphrase(struct secret *out, int fd, const char *credential,
    const char *prompt, int confirm, struct err *e) MUST_CHECK;

#endif
