/*
 * Digests of many files at once.
 */
#ifndef SLUICE_SUMS_H
#define SLUICE_SUMS_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/digest.h"
#include "manifest/base/err.h"

struct sums_file {
	const char *from;
	int64_t size;
	uint8_t sha256[SHA256_SIZE];
};

/* sums_run - fill in size and digest of each, with this many threads. */
int sums_run(
    struct sums_file *files, size_t n, int threads, struct err *e) MUST_CHECK;

#endif
