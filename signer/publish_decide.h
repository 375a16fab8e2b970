/*
 * What publish_decide.c and publish_offer.c share.
 */
#ifndef SLUICE_PUBLISH_DECIDE_H
#define SLUICE_PUBLISH_DECIDE_H

#include "signer/publish.h"

struct deciding {
	const struct publish *p;
	const struct existing *prev;
	struct publish_decision *d;
	struct arena *a;
	struct err *e;
};

/* publish_named - a release that the person named, by version or number. */
int64_t publish_named(struct deciding *k, const char *opt, const char *version);

/* publish_offer_new - what the manifest of a new release says. */
int publish_offer_new(struct deciding *k) MUST_CHECK;

/* publish_offer_again - the same release: only what cannot hurt changes. */
int publish_offer_again(struct deciding *k) MUST_CHECK;

#endif
