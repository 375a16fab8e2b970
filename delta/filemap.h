/*
 * A regular file mapped for reading.
 */
#ifndef SLUICE_FILEMAP_H
#define SLUICE_FILEMAP_H

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"

struct filemap {
	struct bytes bytes; /* never NULL after filemap_open */
	void *map;
};

/* filemap_open - name is for messages; filemap_done unmaps. */
int filemap_open(
    struct filemap *m, int fd, const char *name, struct err *e) MUST_CHECK;
void filemap_done(struct filemap *m);
#define AUTO_FILEMAP CLEANUP(filemap_done) struct filemap

#endif
