/*
 * A publication that is there, verified as a client would, and what the channel
 * remembers.  To publish and renew it is the one before; push, add, keyless,
 * verify, inspect and diff open the one that they are about in the same way.
 */
#ifndef SLUICE_EXISTING_H
#define SLUICE_EXISTING_H

#include <stdint.h>

#include "manifest/publication.h"
#include "signer/chain.h"
#include "signer/source.h"

/* A release as an earlier publication describes it. */
struct release {
	const struct manifest *m;
	const struct target *attach; /* targets beside the manifest's own */
	size_t nattach;
};

struct existing {
	struct source source;
	struct chain chain;
	bool there;		       /* a source was given */
	const struct role *root;       /* newest of the whole chain */
	const struct publication *pub; /* NULL: nothing published yet */
	struct role lowered;	       /* root with thresholds of 1 */
	struct publication_base base;
};

struct existing_ask {
	struct source_ask source; /* where NULL: none */
	const char *const *roots; /* trusted files */
	size_t nroots;
	int64_t now_s;
	bool partial; /* one signature is enough for the publication */
};

/*
 * existing_open - chain of roots, then the publication under the newest root
 * that the source itself has (it may have expired since), then the base: from
 * the server, or worked out from the publication and its plan.
 */
int existing_open(struct existing *p, const struct existing_ask *ask,
    struct arena *a, struct err *e) MUST_CHECK;

/* existing_folder - existing_open of a folder in which something must be:
 * ERR_USAGE for a URL or without roots, ERR_MISSING where nothing is. */
int existing_folder(struct existing *p, const struct existing_ask *ask,
    struct arena *a, struct err *e) MUST_CHECK;
void existing_done(struct existing *p);
#define AUTO_EXISTING CLEANUP(existing_done) struct existing

/* existing_lower - root with thresholds of 1 for what release keys sign: to
 * read a publication that other holders have yet to sign. */
void existing_lower(struct role *out, const struct role *root);

/* existing_seq - the release number of a version (or of "12" itself) that the
 * publication names; -1: none of that name. */
int64_t existing_seq(const struct existing *p, const char *version);

/* existing_release - of a number; 0, or -1 with ERR_MISSING. */
int existing_release(const struct existing *p, int64_t seq, struct release *out,
    struct arena *a, struct err *e) MUST_CHECK;

/*
 * existing_withdraw - say that a release is bad: it joins withdrawn, leaves
 * the good ones, and the fallback follows.
 */
void existing_withdraw(struct publication_base *b, int64_t seq);

/*
 * existing_base - what a publication and its plan tell where there is no
 * server: the offer is good when its plan allows everybody at now_s.  Pure.
 */
void existing_base(
    struct publication_base *b, const struct publication *p, int64_t now_s);

#endif
