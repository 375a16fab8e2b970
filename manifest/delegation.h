/*
 * Delegations of a targets document (TUF 1.0, 4.5): who may say what about
 * which paths.  Form and matching; which roles a search visits is lookup.h.
 * Sluice's own channels have none: they are read from foreign documents only.
 */
#ifndef SLUICE_DELEGATION_H
#define SLUICE_DELEGATION_H

#include <jansson.h>

#include "manifest/role.h"
#include "manifest/role_body.h"

struct delegation {
	const char *name; /* of the role; with succinct: the bins' prefix */
	struct role_keys keys;
	bool terminating;
	/* one of the two */
	const char **paths;    /* patterns: see delegation_matches */
	const char **prefixes; /* of the hex SHA-256 of the path */
	size_t npaths, nprefixes;
};

struct delegations {
	const struct key *keys;
	size_t nkeys;
	const struct delegation *roles; /* in order of trust */
	size_t nroles;
	int bit_length; /* > 0: succinct, roles[0] stands for all bins */
};

/*
 * delegation_read - the member "delegations".  ERR_INPUT for two roles of one
 * name, the name of a top-level role, both or neither of paths and
 * path_hash_prefixes, both or neither of roles and succinct_roles.
 */
const struct delegations *delegation_read(
    const struct reading *in, const json_t *v, struct err *e) MUST_CHECK;

/*
 * delegation_matches - '*' and '?' stand for any text and any character but
 * '/' ('?': one character of UTF-8); all else for itself.
 */
bool delegation_matches(const char *pattern, const char *path);

/*
 * delegation_next - the next role to which path is delegated, from *at (first
 * 0) on.  1 with *out filled; 0: no more; -1.
 */
int delegation_next(const struct delegations *d, const char *path, size_t *at,
    struct delegation *out, struct arena *a, struct err *e) MUST_CHECK;

#endif
