/*
 * What a channel's operators are told before its documents expire.
 */
#ifndef SLUICE_EXPIRY_H
#define SLUICE_EXPIRY_H

#include <jansson.h>
#include <stdint.h>

#include "server/store/operate.h"

/* expiry_level - "60 days", "30 days", "7 days", "expired"; NULL: not yet. */
const char *expiry_level(int64_t expires_s, int64_t now_s);

/*
 * expiry_show - into a channel's status, which says when its publication
 * "expires": "root_expires", and "warnings", a list of {"what":
 * "root"|"publication", "expires", "level"}.  A root that cannot be read is
 * left out: status is to be had when things are broken.
 */
int expiry_show(json_t *out, struct operation *o, const struct channel *c,
    struct err *e) MUST_CHECK;

#endif
