/*
 * The manifest of one meaning of the ladder.
 */
#ifndef SLUICE_COMPOSE_MANIFEST_H
#define SLUICE_COMPOSE_MANIFEST_H

#include "signer/compose.h"

/* What rungs of one meaning show. */
struct compose_view {
	struct release release; /* that it names; m NULL: none */
	struct manifest manifest;
	struct bytes file;
	uint8_t sha256[SHA256_SIZE];
};

/* compose_manifest - of place 0 hold, 1 offer, 2 halt, 3.. rollbacks. */
int compose_manifest(const struct compose *c, int place,
    struct compose_view *out, struct arena *a, struct err *e) MUST_CHECK;

#endif
