/*
 * The files of all publications, by digest: STATE/blobs/<aa>/<sha256>, and
 * what is being uploaded: STATE/incoming/<sha256>.
 */
#ifndef SLUICE_BLOBS_H
#define SLUICE_BLOBS_H

#include "manifest/base/arena.h"
#include "manifest/base/digest.h"

/* blobs_path, blobs_incoming - where a digest's file is (arena); the digest
 * must have passed blobs_name_ok. */
char *blobs_path(const char *state, const char *sha256, struct arena *a,
    struct err *e) MUST_CHECK;
char *blobs_incoming(const char *state, const char *sha256, struct arena *a,
    struct err *e) MUST_CHECK;

/* blobs_name_ok - 64 lower-case hex digits. */
bool blobs_name_ok(const char *sha256);

/*
 * blobs_take - make incoming/<sha256> a blob: copy it (front may still hold
 * the incoming file open), check size and digest of the copy, sync, rename.
 * What is stored is what was hashed.  ERR_AUTH: it is something else.
 */
int blobs_take(const char *state, const char *sha256, int64_t size,
    struct err *e) MUST_CHECK;

/* blobs_there - a file of that size: the database does not know of one that
 * was removed by hand. */
bool blobs_there(const char *state, const char *sha256, int64_t size);

/* blobs_read - a whole small blob (a document), its digest checked. */
int blobs_read(const char *state, const char *sha256, size_t max,
    struct bytes *out, struct arena *a, struct err *e) MUST_CHECK;

#endif
