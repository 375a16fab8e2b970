/*
 * Bundles as the source of an update: verified whole before anything else of
 * this machine changes, then laid out as a folder that the ordinary flow polls
 * (file://).  No network; the clock is wrong until proven right.
 */
#ifndef SLUICE_CLIENT_MEDIA_H
#define SLUICE_CLIENT_MEDIA_H

#include "client/client.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"

/*
 * media_stage - inside client_begin: read the bundle to its last byte, check it
 * against what this machine trusts and has seen, and make it the source of the
 * handle for this call.  ERR_REFUSED also when it is older than what was seen.
 * On -1 nothing of this machine has changed.
 */
int media_stage(struct sluice *s, const char *bundle, struct err *e) MUST_CHECK;

/* media_drop - remove what media_stage laid out; nothing there is fine. */
int media_drop(struct sluice *s, struct err *e) MUST_CHECK;

/*
 * media_inspect - what a bundle says, checked to its last byte; signatures
 * where a root of the channel is trusted here (s may be not opened: nowhere).
 */
typedef void media_fact(void *ctx, const char *key, const char *value);
int media_inspect(struct sluice *s, const char *bundle, media_fact *fact,
    void *ctx, struct err *e) MUST_CHECK;

#endif
