/*
 * Whole publications in memory for tests: hold and blocks of manifests,
 * targets and snapshots, signed by a struct repo.  Change the fields, build,
 * load: a hostile publication is one assignment or one edit away from a good
 * one.  Deltas here are files that no delta program would take.
 */
#ifndef SLUICE_TESTS_LADDER_FIXTURE_H
#define SLUICE_TESTS_LADDER_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest/publication.h"
#include "tests/repo.h"

#define LADDER_FIXTURE_FILES_MAX   1024
#define LADDER_FIXTURE_TARGETS_MAX 64

struct ladder_fixture_file {
	const char *path;
	struct bytes data;
};

struct ladder_fixture {
	struct repo *repo; /* owned; its arena holds everything */
	struct ladder ladder;
	int64_t created_s, not_before_s, expires_s;
	int64_t floor_seq; /* wanted; each manifest gets at most its own seq */
	struct rollout rollout;
	struct stage plan[MANIFEST_STAGES_MAX];
	bool security;	 /* of the offer */
	bool deltas;	 /* from the fallback to the offer, on linux */
	bool attachment; /* of the offer */
	int platforms;	 /* 1..3: linux, windows, darwin */
	int64_t withdrawn_seq[LADDER_MAX]; /* hold and halt permit leaving */
	int nwithdrawn;

	/* The last word on rung index, before its manifest is written and
	 * before its targets are signed; NULL: none. */
	void (*edit)(struct ladder_fixture *f, int index, struct manifest *m);
	void (*edit_targets)(struct ladder_fixture *f, int index,
	    struct target *targets, size_t *n);
	int edit_index; /* for the edits to compare with */

	/* built */
	const struct role *root;
	struct ladder_fixture_file files[LADDER_FIXTURE_FILES_MAX];
	size_t nfiles;
	struct publication_source source;
};

/*
 * ladder_fixture_new - release seq on offer over ngood good ones just below
 * (0: the first publication), four blocks (fewer where they do not fit), m =
 * 100 seq; created at REPO_NOW_S with a plan of 10 %, 50 % and 100 %, a day
 * each.  Not built yet.
 */
struct ladder_fixture *ladder_fixture_new(
    const char *product, const char *channel, int64_t seq, int ngood);
void ladder_fixture_free(struct ladder_fixture *f);

static inline void
ladder_fixture_freep(struct ladder_fixture **f)
{
	ladder_fixture_free(*f);
}
#define AUTO_LADDER_FIXTURE \
	CLEANUP(ladder_fixture_freep) struct ladder_fixture *

/* ladder_fixture_version - "1.<seq>.0". */
const char *ladder_fixture_version(struct ladder_fixture *f, int64_t seq);

/* ladder_fixture_manifest - of a rung, before edit. */
struct manifest ladder_fixture_manifest(struct ladder_fixture *f, int index);

/* ladder_fixture_build - all files anew, root included. */
void ladder_fixture_build(struct ladder_fixture *f);

/* Files by path; find gives NULL if there is none, put replaces. */
struct ladder_fixture_file *ladder_fixture_find(
    struct ladder_fixture *f, const char *path);
void ladder_fixture_put(
    struct ladder_fixture *f, const char *path, struct bytes data);
void ladder_fixture_drop(struct ladder_fixture *f, const char *path);

/* ladder_fixture_load - publication_load of what was built. */
const struct publication *ladder_fixture_load(struct ladder_fixture *f,
    struct arena *a, int64_t now_s, struct err *e) MUST_CHECK;

/* ladder_fixture_good - build, and load what must be good at REPO_NOW_S. */
const struct publication *ladder_fixture_good(struct ladder_fixture *f);

/*
 * ladder_fixture_base - the channel's state with p published: everybody got it
 * (good) or nobody yet, so that its fallback stays.
 */
struct publication_base ladder_fixture_base(
    const struct publication *p, bool good);

/* ladder_fixture_rung_path - "V.snapshot.json" and so on, of a rung; good until
 * the next call. */
const char *ladder_fixture_rung_path(
    struct ladder_fixture *f, int index, const char *role);

#endif
