/*
 * Reading a bundle from its file: the list, its signatures, then every member
 * held against the list (name, order, size, digest) to the archive's last
 * byte.  Members go where the caller says; what they mean is trust.h's affair,
 * and the steps of it that every reader takes are bundle_file_root and
 * bundle_file_view.
 *
 *	open; each (root, when the documents are there; then the rest); view
 */
#ifndef SLUICE_BUNDLE_FILE_H
#define SLUICE_BUNDLE_FILE_H

#include <stdint.h>

#include "manifest/base/unpack.h"
#include "manifest/bundle.h"
#include "manifest/manifest.h"
#include "manifest/trust.h"

struct bundle_file {
	struct arena *arena;
	struct unpack *archive;
	const struct bundle *list;
	struct bytes list_file;
	char sha256[SHA256_HEX_SIZE];		/* of the list */
	struct bytes sigs[BUNDLE_CHANNELS_MAX]; /* by channel */
	struct bytes *documents;		/* by member; len 0: not kept */
};

/*
 * bundle_file_open - the list and the signatures.  Their form is checked,
 * nothing of it is believed: that takes bundle_file_root.
 */
int bundle_file_open(struct bundle_file *f, const char *path, struct arena *a,
    struct err *e) MUST_CHECK;
void bundle_file_done(struct bundle_file *f);
#define AUTO_BUNDLE_FILE CLEANUP(bundle_file_done) struct bundle_file

/* What becomes of the members. */
struct bundle_take {
	/*
	 * documents - all metadata and manifests have been read and kept;
	 * from here on members may be written.  NULL: nothing to do.
	 */
	int (*documents)(void *ctx, struct err *e);
	/* where - a descriptor to write this target or program to, or
	 * BUNDLE_SKIP: it is only checked.  NULL: skip all. */
	int (*where)(void *ctx, const struct bundle_member *m, struct err *e);
	/* done - the member is what the list says; fd is the caller's again.
	 * NULL: nothing to do. */
	int (*done)(
	    void *ctx, const struct bundle_member *m, int fd, struct err *e);
	void *ctx;
};
#define BUNDLE_SKIP (-2)

/* bundle_file_each - all members, in order, to the end of the archive. */
int bundle_file_each(struct bundle_file *f, const struct bundle_take *take,
    struct err *e) MUST_CHECK;

/* bundle_file_document - a kept document; ERR_MISSING if it is not there. */
int bundle_file_document(const struct bundle_file *f, const char *channel,
    const char *path, struct bytes *out, struct err *e) MUST_CHECK;

/*
 * bundle_file_root - follow the bundle's roots from the one that t (trust_start)
 * trusts, then: the list is signed for this channel, and neither root nor the
 * bundle has expired at t->now_s.  The caller adds what it has stored.
 */
int bundle_file_root(
    const struct bundle_file *f, struct trust *t, struct err *e) MUST_CHECK;

/*
 * bundle_file_view - timestamp (its expiry is judged as of the bundle's
 * creation), snapshot, targets and manifest.  ERR_REFUSED and *behind: older
 * than what t has.
 */
int bundle_file_view(const struct bundle_file *f, struct trust *t,
    const struct manifest **out, bool *behind, struct err *e) MUST_CHECK;

#endif
