/*
 * Asking the source: roots, timestamp, snapshot, targets, manifest, each
 * verified (trust.h) and persisted before the next is asked for.  Steps 2 to
 * 10 of update.h; what to do about the manifest is decide.h.
 *
 * A channel's trusted files are root.json, timestamp.json, snapshot.json,
 * targets.json and manifest.json in its folder.
 */
#ifndef SLUICE_CLIENT_POLL_H
#define SLUICE_CLIENT_POLL_H

#include <stdbool.h>
#include <stdint.h>

#include "client/config.h"
#include "client/origin.h"
#include "client/state.h"
#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "manifest/manifest.h"
#include "manifest/trust.h"

struct poll {
	/* given */
	const struct config *config;
	struct state *state;
	struct origin *origin;
	struct arena *arena;
	const char *channel;
	const char *dir;       /* of the channel's trusted files */
	const char *state_dir; /* where state is saved */
	const char *client_id; /* NULL: none */
	int64_t system_s;      /* the system's clock, read once */
	bool ask;
	int64_t bundle_s; /* the source is a bundle, made then; 0: it is not */

	/* found */
	int64_t now_s;	   /* step 2: fixed for the whole run */
	bool clock_behind; /* the system's clock is > 10 min behind */
	bool behind;	   /* the source is: nothing to do */
	bool floor_anew;   /* root replaced the keys of the old floor */
	struct trust trust;
	struct bytes manifest_file;
	const struct manifest *manifest;
	int64_t floor_seq; /* already max(stored, manifest, configured) */
};

/*
 * poll_run - 0 with a verified manifest, or with behind set; -1 otherwise.
 * Whatever it returns, what had been accepted is on disk.
 */
int poll_run(struct poll *p, struct err *e) MUST_CHECK;

/*
 * poll_stored - the same from disk alone: trusted root and, where they verify,
 * timestamp, snapshot, targets and manifest (NULL if not).  For status.
 */
int poll_stored(struct poll *p, struct err *e) MUST_CHECK;

/*
 * poll_root - the root that a channel whose trusted files lie in dir is to be
 * verified by: 0 for the trusted one; 1 for the one of the configuration, at
 * first use of the configured channel, which is not checked and not kept here.
 * ERR_MISSING: neither.
 */
int poll_root(const struct config *c, const char *channel, const char *dir,
    struct arena *a, struct bytes *out, struct err *e) MUST_CHECK;

/*
 * poll_now_s - step 2: the time to judge by, in seconds; the system's unless
 * something newer has been seen signed.  bundle_s: when the bundle was made
 * that is the source (its list is signed); 0: it is none.
 */
int64_t poll_now_s(int64_t system_s, const struct state *s, int64_t bundle_s);

/*
 * poll_trust_root - the first root of a channel, given by the owner.  Checked
 * by itself and for product and channel; *channel (PRODUCT_MAX + 1 bytes) gets
 * the one that it is of.  ERR_CONFLICT when another one is trusted already.
 */
int poll_trust_root(const struct config *c, struct bytes root, int64_t now_s,
    char *channel, struct arena *a, struct err *e) MUST_CHECK;

#endif
