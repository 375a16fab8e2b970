/*
 * Making a publication: what was asked for, what was decided, what comes out.
 * It goes through these files, in the order of publish_make():
 *
 *   publish.c         the command line; renew.c asks for the same release again
 *   existing.c        what is published now, verified (--previous)
 *   publish_decide.c  number, ladder, fallback, floor; publish_offer.c: what
 *                     the offer says of its release
 *   publish_files.c   the files of the command line
 *   publish_keys.c    keys are unlocked; root must name them, enough of them
 *   deltas.c          from the releases before, each applied and compared
 *   compose.c         manifests, targets and snapshots of all rungs, signed
 *   publish_make.c    all of it is read back as anybody else would, then moved
 *                     to its place; push.c hands it to a server
 */
#ifndef SLUICE_PUBLISH_H
#define SLUICE_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest/base/verb.h"
#include "signer/compose.h"
#include "signer/deltas.h"
#include "signer/existing.h"
#include "signer/keyring.h"
#include "signer/pieces.h"
#include "signer/plan.h"
#include "signer/report.h"

#define PUBLISH_DAYS 30 /* --expires: metadata and manifests */

struct publish_list {
	const char *const *at;
	size_t n;
};

/* The command line. */
struct publish {
	const char *product, *channel;
	const char *version; /* NULL: renew the one on offer */
	const char *previous, *out, *work, *keyless;
	const char *minisign_key, *timestamp_key;
	const char *fallback; /* NULL: what the base says */
	const char *notes_url, *minimum_os, *reason;
	struct publish_list artifacts, attach, roots, keys;
	struct publish_list withdrawn, repairs, rollback_to;
	int64_t good, floor_seq, seq, delta_from; /* -1: not said */
	int64_t not_before_s, expires_s, now_s, timestamp_expires_s;
	bool no_lift, critical, security, partial, complete, lower_version;
	bool planned; /* a plan was given, not a default */
	struct plan plan;
	struct deltas_ask deltas;
	int threads;
	const struct args *args; /* what keys need of it */
	struct secret token;
};

/* What follows from it and from the base. */
struct publish_decision {
	bool renewal;
	struct publication_base base;
	struct compose compose;
	struct manifest offer; /* artifacts not filled in yet */
};

/* publish_read - the options that publish and renew share, and all others. */
int publish_read(struct publish *p, const struct args *args, struct arena *a,
    struct err *e) MUST_CHECK;

/*
 * publish_decide - release number, ladder, fallback, floor, plan, salt.  Reads
 * nothing but its arguments (and random bytes for a new salt).
 */
int publish_decide(const struct publish *p, const struct existing *prev,
    struct publish_decision *d, struct arena *a, struct err *e) MUST_CHECK;

/* publish_make - all of it. */
int publish_make(struct publish *p, struct arena *a, struct err *e) MUST_CHECK;

/* The options that publish and renew share. */
#define PUBLISH_OPTS                                                           \
	{ "root", 0, OPT_LIST, "ROOT", "a trusted root (new ones too)" },      \
	    { "key", 'k', OPT_LIST, "KEY", "a release key" },                  \
	    { "out", 'o', OPT_TEXT, "DIR", "the publication directory" },      \
	    { "previous", 0, OPT_TEXT, "URL|DIR", "what is published now" },   \
	    { "minisign-key", 0, OPT_TEXT, "KEY",                              \
		    "for .minisig files and signatures of artifacts" },        \
	    { "keyless", 0, OPT_TEXT, "DIR",                                   \
		    "also a tree for a static site, below DIR" },              \
	    { "timestamp-key", 0, OPT_TEXT, "KEY",                             \
		    "signs the timestamps of --keyless" },                     \
	    { "timestamp-expires", 0, OPT_DURATION, "DURATION",                \
		    "how long those last (7d)" },                              \
	    { "work", 0, OPT_TEXT, "DIR", "keep downloads here" },             \
	    { "jobs", 'j', OPT_INT, "N", "threads (all processors)" },         \
	    { "partial", 0, OPT_FLAG, NULL,                                    \
		    "fewer keys than the threshold; others add theirs" },      \
	    { "complete", 0, OPT_FLAG, NULL,                                   \
		    "with the files of older releases" },                      \
	    VERBS_OPT_EXPIRES, KEYRING_OPTS, REPORT_OPT, VERBS_OPT_TOKEN_FILE, \
	    VERBS_OPT_TOKEN_FD

#endif
