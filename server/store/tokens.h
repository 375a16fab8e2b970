/*
 * Tokens of the HTTP API: slc_<id>_<secret>.  The secret has 256 random bits,
 * so its plain SHA-256 is stored; a token is looked up by its ID and compared
 * in constant time.
 */
#ifndef SLUICE_TOKENS_H
#define SLUICE_TOKENS_H

#include <jansson.h>

#include "server/store/db.h"

#define TOKEN_ID_SIZE	17  /* 16 hex digits */
#define TOKEN_TEXT_SIZE 128 /* of a whole token */

/* tokens_create - make one; text is its only copy.  scopes: words of "read"
 * (what is published, and its files) and "publish" (hand in more; includes
 * "read"), separated by a single space; expires_s 0: never. */
struct token_new {
	const char *scopes, *note;
	int64_t expires_s;
};
int tokens_create(struct db *db, const struct token_new *t, int64_t now_s,
    char text[static TOKEN_TEXT_SIZE], struct err *e) MUST_CHECK;

/* tokens_check - the token is known, in force and has the scope; id gets its
 * ID.  ERR_AUTH without saying which of these failed; ERR_REFUSED when only
 * the scope is missing.  Remembers the use (to the hour). */
int tokens_check(struct db *db, const char *text, const char *scope,
    int64_t now_s, char id[static TOKEN_ID_SIZE], struct err *e) MUST_CHECK;

/* tokens_revoke - ERR_MISSING if there is none in force. */
int tokens_revoke(
    struct db *db, const char *id, int64_t now_s, struct err *e) MUST_CHECK;

/* tokens_list - all of them as a JSON array, without secrets. */
json_t *tokens_list(struct db *db, struct err *e) MUST_CHECK;

#endif
