/*
 * Deltas in tests: files without a name, noise, and making and applying in
 * one step.  What cannot be set up is a broken test and aborts.
 */
#ifndef SLUICE_TESTS_PATCHING_H
#define SLUICE_TESTS_PATCHING_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/err.h"

/* patching_file - an empty file without a name; patching_with - one of these
 * bytes; patching_size - how many are in it now.  The caller closes. */
int patching_file(void) MUST_CHECK;
int patching_with(const void *at, size_t len) MUST_CHECK;
int64_t patching_size(int fd);

/* patching_noise - the same seed gives the same bytes. */
void patching_noise(uint8_t *at, size_t len, uint32_t seed);

/*
 * patching_apply - what came of applying the patch where want is promised;
 * checks that never more than that is written.
 */
enum err_kind patching_apply(
    const char *format, int old, int patch, struct bytes want, struct err *e);

/* patching_round - make, apply, check; the size of the patch. */
int64_t patching_round(const char *format, struct bytes old, struct bytes new);

/* patching_tiny - the same for files of a few bytes and of none. */
void patching_tiny(const char *format);

#endif
