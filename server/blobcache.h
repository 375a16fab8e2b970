/*
 * Blobs for serving: opened once by digest beneath STATE/blobs, never by a
 * path that a client chose.  Small ones are kept in memory, checked against
 * their digest; of others the descriptor is kept.  One per thread.
 */
#ifndef SLUICE_BLOBCACHE_H
#define SLUICE_BLOBCACHE_H

#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/digest.h"
#include "manifest/base/err.h"

#define BLOBCACHE_SMALL 65536 /* bytes of what is kept in memory */

struct blobcache;

struct blob {
	char sha256[SHA256_HEX_SIZE];
	int64_t size;
	int fd;	     /* -1: in memory */
	uint8_t *at; /* NULL: not in memory */
};

/* blobcache_new - over an open folder, which stays the caller's. */
struct blobcache *blobcache_new(int dir_fd, struct err *e) MUST_CHECK;
void blobcache_free(struct blobcache *c);

/*
 * blobcache_get - the blob of a digest (64 hex digits), of exactly this size;
 * valid until the next call.  NULL: ERR_MISSING, or what is there is not what
 * the digest says (ERR_AUTH).
 */
const struct blob *blobcache_get(struct blobcache *c, const char *sha256,
    int64_t size, struct err *e) MUST_CHECK;

#endif
