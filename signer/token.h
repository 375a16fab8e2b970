/*
 * The server's token: read once, kept in guarded memory as the whole header
 * line that libcurl wants.  Never from the command line.
 */
#ifndef SLUICE_TOKEN_H
#define SLUICE_TOKEN_H

#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "manifest/base/secret.h"
#include "manifest/base/verb.h"

/* token_given - whether there is one, from wherever. */
bool token_given(const struct args *args);

/*
 * token_read - from --token-fd, --token-file or SLUICE_TOKEN (which is taken
 * out of the environment).  out->at is "Authorization: Bearer ...", NUL
 * included.  ERR_USAGE when there is none.
 */
int token_read(
    struct secret *out, const struct args *args, struct err *e) MUST_CHECK;

#endif
