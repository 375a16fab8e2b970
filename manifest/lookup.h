/*
 * The search for a target through delegations (TUF 1.0, 5.6.7): pre-order,
 * depth first, in the order of the documents.  Pure: it says which role it
 * needs next, the caller fetches and verifies that one (trust_delegated).
 *
 *	lookup_start(&l, trust, path, &e)
 *	while ((rc = lookup_next(&l, &step, &e)) == 1)
 *		... r = trust_delegated(trust, step.by, &step.as, file, &e)
 *		lookup_take(&l, r, &e)
 *	l.found
 */
#ifndef SLUICE_LOOKUP_H
#define SLUICE_LOOKUP_H

#include "manifest/trust.h"

#define LOOKUP_ROLES_MAX 32 /* delegated roles looked at for one target */

/* A role, and the delegation that leads to it. */
struct lookup_step {
	const struct role *by;
	struct delegation as;
};

struct lookup {
	struct trust *trust;
	const char *path;
	const struct target *found; /* when lookup_next says 0; NULL: nowhere */

	/* lookup.c keeps the order with these */
	struct lookup_step *todo; /* the last one is next */
	size_t ntodo;
	const char *seen[LOOKUP_ROLES_MAX];
	size_t nseen;
};

/* lookup_start - begin at the trusted targets document. */
int lookup_start(struct lookup *l, struct trust *t, const char *path,
    struct err *e) MUST_CHECK;

/*
 * lookup_next - 1: *out is the role to be given to lookup_take next; 0: the
 * search is over; -1: ERR_LIMIT, more roles than allowed.
 */
int lookup_next(
    struct lookup *l, struct lookup_step *out, struct err *e) MUST_CHECK;

/* lookup_take - look into the role, and note whom it delegates path to. */
int lookup_take(
    struct lookup *l, const struct role *r, struct err *e) MUST_CHECK;

#endif
