/*
 * Semantic versions 2.0.0 (semver.org).
 */
#ifndef SLUICE_SEMVER_H
#define SLUICE_SEMVER_H

#include <stdbool.h>
#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

#define SEMVER_MAX 64 /* bytes of a version, without NUL */

/* semver_check - 0 if s is a version of at most SEMVER_MAX bytes. */
int semver_check(const char *s, struct err *e) MUST_CHECK;

/*
 * semver_cmp - precedence (section 11): <0, 0, >0.  Both must have passed
 * semver_check.  Build metadata is ignored.
 */
int semver_cmp(const char *a, const char *b);

#endif
