/*
 * Between the two halves of role_read: the frame (role_read.c) and what is
 * inside "signed" (role_body.c, role_keys.c, delegation.c).  For nobody else.
 */
#ifndef SLUICE_ROLE_BODY_H
#define SLUICE_ROLE_BODY_H

#include <jansson.h>

#include "manifest/role.h"

/* What every step of reading needs. */
struct reading {
	struct arena *a;
	bool strict;
	struct role *r; /* being filled */
};

/* role_body_extra - x-sluice; v may be NULL. */
int role_body_extra(
    const struct reading *in, const json_t *v, struct err *e) MUST_CHECK;

/* role_body - the members of "signed" that only this kind has. */
int role_body(
    const struct reading *in, json_t *signed_, struct err *e) MUST_CHECK;

/* role_body_keys - an object of keys, as in root and in delegations. */
int role_body_keys(const struct reading *in, json_t *v, const struct key **out,
    size_t *n, struct err *e) MUST_CHECK;

/* role_body_role - keyids and threshold of a role. */
int role_body_role(const struct reading *in, struct role_keys *rk,
    const json_t *v, struct err *e) MUST_CHECK;

/*
 * role_body_lower - copy with letters in lower case, as other TUF tools may
 * not have written their hex.  -1 if it needs more than room bytes.
 */
int role_body_lower(char *out, size_t room, const char *text);

#endif
