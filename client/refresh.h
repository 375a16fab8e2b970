/*
 * The TUF workflow against a source: each document is asked for, verified
 * (trust.h) and persisted before the next.  The product's poll and the plain
 * client (tuf.h) are both made of these steps, in this order; who answers is
 * theirs to say.
 *
 * Trusted documents lie in one folder, as served, under unversioned names:
 * root.json, timestamp.json, snapshot.json, targets.json, and of delegated
 * roles NAME.json with all but [A-Za-z0-9._~-] percent-encoded.
 */
#ifndef SLUICE_CLIENT_REFRESH_H
#define SLUICE_CLIENT_REFRESH_H

#include <stdbool.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "manifest/lookup.h"
#include "manifest/trust.h"

struct refresh {
	struct trust *trust; /* started */
	struct arena *arena;
	const char *dir;
	/*
	 * get - a document of the repository, at most max bytes.  ERR_MISSING:
	 * there is none.
	 */
	int (*get)(void *ctx, const char *name, size_t max, struct bytes *out,
	    struct err *e);
	void *ctx;
};

/* refresh_roots - every next root there is, to one that has not expired. */
int refresh_roots(const struct refresh *r, struct err *e) MUST_CHECK;

/* refresh_stored - what was accepted before, as the base of comparisons. */
int refresh_stored(const struct refresh *r, struct err *e) MUST_CHECK;

/* refresh_timestamp - *behind as in trust_timestamp; then the return is -1. */
int refresh_timestamp(
    const struct refresh *r, bool *behind, struct err *e) MUST_CHECK;

/* refresh_roles - snapshot and targets, where not stored already. */
int refresh_roles(const struct refresh *r, struct err *e) MUST_CHECK;

/*
 * refresh_target - look a target up, through delegations where there are any.
 * ERR_MISSING: nobody who may lists it.
 */
const struct target *refresh_target(
    const struct refresh *r, const char *path, struct err *e) MUST_CHECK;

/* refresh_keep / refresh_kept - a file of the folder. */
int refresh_keep(const struct refresh *r, const char *name, struct bytes file,
    struct err *e) MUST_CHECK;
int refresh_kept(const struct refresh *r, const char *name, size_t max,
    struct bytes *out, struct err *e) MUST_CHECK;

/*
 * refresh_name - text as one file name, with the suffix: percent-encoded, and
 * where that would be too long for a file system the start of it with a digest
 * of all.
 */
char *refresh_name(struct arena *a, const char *text, const char *suffix,
    struct err *e) MUST_CHECK;

#endif
