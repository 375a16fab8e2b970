/*
 * Reading an archive that a stranger may have made: tar in one zstd frame, in
 * one file or in parts (FILE.000, FILE.001 ...).  libarchive and libzstd run
 * in a child of their own that has nothing but the open files and a pipe
 * (fence.h); what comes out of it is names, sizes and bytes, which the caller
 * holds against a signed list.  It knows no document.
 *
 * Only regular files with plain names; one frame, its seal, nothing after it.
 */
#ifndef SLUICE_UNPACK_H
#define SLUICE_UNPACK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

#define UNPACK_NAME_MAX	  1023
#define UNPACK_WINDOW_LOG 23 /* 8 MiB: what a frame may ask for */

/*
 * The frame is followed by a skippable one: this magic, a length of 32 (both
 * little-endian), the SHA-256 of all bytes before.  One archive can be
 * compressed in many ways; so each of its own bits counts.
 */
#define UNPACK_SEAL_MAGIC "\x50\x2a\x4d\x18\x20\x00\x00\x00"
#define UNPACK_SEAL_SIZE  40

struct unpack;

/*
 * unpack_open - find the parts and start the child.  Where path is no file,
 * path.000 begins the parts; path may name the .000 itself.  ERR_MISSING when
 * neither is there, ERR_INPUT when a part is missing.
 */
struct unpack *unpack_open(const char *path, struct err *e) MUST_CHECK;
void unpack_free(struct unpack *u);

struct unpack_member {
	char name[UNPACK_NAME_MAX + 1];
	int64_t size;
};

/* unpack_next - 1: the next member (the rest of the one before is skipped),
 * 0: the end, sound to the last byte. */
int unpack_next(
    struct unpack *u, struct unpack_member *out, struct err *e) MUST_CHECK;

/* unpack_read - up to room bytes of the member; 0 at its end. */
ssize_t unpack_read(
    struct unpack *u, void *at, size_t room, struct err *e) MUST_CHECK;

static inline void
unpack_freep(struct unpack **u)
{
	unpack_free(*u);
}
#define AUTO_UNPACK CLEANUP(unpack_freep) struct unpack *

/*
 * unpack_walk - what the child does, in this process (and the fuzz target):
 * bytes come from read, members and their bytes go to member and data.
 */
struct unpack_walk {
	/* the next bytes, 0 at the end, -1 with e */
	ssize_t (*read)(void *ctx, void *at, size_t room, struct err *e);
	int (*member)(void *ctx, const struct unpack_member *m, struct err *e);
	int (*data)(void *ctx, const void *at, size_t len, struct err *e);
	void *ctx;
};
int unpack_walk(const struct unpack_walk *w, struct err *e) MUST_CHECK;

#endif
