/*
 * The channel manifest, schema sluice/1: what a release is, who may have it,
 * what may be gone back from.  A TUF target named manifest.json.
 */
#ifndef SLUICE_MANIFEST_H
#define SLUICE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/buf.h"
#include "manifest/base/digest.h"
#include "manifest/base/err.h"

#define MANIFEST_SCHEMA	       "sluice/1"
#define MANIFEST_TARGET	       "manifest.json"
#define MANIFEST_MAX	       (256 * 1024)
#define MANIFEST_ARTIFACTS_MAX 64
#define MANIFEST_DELTAS_MAX    32 /* per artifact */
#define MANIFEST_STAGES_MAX    32
#define MANIFEST_FROM_MAX      256
#define MANIFEST_REPAIRS_MAX   64
#define MANIFEST_PLATFORMS_MAX 64
#define PRODUCT_MAX	       64 /* product and channel names, bytes */
#define PLATFORM_MAX	       64 /* "os-arch", bytes */
#define SALT_BYTES	       32
#define PLAN_CONTROL_DEFAULT   1000 /* basis points */
/* "<sha256>.<name>.from-<version>.bsdiff40" fits a file name of 255 bytes */
#define ARTIFACT_NAME_MAX 100
#define DELTA_NAME_MAX	  190
#define MANIFEST_INT_MAX  ((INT64_C(1) << 53) - 1) /* exact in JavaScript */
/* Release numbers fit 31 bits, as clients keep them: a thief's highest must be
 * one that they can leave again. */
#define MANIFEST_SEQ_MAX INT64_C(2147483647)

enum manifest_kind {
	MANIFEST_RELEASE,
	MANIFEST_HALT,
	MANIFEST_ROLLBACK
};
const char *manifest_kind_name(enum manifest_kind k);

struct stage {
	int percent_bp;
	int64_t not_before_s;	/* 0: none */
	int64_t min_duration_s; /* before the next stage may start */
};

struct rollout {
	const char *salt; /* 64 hex digits when made by the signer */
	int control_bp;
	const struct stage *plan;
	size_t nplan; /* >= 1 */
};

struct delta_entry {
	int64_t from_seq;
	const char *from_version;
	uint8_t from_sha256[SHA256_SIZE];
	const char *format; /* "bsdiff40", "sluice-delta/1" */
	const char *path;   /* TUF target */
	int64_t size;
	uint8_t sha256[SHA256_SIZE];
	int64_t max_memory; /* bytes that applying needs at most */
};

struct artifact {
	const char *os, *arch, *name;
	const char *path; /* TUF target: <version>/<os>-<arch>/<name> */
	int64_t size;
	uint8_t sha256[SHA256_SIZE];
	const char *minisign; /* base64 of the .minisig file; NULL: none */
	const char *ed25519;  /* base64 of the raw signature; NULL: none */
	const struct delta_entry *deltas;
	size_t ndeltas;
};

struct rollback_from {
	int64_t seq;
	const char **platforms; /* "os-arch"; n = 0: all */
	size_t nplatforms;
};

struct rollback {
	const struct rollback_from *from;
	size_t nfrom;
	int64_t to_seq;
	const char *reason; /* may be "" */
	int64_t not_after_s;
};

struct manifest {
	const char *product, *channel;
	int64_t seq;	     /* 0: no release (version NULL, no artifacts) */
	const char *version; /* NULL when seq is 0 */
	int64_t created_s;
	int64_t not_before_s; /* 0: none */
	int64_t expires_s;
	enum manifest_kind kind;
	int64_t floor_seq;
	/* release */
	const char *notes_url; /* NULL: none */
	bool critical, security;
	const char *minimum_os;	       /* NULL: none */
	const int64_t *repairs;	       /* seq */
	const char **repairs_versions; /* of the same length; NULL: not said */
	size_t nrepairs;

	bool offer; /* has a rollout: only the offer rung */
	struct rollout rollout;
	bool permission; /* has rollback: may go back */
	struct rollback rollback;
	const struct artifact *artifacts;
	size_t nartifacts;
};

/*
 * manifest_read - parse and check the rules that a manifest obeys by itself
 * (bounds, floor_seq <= seq, paths below the version, no platform twice, kind
 * and parts agree).  strict: the bytes are what manifest_emit would write and
 * no key is unknown (the signer and intake); else unknown keys and delta
 * formats are let pass (clients).
 */
const struct manifest *manifest_read(
    struct arena *a, struct bytes file, bool strict, struct err *e) MUST_CHECK;

/* manifest_write - append the canonical bytes.  Checks what manifest_read
 * checks by reading its own output. */
int manifest_write(
    const struct manifest *m, struct buf *out, struct err *e) MUST_CHECK;

/* manifest_emit - append the canonical bytes, unchecked. */
int manifest_emit(
    const struct manifest *m, struct buf *out, struct err *e) MUST_CHECK;

/* manifest_rules - the rules of one manifest by itself, as manifest_read
 * checks them.  strict: delta formats are known ones. */
int manifest_rules(
    const struct manifest *m, bool strict, struct err *e) MUST_CHECK;

/* manifest_artifact - of exactly this platform; NULL if there is none. */
const struct artifact *manifest_artifact(
    const struct manifest *m, const char *os, const char *arch);

/* manifest_start - what stages count from: not_before, or created. */
int64_t manifest_start(const struct manifest *m);

/* manifest_envelope - cohort_envelope of its plan; 10000 without a rollout. */
int manifest_envelope(const struct manifest *m, int64_t now_s, int64_t *next_s);

/*
 * manifest_may_go_back - 0 if rollback names the installed seq on this
 * platform, is not past not_after and leads to the manifest's own release, not
 * below floor_seq; else ERR_REFUSED with the reason.
 */
int manifest_may_go_back(const struct manifest *m, int64_t installed_seq,
    const char *os, const char *arch, int64_t floor_seq, int64_t now_s,
    struct err *e) MUST_CHECK;

#endif
