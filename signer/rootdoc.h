/*
 * Root documents as their holders think of them: who holds which role, how
 * many must agree.  Builds the unsigned document and knows the rules that a
 * set of keys must obey; asks nobody and signs nothing.
 */
#ifndef SLUICE_ROOTDOC_H
#define SLUICE_ROOTDOC_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/buf.h"
#include "manifest/role.h"
#include "signer/keyfile.h"
#include "signer/pubkey.h"

#define ROOTDOC_KEYS_MAX 20 /* per role */
#define ROOTDOC_SETS	 3  /* root, release, timestamp (enum keyfile_role) */

struct rootdoc_set {
	struct pubkey keys[ROOTDOC_KEYS_MAX];
	size_t n;
	int64_t threshold;
};

struct rootdoc {
	const char *product, *channel;
	int64_t version, expires_s;
	struct rootdoc_set sets[ROOTDOC_SETS];
	struct minisign_key minisign[ROLE_MINISIGN_MAX];
	size_t nminisign;
};

/* rootdoc_from - the same of a document that was read strictly. */
int rootdoc_from(
    struct rootdoc *d, const struct role *root, struct err *e) MUST_CHECK;

/* rootdoc_add - one more key; ERR_USAGE when the set has it already. */
int rootdoc_add(struct rootdoc *d, enum keyfile_role set,
    const struct pubkey *public, struct err *e) MUST_CHECK;

/* rootdoc_remove - take a key out, by its ID or a beginning of it (8 digits at
 * least) that only one key has.  minisign keys go by their base64 line. */
int rootdoc_remove(struct rootdoc *d, const char *id, struct err *e) MUST_CHECK;

/*
 * rootdoc_check - every role has keys and a threshold that they can meet, the
 * timestamp threshold is 1, no key serves two roles or is a minisign key too,
 * and it has not expired.  now_s 0: whenever.
 */
int rootdoc_check(
    const struct rootdoc *d, int64_t now_s, struct err *e) MUST_CHECK;

/*
 * rootdoc_apart - no set of release keys that meets the threshold of d meets
 * that of another channel's root, nor the other way round, and the two share
 * no timestamp key and no minisign key.  ERR_REFUSED names the other channel.
 */
int rootdoc_apart(const struct rootdoc *d, const struct role *other,
    struct err *e) MUST_CHECK;

/* rootdoc_write - the document, canonical, without signatures. */
int rootdoc_write(
    const struct rootdoc *d, struct buf *out, struct err *e) MUST_CHECK;

#endif
