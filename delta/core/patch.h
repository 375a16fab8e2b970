/*
 * Applying a patch of format "sluice-delta/1": plain C, no operating system.
 * An updater on any system can embed this folder with manifest/base/err.c,
 * libzstd, liblzma and zlib.
 */
#ifndef SLUICE_CORE_PATCH_H
#define SLUICE_CORE_PATCH_H

#include "delta/core/format.h"
#include "delta/core/tables.h"

/*
 * patch_apply - rebuild new from old and the patch.
 *
 *   old, patch   the whole files, for instance mapped; the caller has checked
 *                that old has the digest in the header (format_read)
 *   memory_max   refuse (ERR_LIMIT) before taking more; 0: no bound
 *   write        takes the bytes of new in their order, never more than the
 *                header's new_size; -1 with e set ends it all
 *   keep, kept   for patches with ranges of old: keep takes the bytes of the
 *                expanded old file in their order, as many as the header
 *                says; then kept says where they all are, until patch_apply
 *                returns.  keep NULL: such patches are refused (ERR_LIMIT)
 *   sha256       a faster one than our own, or NULL; for the page hashes of
 *                signed Mach-O files
 *
 * Returns 0 when new_size bytes were written.  They are the right ones if they
 * have the header's digest: the caller must look, and only then use them.
 * ERR_INPUT: malformed.
 */
struct patch_apply {
	const uint8_t *old;
	size_t old_size;
	const uint8_t *patch;
	size_t patch_size;
	uint64_t memory_max;
	int (*write)(void *ctx, const uint8_t *at, size_t len, struct err *e);
	int (*keep)(void *ctx, const uint8_t *at, size_t len, struct err *e);
	const uint8_t *(*kept)(void *ctx, struct err *e); /* NULL: failed */
	void *ctx;					  /* of the three */
	void (*sha256)(uint8_t *out, const void *at, size_t n);
};
int patch_apply(const struct patch_apply *a, struct err *e) MUST_CHECK;

/* patch_tables - the tables of a patch; tables_done frees, after a failure as
 * well. */
int patch_tables(
    const struct format *f, struct tables *t, struct err *e) MUST_CHECK;

/* patch_memory - what applying takes at most, beyond the three files and, where
 * old has ranges, the expanded old one: f->old_expanded bytes. */
uint64_t patch_memory(const struct format *f, const struct tables *t);

#endif
