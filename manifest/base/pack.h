/*
 * Writing an archive for small media: tar (libarchive) in one zstd frame, cut
 * into parts where asked for.  The same members give the same bytes: one time,
 * owner 0, no names of users, a fixed level.  What unpack.h reads.
 */
#ifndef SLUICE_PACK_H
#define SLUICE_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

#define PACK_PARTS_MAX 500 /* FILE.000 to FILE.499: all are open at once */

struct pack;

struct pack_ask {
	const char *path;   /* or, with split, PATH.000, PATH.001 ... */
	int64_t split;	    /* bytes of a part; 0: one file */
	int64_t modified_s; /* of every member */
};

/* pack_open - begin; nothing is seen under the final names until pack_close.
 * ERR_CONFLICT, from here on: one of the final names exists, or another process
 * is at it. */
struct pack *pack_open(const struct pack_ask *ask, struct err *e) MUST_CHECK;

/* pack_member - the next one; then exactly size bytes by pack_data. */
int pack_member(struct pack *p, const char *name, int64_t size, int mode,
    struct err *e) MUST_CHECK;
int pack_data(
    struct pack *p, const void *at, size_t len, struct err *e) MUST_CHECK;

/* pack_close - finish, sync, rename.  *parts and *bytes get what was written.*/
int pack_close(
    struct pack *p, int *parts, int64_t *bytes, struct err *e) MUST_CHECK;

/* pack_free - on every path; what was not closed is removed.  NULL is fine. */
void pack_free(struct pack *p);

static inline void
pack_freep(struct pack **p)
{
	pack_free(*p);
}
#define AUTO_PACK CLEANUP(pack_freep) struct pack *

#endif
