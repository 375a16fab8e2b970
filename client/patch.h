/*
 * Filling a slot: by a delta from the installed file where one fits, else, and
 * after any failure of the delta, by the full file.  Steps 15 and 17.
 */
#ifndef SLUICE_CLIENT_PATCH_H
#define SLUICE_CLIENT_PATCH_H

#include <stdbool.h>

#include "client/download.h"
#include "client/install.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "manifest/manifest.h"

struct patch {
	struct origin *origin;
	const struct config *config;
	const struct role *targets;
	const char *folder;    /* of downloads */
	const char *installed; /* path of the installed file; NULL: none */
	const struct artifact *artifact;
	struct slot *slot;
	/* stage: enum sluice_stage */
	int (*progress)(void *ctx, int stage, int64_t done, int64_t total);
	void *ctx;

	/* found */
	int delta;	/* 1: used, 0: none fitted, -1: it failed */
	struct err why; /* why it failed */
};

/*
 * patch_run - the slot's file becomes the artifact; install_finish verifies
 * it.  The full file is tried once.
 */
int patch_run(struct patch *p, struct err *e) MUST_CHECK;

/* patch_choose - the delta from a file of this digest, that this client can
 * apply within memory bytes; NULL if there is none.  Pure. */
const struct delta_entry *patch_choose(const struct artifact *a,
    const uint8_t installed[static SHA256_SIZE], int64_t memory);

#endif
