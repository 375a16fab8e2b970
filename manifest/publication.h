/*
 * A publication: one ladder of complete, signed views of a channel.  Loading
 * verifies every document of it against root and against the rules of the
 * ladder; the signer (its own output), the server's intake and the brake all
 * read through here.  Artifact bytes are checked by the caller, from
 * publication_files.
 */
#ifndef SLUICE_PUBLICATION_H
#define SLUICE_PUBLICATION_H

#include "manifest/ladder.h"
#include "manifest/manifest.h"
#include "manifest/role.h"

struct rung {
	int index;
	enum rung_kind kind;
	int block;
	const struct role *snapshot, *targets;
	const struct manifest *manifest;
	struct bytes manifest_file;
	char manifest_sha256[SHA256_HEX_SIZE];
	struct metafile snapshot_meta; /* what a timestamp must say of it */
};

struct publication {
	const char *product, *channel;
	struct ladder ladder;
	const struct role *root; /* that it was verified with */
	struct rung rungs[LADDER_MAX];
	int nrungs;
	const struct manifest *offer; /* rungs[1].manifest */
	int64_t expires_s; /* the earliest expiry of its documents but root */
};

/* Where the documents come from: reads "V.snapshot.json",
 * "targets/<sha>.manifest.json" and so on; ERR_MISSING when not there. */
struct publication_source {
	int (*read)(void *ctx, const char *path, size_t max, struct arena *a,
	    struct bytes *out, struct err *e);
	void *ctx;
};

/* One file that a publication names. */
struct publication_file {
	const char *path; /* below the channel: "targets/1.2.0/..." */
	int64_t size;
	uint8_t sha256[SHA256_SIZE];
	uint32_t rungs; /* bit i: rung i names it */
	bool document;	/* metadata or manifest, not an artifact */
};

/* publication_m - the greatest m among snapshot file names; 0: none. */
int64_t publication_m(const char *const *paths, size_t n);

/*
 * publication_load - read and verify the ladder m with a trusted root (already
 * read; strict).  Everything in the arena.  Checks, beside signatures,
 * digests, versions and x-sluice of every rung: rungs fill hold + whole
 * blocks; manifests of the same meaning are the same bytes in every block;
 * hold and halt name the fallback; rollback rungs descend, are not below
 * floor_seq and allow going back from the offer; targets of a rung are exactly
 * the manifest and the artifacts and deltas of the release it names (plus
 * attachments below <version>/); seq, created, expiry and product agree; and
 * with now_s nothing has expired.  The minisign signature beside each manifest
 * is verified when root names minisign keys (it must then be there).
 */
const struct publication *publication_load(struct arena *a,
    const struct publication_source *src, const struct role *root, int64_t m,
    int64_t now_s, struct err *e) MUST_CHECK;

/*
 * publication_view - the one rung that a timestamp names, for who is not shown
 * the others: rungs[0], with its place on the ladder in index, and of the
 * ladder m alone; offer is its manifest.  The timestamp is verified too; what
 * is said of one rung by itself in publication_load is checked.
 */
const struct publication *publication_view(struct arena *a,
    const struct publication_source *src, const struct role *root,
    const struct role *timestamp, int64_t now_s, struct err *e) MUST_CHECK;

/*
 * The steps of publication_load that need no documents beside the loaded rungs
 * (index, targets, manifest and digest set): publication_shape finds the
 * ladder in the manifests and fills in kind, block and offer;
 * publication_rules holds each rung against its place on it.
 */
int publication_shape(struct publication *p, struct err *e) MUST_CHECK;
int publication_rules(const struct publication *p, struct err *e) MUST_CHECK;

/* publication_same_artifact - same path, size and digest; b may be NULL. */
bool publication_same_artifact(
    const struct artifact *a, const struct artifact *b);

/*
 * publication_files - every file that it names, sorted by path: documents,
 * manifests, .minisig (size -1, no digest known: sha256 zero), artifacts,
 * deltas.  Root documents are not in it.
 */
int publication_files(const struct publication *p, struct arena *a,
    const struct publication_file **out, size_t *n, struct err *e) MUST_CHECK;

/* What a channel remembers between publications; the server's state, or what
 * the previous publication and its plan tell where there is no server. */
struct publication_base {
	int64_t m;   /* 0: none yet */
	int64_t seq; /* of the offer */
	const char *version;
	int64_t next_seq; /* lowest free release number of the product; for
	                      the signer: publication_follows ignores it, as
	                      a promotion brings the number that the channel
	                      below has used */
	int64_t fallback_seq;
	int64_t good_seq[LADDER_MAX]; /* newest first, fallback first */
	int ngood;
	int64_t withdrawn_seq[LADDER_MAX]; /* rolled back, or said so */
	int nwithdrawn;
	int64_t pin_seq[LADDER_MAX]; /* releases that a pin holds */
	int npins;
	int64_t created_s; /* of the running publication, for renewals */
};

/*
 * publication_follows - the rules between one publication and the state before
 * it: m higher, seq higher (lower when root replaced every release key; or
 * equal: a renewal, with the same fallback,
 * created, not_before, plan, salt; old artifacts the same bytes), the fallback
 * is the newest good release, rollbacks lead to good releases, pinned ones
 * among them (but for those that the floor or a security release forbids),
 * permissions to go back that base demands are there, the floor is not lowered
 * (unless root replaced every release key), and a release that both name has
 * the same files.  previous may be NULL (the first).
 *
 * ERR_CONFLICT: the channel moved on (m, seq or version is taken);
 * ERR_REFUSED: anything else.
 */
int publication_follows(const struct publication *p,
    const struct publication *previous, const struct publication_base *base,
    struct err *e) MUST_CHECK;

/*
 * publication_anew - whether a new release may have a number below that of the
 * one on offer.  A thief may have used the highest there is: when root names no
 * key that did, clients leave what those keys signed for a lower number, and
 * numbers go on above the newest good release.
 */
bool publication_anew(int64_t seq, const struct role *root,
    const struct publication *previous, const struct publication_base *base);

#endif
