/*
 * From decisions to documents: the manifests of a ladder, and for every rung
 * its targets and its snapshot, signed.  No files are read or written here.
 */
#ifndef SLUICE_COMPOSE_H
#define SLUICE_COMPOSE_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/ladder.h"
#include "manifest/manifest.h"
#include "signer/existing.h"
#include "signer/keyring.h"

struct compose {
	const char *product, *channel;
	struct ladder ladder;
	struct release offer;	 /* m: all that the offer's manifest says but
	                            kind, floor, created, expires */
	struct release fallback; /* m NULL: none */
	struct release good[LADDER_MAX];
	int64_t floor_seq; /* wanted; each manifest has at most its own */
	int64_t created_s, expires_s;
	/* releases that hold and halt lead away from */
	const int64_t *withdrawn;
	int nwithdrawn;
	/* and those that only rollbacks lead away from */
	const int64_t *also;
	int nalso;
	const char *reason; /* of rollbacks; may be "" */
	const struct keyring *ring;
	const struct signer *minisign; /* NULL: no .minisig */
};

/* A file of the publication, by its path below the channel. */
struct composed {
	struct composed_file {
		const char *path;
		struct bytes file;
	} * files;
	size_t n;
};

int compose_run(const struct compose *c, struct composed *out, struct arena *a,
    struct err *e) MUST_CHECK;

/* compose_snapshot - what is signed of one rung's snapshot, canonical, in the
 * arena; add makes it anew when a signature joins the rung's targets. */
struct compose_head {
	const char *product, *channel;
	int64_t version, expires_s;
};
int compose_snapshot(const struct compose_head *h, struct bytes targets_file,
    struct bytes *out, struct arena *a, struct err *e) MUST_CHECK;

#endif
