/*
 * The audit log: who did what, when, why, and what it changed.  Append-only;
 * each row's hash covers the one before it, so that a row cannot be altered or
 * taken out without breaking the chain.
 */
#ifndef SLUICE_AUDIT_H
#define SLUICE_AUDIT_H

#include <jansson.h>

#include "manifest/base/digest.h"
#include "server/store/db.h"

struct audit {
	int64_t at_s;
	const char *who; /* "uid 0 pid 12", "token ab12", "sluice" */
	const char *verb;
	const char *channel;   /* "" where there is none */
	const char *arguments; /* canonical JSON */
	const char *reason;
	const char *before, *after; /* channel states; "" */
};

/* audit_add - append; call it in the transaction that makes the change. */
int audit_add(struct db *db, const struct audit *r, struct err *e) MUST_CHECK;

/* audit_verify - the number of rows, or -1: ERR_AUTH where the chain breaks.
 * last gets the hash of the newest, which stands for all of them; "" for
 * none. */
int64_t audit_verify(
    struct db *db, char last[static SHA256_HEX_SIZE], struct err *e) MUST_CHECK;

/* audit_list - the newest rows of a channel ("": all) as a JSON array. */
json_t *audit_list(struct db *db, const char *channel, int64_t limit,
    struct err *e) MUST_CHECK;

#endif
