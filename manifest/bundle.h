/*
 * The signed list of a bundle, its first member: what the archive holds, in
 * order, with sizes and digests.  A text that sha256sum -c reads; for each
 * channel a minisign signature follows it.  Form only; who signed it is
 * bundle_verify, what its documents are worth is trust.h's affair.
 *
 *	# sluice-bundle/1
 *	# created 2026-01-31T00:00:00Z
 *	# expires 2026-05-01T00:00:00Z
 *	# since <sha256 of the list that it builds on>        (or not)
 *	# channel editor/stable
 *	# size 1234
 *	<sha256>  editor/stable/1.root.json
 *	...
 *	# have <size> <sha256>  editor/stable/targets/...     (only with since)
 *
 * The bundle lives here, below signer, client and server, because all three
 * read it; the archive around it is base/pack.h and base/unpack.h.
 */
#ifndef SLUICE_BUNDLE_H
#define SLUICE_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/buf.h"
#include "manifest/base/digest.h"
#include "manifest/base/err.h"
#include "manifest/role.h"

#define BUNDLE_LIST	    "SHA256SUMS"
#define BUNDLE_LIST_MAX	    (4 * 1024 * 1024)
#define BUNDLE_MEMBERS_MAX  10000
#define BUNDLE_CHANNELS_MAX 32
#define BUNDLE_PATH_MAX	    640
#define BUNDLE_SIZE_MAX	    (INT64_C(1) << 42) /* of a member, and of all */
#define BUNDLE_DAYS	    90 /* that one lasts unless said otherwise */

/* In the archive members stand in this order, and by name within. */
enum bundle_class {
	BUNDLE_METADATA, /* P/C/N.root.json, P/C/timestamp.json ... */
	BUNDLE_MANIFEST, /* P/C/targets/<sha256>.manifest.json[.minisig] */
	BUNDLE_TARGET,	 /* P/C/targets/<version>/... */
	BUNDLE_CLIENT,	 /* client/...: a program to install by hand */
	BUNDLE_NONE,	 /* no path of a bundle */
};

struct bundle_member {
	const char *path;
	int64_t size;
	uint8_t sha256[SHA256_SIZE];
	bool have; /* not in the archive: in what it builds on */
};

struct bundle {
	int64_t created_s, expires_s;
	const char *since;	     /* hex; NULL: complete by itself */
	const char *const *channels; /* "product/channel", sorted */
	size_t nchannels;
	const struct bundle_member *members; /* in order; have ones last */
	size_t nmembers;
};

/* bundle_class - of a path; checks its form. */
enum bundle_class bundle_class(const char *path);

/* bundle_order - for qsort over struct bundle_member. */
int bundle_order(const void *a, const void *b);

/* bundle_write - append the list.  Checks what bundle_read checks by reading
 * its own output. */
int bundle_write(
    const struct bundle *b, struct buf *out, struct err *e) MUST_CHECK;

/* bundle_read - strictly: the bytes are what bundle_write would write. */
const struct bundle *bundle_read(
    struct arena *a, struct bytes file, struct err *e) MUST_CHECK;

/* bundle_find - a member by path; NULL if it is not listed. */
const struct bundle_member *bundle_find(
    const struct bundle *b, const char *path);

/* bundle_bytes - of all members in the archive. */
int64_t bundle_bytes(const struct bundle *b);

/* bundle_sig_path - "P/C/SHA256SUMS.minisig". */
char *bundle_sig_path(
    struct arena *a, const char *channel, struct err *e) MUST_CHECK;

/*
 * bundle_verify - the list was signed for a channel: by a minisign key that its
 * root names or, where it names none, by one of its timestamp keys.
 */
int bundle_verify(struct bytes list, struct bytes sig, const struct role *root,
    struct err *e) MUST_CHECK;

#endif
