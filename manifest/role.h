/*
 * The roles of TUF 1.0.x: parse and verify.  Trust over time
 * (rotation, rollback, expiry) is trust.h.
 *
 * ROLE_STRICT is how Sluice reads its own channels: the file is canonical JSON
 * byte for byte, carries x-sluice, key IDs are digests of the keys, and every
 * signature present verifies with a key that the role names.  A changed bit
 * anywhere is refused.  Without it a document is read as any TUF client would.
 */
#ifndef SLUICE_ROLE_H
#define SLUICE_ROLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/buf.h"
#include "manifest/base/digest.h"
#include "manifest/base/err.h"
#include "manifest/key.h"
#include "manifest/minisign.h"

/* Sizes of security limits, bytes. */
#define ROLE_ROOT_MAX	   (512 * 1024)
#define ROLE_TIMESTAMP_MAX (16 * 1024)
#define ROLE_SNAPSHOT_MAX  (2 * 1024 * 1024)
#define ROLE_TARGETS_MAX   (5 * 1024 * 1024)
#define ROLE_VERSION_MAX   INT32_MAX /* foreign clients use int */
#define ROLE_KEYS_MAX	   64
#define ROLE_FOREIGN_KEYS  8192 /* in one document of other tools */
#define ROLE_FOREIGN_IDS   256	/* that one role of theirs names */
#define ROLE_MINISIGN_MAX  8
#define ROLE_SIGS_MAX	   (2 * ROLE_KEYS_MAX) /* a root: old keys and new */
#define TARGET_PATH_MAX	   1024

enum role_kind {
	ROLE_ROOT,
	ROLE_TIMESTAMP,
	ROLE_SNAPSHOT,
	ROLE_TARGETS
};
#define ROLE_KINDS 4

/* role_name - "root", "timestamp", "snapshot", "targets". */
const char *role_name(enum role_kind kind);
/* role_max - the size limit of a kind, bytes. */
size_t role_max(enum role_kind kind);

struct role_keys {
	const char **keyids;
	size_t n;
	int threshold;
};

/* What one document says of another file. */
struct metafile {
	const char *name; /* "snapshot.json" */
	int64_t version;
	int64_t length; /* bytes; -1: not said */
	bool hashed;	/* by SHA-256 */
	uint8_t sha256[SHA256_SIZE];
	const uint8_t *sha512; /* NULL: none, as in ours */
};

struct target {
	const char *path;
	int64_t length; /* bytes */
	uint8_t sha256[SHA256_SIZE];
	const uint8_t *sha512; /* NULL: none, as in ours */
	bool only512;	       /* sha256 is not said */
	bool first512;	       /* sha512 stands first: files are named by it */
};

struct role_sig {
	const char *keyid;
	const char *sig; /* hex */
};

struct role {
	enum role_kind kind;
	int64_t version;
	int64_t expires_s;
	const char *product, *channel; /* x-sluice; NULL in foreign documents */
	struct bytes file;	       /* as received */
	struct bytes signed_;	       /* canonical form of "signed" */
	const struct role_sig *sigs;
	size_t nsigs;

	/* root */
	bool consistent;
	const struct key *keys;
	size_t nkeys;
	struct role_keys roles[ROLE_KINDS];
	struct minisign_key minisign[ROLE_MINISIGN_MAX]; /* x-sluice.minisign */
	size_t nminisign;

	/* snapshot and timestamp */
	const struct metafile *meta;
	size_t nmeta;

	/* timestamp, x-sluice */
	int64_t signed_at_s; /* 0: not said */
	int cap_bp;	     /* basis points; 0 in low views */
	int64_t pin_seq;     /* 0: none */
	bool urgent;
	bool offline;

	/* targets */
	const struct target *targets; /* sorted by path */
	size_t ntargets;
	const struct delegations *delegations; /* NULL: none; delegation.h */
};

enum {
	ROLE_FOREIGN = 0,
	ROLE_STRICT = 1
};

/*
 * role_read - parse a document of the expected kind.  Nothing is verified but
 * its form.  Everything lives in the arena; file is copied there.
 */
const struct role *role_read(struct arena *a, enum role_kind kind,
    struct bytes file, int mode, struct err *e) MUST_CHECK;

/*
 * role_verify - the threshold of distinct keys that root names for the
 * document's role signed it.  For a root document that follows another, call
 * it with the old root and with the document itself.
 *
 * strict: besides, every signature's key is one that root, or also (may be
 * NULL), names for the role, and every one verifies.
 */
int role_verify(const struct role *doc, const struct role *root,
    const struct role *also, bool strict, struct err *e) MUST_CHECK;

/*
 * role_verify_own - a root by the threshold of its own keys, where the one
 * before is not at hand: strict for the first only.  One that followed another
 * is signed by keys of that one too, which may have left.
 */
int role_verify_own(const struct role *root, struct err *e) MUST_CHECK;

/*
 * role_verify_delegated - the same, not strict, for a targets document by the
 * keys and threshold of one delegation of by.
 */
struct delegation;
int role_verify_delegated(const struct role *doc, const struct role *by,
    const struct delegation *d, struct err *e) MUST_CHECK;

/* role_key - the key of an ID, or NULL. */
const struct key *role_key(const struct role *root, const char *keyid);

/* role_meta / role_target - look up by name; NULL if not listed. */
const struct metafile *role_meta(const struct role *doc, const char *name);
const struct target *role_target(const struct role *doc, const char *path);

/* metafile_check - length and digest of file are what m says. */
int metafile_check(
    const struct metafile *m, struct bytes file, struct err *e) MUST_CHECK;

/*
 * role_path - the name under which a repository with consistent snapshots
 * serves a target: "dir/<sha256>.<name>", or <sha512> where that stands first.
 */
char *role_path(
    struct arena *a, const struct target *t, struct err *e) MUST_CHECK;

/* --- building (the signer and the brake write with these) --- */

/* What every signed object begins with. */
struct role_head {
	const char *product, *channel;
	int64_t version, expires_s;
	json_t *extra; /* more members of x-sluice; NULL: none; borrowed */
};

/*
 * role_build - append the canonical "signed" object of a document: its own
 * members are in signed_, which gets _type, spec_version, version, expires and
 * x-sluice added.
 */
int role_build(json_t *signed_, enum role_kind kind, const struct role_head *h,
    struct buf *out, struct err *e) MUST_CHECK;

/*
 * role_wrap - the file: {"signatures":[...],"signed":...} in canonical form
 * from the canonical signed bytes and signatures (sorted by key ID here).
 */
int role_wrap(struct bytes signed_, const struct role_sig *sigs, size_t n,
    struct buf *out, struct err *e) MUST_CHECK;

/* timestamp_build - the canonical signed bytes of a timestamp (DESIGN: some
 * 600 bytes once wrapped). */
struct timestamp_fields {
	const char *product, *channel;
	int64_t version, expires_s, signed_at_s;
	int cap_bp;
	int64_t pin_seq; /* 0: none */
	bool urgent, offline;
	struct metafile snapshot; /* name is ignored */
};
int timestamp_build(const struct timestamp_fields *t, struct buf *out,
    struct err *e) MUST_CHECK;

#endif
