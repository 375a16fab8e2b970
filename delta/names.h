/*
 * Which member of the new archive was which one of the old: by name.
 */
#ifndef SLUICE_NAMES_H
#define SLUICE_NAMES_H

#include "manifest/base/base.h"
#include "manifest/base/err.h"

/* Names, and for each the index of its counterpart; -1: none. */
struct names {
	const char **at; /* owned; each borrowed */
	int *pair;	 /* owned */
	size_t n;
};

/* names_room - for n names, NULL, without pairs; names_done frees. */
int names_room(struct names *s, size_t n, struct err *e) MUST_CHECK;
void names_done(struct names *s);

/*
 * names_pair - equal names first; then those that differ in numbers (versions)
 * or hashes only.  Of several that are alike the first goes with the first.
 */
int names_pair(struct names *old, struct names *new, struct err *e) MUST_CHECK;

/* names_extension - from the last '.' of the last part on; "" without. */
const char *names_extension(const char *name);

#endif
