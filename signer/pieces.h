/*
 * The files that a release brings: artifacts for platforms and attachments.
 */
#ifndef SLUICE_PIECES_H
#define SLUICE_PIECES_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/manifest.h"
#include "signer/keyring.h"
#include "signer/outdir.h"
#include "signer/sums.h"

struct piece {
	const char *os, *arch; /* NULL: an attachment */
	const char *name;
	const char *path;		/* TUF target */
	const char *minisign, *ed25519; /* base64; NULL: none */
};

struct pieces {
	struct piece *list;
	struct sums_file *sums; /* where from, size, digest; same order */
	size_t n;
	const char *product, *channel, *version;
	int64_t seq, now_s;
	const struct signer *minisign; /* NULL: no such signatures */
	struct arena *arena;
	int threads;
};

/* pieces_add - from "OS-ARCH=FILE" (attach: from "FILE"), a file that is there;
 * it is read later. */
int pieces_add(
    struct pieces *p, const char *text, bool attach, struct err *e) MUST_CHECK;

/* pieces_digest - digests of all, side by side. */
int pieces_digest(struct pieces *p, struct err *e) MUST_CHECK;

/* pieces_sign - minisign signatures of each artifact; with a key file also
 * plain Ed25519, which other sources do not sign (signer.h). */
int pieces_sign(struct pieces *p, struct err *e) MUST_CHECK;

/* pieces_copy - into the output, under their digests. */
int pieces_copy(
    const struct pieces *p, struct outdir *s, struct err *e) MUST_CHECK;

/* pieces_comment - the trusted comment of a minisign signature. */
char *pieces_comment(
    const struct pieces *p, const char *file, struct err *e) MUST_CHECK;

#endif
