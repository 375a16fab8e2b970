/*
 * The roots that a channel begins with: one, or a chain of them, which ends
 * with the one to be trusted.  Those before it are served to machines that have
 * nothing newer; nothing here is decided by them.
 */
#ifndef SLUICE_ROOTCHAIN_H
#define SLUICE_ROOTCHAIN_H

#include "manifest/role.h"
#include "server/store/db.h"

struct rootchain_link {
	const char *path;
	const struct role *root;
	char sha256[SHA256_HEX_SIZE];
};

struct rootchain {
	const char *channel;	   /* "product/channel" */
	struct rootchain_link *at; /* by version, without gaps */
	size_t n;
};

/*
 * rootchain_read - from files, in any order, and folders that hold
 * 1.root.json, 2.root.json and so on; c->channel is set.  The first must be
 * signed by its own keys, each other one by its own and those of the one
 * before; all are of the channel, and the last has not expired.
 *
 * ERR_USAGE: no file, a gap.  ERR_CONFLICT: two documents of one version.
 */
int rootchain_read(struct rootchain *c, const char *const *paths, size_t n,
    struct arena *a, struct err *e) MUST_CHECK;

/* rootchain_last - the root to be trusted. */
const struct rootchain_link *rootchain_last(const struct rootchain *c);

/*
 * rootchain_put - as blobs below state, and in the table of roots, within the
 * caller's transaction.  Returns how many that has not had yet.
 * ERR_CONFLICT: it has another of one of the versions.
 */
int rootchain_put(const struct rootchain *c, struct db *db, const char *state,
    struct err *e) MUST_CHECK;

#endif
