/*
 * Downloads: STATE/PRODUCT/download, private (0700), one file named by the
 * digest that was signed.  A broken download stays and is resumed by Range.
 * Steps 16 and 17.
 */
#ifndef SLUICE_CLIENT_DOWNLOAD_H
#define SLUICE_CLIENT_DOWNLOAD_H

#include <stdint.h>

#include "client/origin.h"
#include "manifest/base/base.h"
#include "manifest/base/digest.h"
#include "manifest/base/err.h"
#include "manifest/role.h"

struct download {
	struct origin *origin;
	const struct config *config;
	const char *folder;
	const struct target *target; /* verified: path, length, digest */
	int (*progress)(void *ctx, int64_t done, int64_t total); /* -1: stop */
	void *ctx;
};

/*
 * download_run - the file of exactly the signed length and digest.  Returns a
 * descriptor, verified and at its start; -1: ERR_AUTH when the content is
 * wrong (it is then removed), ERR_MISSING, ERR_LIMIT, ERR_SYS; ERR_REFUSED
 * when progress stopped it.
 */
int download_run(const struct download *d, struct err *e) MUST_CHECK;

/* download_drop - remove everything that has been fetched. */
int download_drop(const char *folder, struct err *e) MUST_CHECK;

#endif
