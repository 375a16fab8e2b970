/*
 * Keys that are good for two channels: whoever has them for the one ships on
 * the other.  The ceremony refuses them where it is shown both roots
 * (sluice-sign root --other); a server knows the roots of all its channels.
 */
#ifndef SLUICE_APART_H
#define SLUICE_APART_H

#include "manifest/role.h"
#include "server/store/db.h"

/* apart_shared - what two roots share that makes one channel's holders those
 * of the other, in words; NULL: nothing. */
const char *apart_shared(const struct role *a, const struct role *b);

/*
 * apart_find - the first other channel of this server with which the root of
 * ask->channel shares such keys.  1: *out says it (id in a); 0: there is none.
 */
struct apart_ask {
	const char *state, *channel;
	const struct role *root;
};
struct apart {
	const char *channel, *what;
};
int apart_find(struct db *db, const struct apart_ask *ask, struct apart *out,
    struct arena *a, struct err *e) MUST_CHECK;

#endif
