/*
 * Work that is done side by side: a fixed list of jobs, a few threads.
 */
#ifndef SLUICE_SIGNER_JOBS_H
#define SLUICE_SIGNER_JOBS_H

#include <stddef.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

struct jobs {
	/* run - job i; called from several threads, for different i. */
	int (*run)(void *ctx, size_t i, struct err *e);
	void *ctx;
	size_t n;
	int threads;
};

/*
 * jobs_run - run them all.  After a failure no further job is begun; the error
 * of the failed job with the lowest number is handed back.
 */
int jobs_run(const struct jobs *j, struct err *e) MUST_CHECK;

#endif
