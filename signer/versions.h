/*
 * Which releases machines run: the list of "sluicectl versions --json".
 */
#ifndef SLUICE_VERSIONS_H
#define SLUICE_VERSIONS_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"

/* Polls of one release on one platform, over all days of the list. */
struct versions_row {
	const char *version, *os, *arch;
	int64_t n;
};

struct versions {
	struct versions_row *rows;
	size_t n;
};

/* versions_read - the list in a file, "-": standard input; it must be of this
 * channel ("product/channel"). */
int versions_read(struct versions *v, const char *path, const char *channel,
    struct arena *a, struct err *e) MUST_CHECK;

/* versions_parse - the same from its text. */
int versions_parse(struct versions *v, struct bytes text, const char *channel,
    struct arena *a, struct err *e) MUST_CHECK;

/* versions_share_bp - of the polls of a platform, those by this release; -1
 * where the list has none of that platform. */
int versions_share_bp(const struct versions *v, const char *version,
    const char *os, const char *arch);

#endif
