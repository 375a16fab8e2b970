/*
 * Binary deltas: make, apply, inspect.  One header for all formats: BSDIFF40,
 * Colin Percival's, which many updaters read; and our own, which understands
 * executables and is a third of that and less.
 */
#ifndef SLUICE_DELTA_H
#define SLUICE_DELTA_H

#include <stdbool.h>
#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/buf.h"
#include "manifest/base/digest.h"
#include "manifest/base/err.h"

#define DELTA_BSDIFF40 "bsdiff40"
#define DELTA_SLUICE1  "sluice-delta/1"

/* delta_make - a patch that turns old into new.  Refuses (ERR_LIMIT) when
 * making would need more than memory_max bytes; memory_max 0: no bound. */
struct delta_make {
	const char *format; /* one of the above */
	int old_fd, new_fd; /* regular files, read from the start (mapped) */
	int patch_fd;	    /* empty regular file, written and fsynced */
	int64_t memory_max;
	/* NULL, or called after each step with the bytes of new that are the
	 * step's share of the work */
	void (*progress)(void *ctx, int64_t bytes);
	void *ctx;
};
int delta_make(const struct delta_make *d, struct err *e) MUST_CHECK;

/* delta_step - for those who make: a step is done that takes so many percent. */
static inline void
delta_step(const struct delta_make *d, size_t new_size, unsigned percent)
{
	if (d->progress != NULL)
		d->progress(
		    d->ctx, (int64_t)((uint64_t)new_size * percent / 100));
}

/* CPU time that making takes, as a rule: 0.3 s for 1 MB. */
#define DELTA_BYTES_PER_MS 3333

/* delta_memory - bytes that making a patch of these sizes needs. */
int64_t delta_memory(const char *format, int64_t old_size, int64_t new_size);

/*
 * delta_file_memory - as delta_memory for this new file, where as large a part
 * of old is packed as of new: DELTA_SLUICE1 unpacks archives, which takes more.
 * -1 with e set: it cannot be read.
 */
int64_t delta_file_memory(const char *format, int64_t old_size,
    const char *new_path, struct err *e) MUST_CHECK;

/*
 * delta_apply - rebuild new from old and a patch.
 *
 *   out_size, out_sha256   what the signed manifest promises: the result is
 *                          refused unless it is exactly that
 *   memory_max             refuse (ERR_LIMIT) before taking more
 *
 * Returns 0; ERR_INPUT malformed patch; ERR_AUTH the digest differs; on error
 * out_fd's content is undefined, and no longer than promised.  Not fsynced.
 * Control triples make progress; all arithmetic is checked; output never passes
 * out_size.  The caller has checked the digests of the patch and of the old
 * file.
 */
struct delta_apply {
	const char *format;
	int old_fd, patch_fd; /* regular files */
	int out_fd;	      /* empty regular file, for reading as well */
	int64_t out_size;
	uint8_t out_sha256[SHA256_SIZE];
	int64_t memory_max; /* 0: no bound */
	/* for people at a terminal: no promise, the patch says how much it
	 * makes and nothing says that it is right */
	bool unverified;
};
int delta_apply(const struct delta_apply *d, struct err *e) MUST_CHECK;

/* delta_apply_memory - bytes that applying needs beyond the files: at most, or
 * for DELTA_SLUICE1 as a rule (each patch says it, and is held to it). */
int64_t delta_apply_memory(
    const char *format, int64_t old_size, int64_t new_size);

/* delta_known - whether a format of this name can be made and applied here. */
bool delta_known(const char *format);

/* delta_patch_memory - bytes that applying this very patch takes at most beyond
 * the files; delta_apply with as much as memory_max does not fail for it.  Not
 * counted: where a patch of DELTA_SLUICE1 unpacks parts of the old file, this
 * lies behind the new one in out_fd until delta_apply returns. */
int64_t delta_patch_memory(const char *patch_path, struct err *e) MUST_CHECK;

/* delta_threads - how many threads delta_make, called by this thread, may use
 * from now on; 0: one for each CPU.  What comes out is the same. */
void delta_threads(int n);

/* delta_format - the format of a patch by its first bytes; NULL: none. */
const char *delta_format(int patch_fd);

/* delta_inspect - describe a patch for people, one fact per line. */
int delta_inspect(int patch_fd, struct buf *out, struct err *e) MUST_CHECK;

/*
 * delta_check - apply the patch file to the old file into a temporary file in
 * dir and say whether the result is what was promised; used by the signer
 * before it lists a delta and by intake before it takes one.
 */
int delta_check(const char *format, const char *old_path,
    const char *patch_path, const char *dir, int64_t out_size,
    const uint8_t out_sha256[static SHA256_SIZE], struct err *e) MUST_CHECK;

#endif
