/*
 * Signed documents for tests: keys from names, so that every run has the same
 * bytes; a root and complete views of a channel.  Change the fields of struct
 * repo, then build: every hostile document is one assignment away from a good
 * one.  Whatever fails here is a broken test and aborts.
 */
#ifndef SLUICE_TESTS_REPO_H
#define SLUICE_TESTS_REPO_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/minisign.h"
#include "manifest/role.h"

#define REPO_NOW_S INT64_C(1780272000) /* 2026-06-01T00:00:00Z */
#define REPO_DAY_S INT64_C(86400)

struct repo_key {
	char id[KEYID_SIZE];
	uint8_t public[32];
	uint8_t secret[64]; /* libsodium's form */
};

#define REPO_KEYS_MAX 8

struct repo_keys {
	struct repo_key key[REPO_KEYS_MAX];
	size_t n;
	int threshold;
};

struct repo {
	struct arena *arena; /* owns every document */
	const char *product, *channel;
	int64_t expires_s[ROLE_KINDS];
	struct repo_keys roles[ROLE_KINDS];   /* what root names */
	struct repo_keys signers[ROLE_KINDS]; /* who signs; n = 0: all these */
	struct repo_keys minisign;	      /* in root's x-sluice */
	struct timestamp_fields timestamp;    /* cap_bp, offline and so on */
};

/*
 * repo_new - root: root-1, root-2, root-3 with threshold 2; targets and
 * snapshot: release-1; timestamp: brake or twin.  All good at REPO_NOW_S.
 */
struct repo *repo_new(const char *product, const char *channel);
void repo_free(struct repo *r);

static inline void
repo_freep(struct repo **r)
{
	repo_free(*r);
}
#define AUTO_REPO CLEANUP(repo_freep) struct repo *

/* repo_key - the key of a name. */
struct repo_key repo_key(const char *name);

/* repo_keys - "a b c" with a threshold. */
struct repo_keys repo_keys(int threshold, const char *names);

/* repo_minisign_key - the same key as minisign would name it. */
struct minisign_key repo_minisign_key(const struct repo_key *k);

struct bytes repo_root(struct repo *r, int64_t version);
struct bytes repo_targets(
    struct repo *r, int64_t version, const struct target *targets, size_t n);
struct bytes repo_snapshot(
    struct repo *r, int64_t version, const struct metafile *meta, size_t n);
struct bytes repo_timestamp(
    struct repo *r, int64_t version, const struct metafile *snapshot);

/* repo_sign - the file around signed bytes. */
struct bytes repo_sign(
    struct repo *r, struct bytes signed_, const struct repo_keys *by);

/* repo_meta / repo_target - what a document says of a file. */
struct metafile repo_meta(const char *name, int64_t version, struct bytes file);
struct target repo_target(const char *path, struct bytes file);

/* One view: a timestamp, a snapshot and targets of the same version. */
struct repo_view {
	struct bytes timestamp, snapshot, targets;
};
struct repo_view repo_view(
    struct repo *r, int64_t version, const struct target *targets, size_t n);

/* A repo and one document of every kind, by enum role_kind; version 1 of root,
 * 70 of the rest, with three targets, an urgent notice and a pin. */
struct repo_set {
	struct repo *repo;
	struct bytes file[ROLE_KINDS];
};
struct repo_set repo_set(void);

/* repo_replaced - the file with the first occurrence of a text replaced. */
struct bytes repo_replaced(
    struct repo *r, struct bytes file, const char *from, const char *to);

/* repo_read - role_read of what must be good. */
const struct role *repo_read(
    struct repo *r, enum role_kind kind, struct bytes file, int mode);

/* repo_minisign - a .minisig file. */
struct bytes repo_minisign(struct repo *r, const struct repo_key *k,
    const char *trusted, struct bytes message);

/* repo_text - a string as bytes. */
struct bytes repo_text(const char *s);

#endif
