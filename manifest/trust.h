/*
 * The client's trusted state and the steps that move it (TUF 1.0.x section 5).
 * Pure: the caller fetches, persists what a step
 * accepted before it goes on, and passes the time.
 *
 * Order: trust_start, trust_root for each next root, trust_roots_done,
 * trust_stored (timestamp, snapshot, targets from disk), then timestamp,
 * snapshot, targets as fetched; in foreign repositories delegated roles, in
 * the order of lookup.h.
 */
#ifndef SLUICE_TRUST_H
#define SLUICE_TRUST_H

#include "manifest/delegation.h"
#include "manifest/role.h"

#define TRUST_ROOTS_MAX 256 /* new roots followed in one run */

struct trust {
	struct arena *arena;
	int mode;      /* ROLE_STRICT or ROLE_FOREIGN */
	int64_t now_s; /* fixed for the whole run */
	const char *product,
	    *channel;	    /* strict: what every document must say */
	bool allow_offline; /* take a timestamp that carries "offline" */
	int64_t offline_s;  /* and judge its expiry, and that of what it
	                       names, as of then: the bundle's creation,
	                       whose own expiry the caller judges; 0: now_s */
	const struct role *root, *timestamp, *snapshot, *targets;
	bool
	    keys_changed; /* timestamp or snapshot keys changed by a new root */

	/* trust.c keeps the order with these */
	int roots; /* new ones in this run */
	bool roots_done;
	bool current; /* timestamp passed trust_timestamp in this run */
};

/*
 * trust_start - begin from a root that the caller trusts (its own signatures
 * are checked all the same).  The arena must outlive the struct.
 */
int trust_start(struct trust *t, struct arena *a, int mode, int64_t now_s,
    const char *product, const char *channel, struct bytes root,
    struct err *e) MUST_CHECK;

/*
 * trust_root - the next root: threshold of old and new keys, version exactly
 * one higher.  Sets keys_changed when timestamp or snapshot keys differ (in a
 * foreign root: when one that was named is no longer): the caller then deletes its stored timestamp and snapshot (fast-forward
 * recovery) before it persists the root.
 */
int trust_root(struct trust *t, struct bytes file, struct err *e) MUST_CHECK;

/* trust_roots_done - the newest root must not have expired. */
int trust_roots_done(struct trust *t, struct err *e) MUST_CHECK;

/*
 * trust_stored - take a stored document (timestamp, snapshot or targets, in
 * this order) as the base of rollback checks.  It must verify with the root;
 * expiry does not matter.  On -1 the caller treats it as absent: so it is for
 * timestamp and snapshot after keys_changed.  But ERR_SYS says nothing of the
 * document; whoever goes on then forgets what was seen.
 */
int trust_stored(struct trust *t, enum role_kind kind, struct bytes file,
    struct err *e) MUST_CHECK;

/*
 * trust_timestamp - signature, identity, version not below the trusted one,
 * its snapshot version neither; equal version: the stored one is kept and 0 is
 * returned; 1: accepted, persist it.  Expiry is checked in both cases.
 * *behind (may be NULL) is set when the refusal means "this source is behind
 * what this machine has seen" (a lower version, well signed, not expired).
 */
int trust_timestamp(
    struct trust *t, struct bytes file, bool *behind, struct err *e) MUST_CHECK;

/*
 * trust_snapshot - length and digest as the timestamp says, signature, version
 * as the timestamp says, no file listed before gone or lower, not expired.
 * 1: accepted, persist it.  A stored snapshot that is the one (version,
 * length, digest) and has not expired is kept: ask trust_snapshot_needed first.
 * Targets likewise, with the snapshot's word.
 */
bool trust_snapshot_needed(const struct trust *t);
int trust_snapshot(
    struct trust *t, struct bytes file, struct err *e) MUST_CHECK;

bool trust_targets_needed(const struct trust *t);
int trust_targets(struct trust *t, struct bytes file, struct err *e) MUST_CHECK;

/*
 * trust_delegated_meta - what the snapshot says of a delegated role, NULL with
 * ERR_REFUSED if it does not list it.
 */
const struct metafile *trust_delegated_meta(
    const struct trust *t, const char *name, struct err *e) MUST_CHECK;

/*
 * trust_delegated - a delegated role, stored or fetched: length, digest and
 * version as the snapshot says, signed as the delegation d of the trusted
 * document by asks for, not expired.  NULL when refused.  It is trusted for
 * this delegation only: whoever comes to it by another one asks again.
 */
const struct role *trust_delegated(struct trust *t, const struct role *by,
    const struct delegation *d, struct bytes file, struct err *e) MUST_CHECK;

#endif
