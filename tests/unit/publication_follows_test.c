/*
 * What a publication names, and the rules between one and the next.  Each
 * hostile one is a good one with one edit.
 */
#include "manifest/publication.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/text.h"
#include "manifest/cohort.h"
#include "tests/ladder_fixture.h"
#include "tests/tap.h"

#define ARENA_MAX (64 << 20)

struct pair {
	struct ladder_fixture *old, *new;
	struct publication_base base;
	const struct publication *previous;
};

static void
pair_done(struct pair *p)
{
	ladder_fixture_free(p->old);
	ladder_fixture_free(p->new);
}
#define AUTO_PAIR CLEANUP(pair_done) struct pair

/* Release 9 over 8, 7, 6 is published; then this one. */
static struct pair
pair_new(bool old_is_good, int64_t seq)
{
	struct pair p = { .old = ladder_fixture_new("editor", "stable", 9, 3),
		.new = ladder_fixture_new("editor", "stable", seq, 3) };

	p.previous = ladder_fixture_good(p.old);
	p.base = ladder_fixture_base(p.previous, old_is_good);
	if (!old_is_good && seq > 9) {
		p.new->ladder.fallback_seq = 8;
		memcpy(p.new->ladder.good_seq, p.old->ladder.good_seq,
		    sizeof(p.old->ladder.good_seq));
	}
	if (seq == 9)
		p.new->ladder.m++;
	return p;
}

/* Build the new one and hold it against the old: NULL as why means fine. */
static void
follows(struct pair *p, enum err_kind kind, const char *why)
{
	const struct publication *new = ladder_fixture_good(p->new);
	struct err e = { .msg = "" };
	int rc = publication_follows(new, p->previous, &p->base, &e);

	if (!CHECK(rc == (why == NULL ? 0 : -1)))
		tap_note("%s", e.msg);
	else if (why != NULL && !CHECK(strstr(e.msg, why) != NULL))
		tap_note("\"%s\" does not say \"%s\"", e.msg, why);
	if (rc < 0)
		CHECK_INT(e.kind, kind);
}

static void
the_next_release_falls_back_to_the_newest_good_one(void)
{
	AUTO_PAIR p = pair_new(true, 10);
	AUTO_PAIR q = pair_new(false, 10);

	follows(&p, ERR_NONE, NULL);
	follows(&q, ERR_NONE, NULL);
	/* the wrong way round: 9 never reached everybody, or it did */
	q.base = p.base;
	follows(&q, ERR_REFUSED, "the fallback is release 8");
	p.base = ladder_fixture_base(p.previous, false);
	follows(&p, ERR_REFUSED, "the fallback is release 9");
}

static void
the_first_publication_has_no_fallback(void)
{
	AUTO_LADDER_FIXTURE f = ladder_fixture_new("editor", "stable", 1, 0);
	AUTO_LADDER_FIXTURE g = ladder_fixture_new("editor", "stable", 2, 1);
	struct publication_base none = { 0 };
	struct err e;

	CHECK(
	    publication_follows(ladder_fixture_good(f), NULL, &none, &e) == 0);
	CHECK(publication_follows(ladder_fixture_good(g), NULL, &none, &e) < 0);
	CHECK_INT(e.kind, ERR_REFUSED);
	/* the repair of a first release that never got so far */
	g->ladder.ngood = 0;
	g->ladder.fallback_seq = 0;
	g->deltas = false;
	none = ladder_fixture_base(ladder_fixture_good(f), false);
	CHECK(publication_follows(ladder_fixture_good(g),
		  ladder_fixture_good(f), &none, &e) == 0);
}

static void
what_is_lower_is_refused(void)
{
	AUTO_PAIR p = pair_new(true, 10);

	p.new->ladder.m = p.old->ladder.m;
	follows(&p, ERR_CONFLICT, "m 900");
	p.new->ladder.m = 2000;
	p.base.seq = 11;
	follows(&p, ERR_CONFLICT, "release 10 is not above 11");
	p.base.seq = 9;
	p.base.version = "1.10.0";
	follows(&p, ERR_CONFLICT, "version 1.10.0 is published already");
	p.base.version = "1.9.0";
	p.old->repo->product = "browser";
	p.previous = ladder_fixture_good(p.old);
	follows(&p, ERR_REFUSED, "belongs to editor/stable");
}

/* A thief has used a number that nothing honest can be above. */
static void
numbers_begin_anew_with_other_keys(void)
{
	AUTO_PAIR p = pair_new(true, 10);

	p.base.seq = 11;
	p.new->repo->roles[ROLE_TARGETS] = repo_keys(1, "release-1 release-2");
	follows(&p, ERR_CONFLICT, "release 10 is not above 11");
	p.new->repo->roles[ROLE_TARGETS] = repo_keys(1, "release-2");
	follows(&p, ERR_NONE, NULL);
	p.base.withdrawn_seq[0] = 10;
	p.base.nwithdrawn = 1;
	follows(&p, ERR_CONFLICT, "release 10 is not above 11");
}

static void
the_floor_is_not_lowered(void)
{
	AUTO_PAIR p = pair_new(true, 10);

	p.old->floor_seq = 6;
	p.previous = ladder_fixture_good(p.old);
	follows(&p, ERR_REFUSED, "lowers the floor from release 6 to 0");
	p.new->floor_seq = 6;
	follows(&p, ERR_NONE, NULL);
	p.new->floor_seq = 5;
	p.new->repo->roles[ROLE_TARGETS] = repo_keys(1, "release-1 release-2");
	follows(&p, ERR_REFUSED, "lowers the floor");
	p.new->repo->roles[ROLE_TARGETS] = repo_keys(1, "release-2");
	follows(&p, ERR_NONE, NULL);
}

static void
rollbacks_lead_to_good_releases(void)
{
	AUTO_PAIR p = pair_new(true, 10);

	p.new->ladder.good_seq[2] = 5;
	follows(&p, ERR_REFUSED, "release 5, which is no good release");
	p.new->ladder.good_seq[2] = 6; /* without 7: fine */
	p.new->ladder.good_seq[1] = 8;
	follows(&p, ERR_NONE, NULL);
	p.new->ladder.ngood = 1;
	follows(&p, ERR_NONE, NULL);
}

static void
a_pinned_release_stays_among_the_good(void)
{
	AUTO_PAIR p = pair_new(true, 10);

	p.base.pin_seq[p.base.npins++] = 6;
	follows(&p, ERR_REFUSED, "no rollback to the pinned release 6");
	p.new->ladder.good_seq[2] = 6;
	follows(&p, ERR_NONE, NULL);
	/* nothing goes back past a security release */
	p.new->ladder.ngood = 0;
	p.new->security = true;
	follows(&p, ERR_NONE, NULL);
	p.new->security = false;
	follows(&p, ERR_REFUSED, "pinned");
	p.new->floor_seq = 7;
	follows(&p, ERR_NONE, NULL);
	/* a pin on what was never good binds nobody */
	p.new->floor_seq = 0;
	p.base.pin_seq[0] = 3;
	follows(&p, ERR_NONE, NULL);
}

static void
forget_edit(struct ladder_fixture *f, int index, struct manifest *m)
{
	if (index % 4 == f->edit_index && m->kind != MANIFEST_ROLLBACK)
		m->permission = false;
}

static void
a_withdrawn_release_is_let_go_by_hold_and_halt(void)
{
	AUTO_PAIR p = pair_new(false, 10);

	p.base.withdrawn_seq[p.base.nwithdrawn++] = 9;
	follows(&p, ERR_REFUSED,
	    "hold forgets the permission to go back from the withdrawn "
	    "release 9");
	p.new->withdrawn_seq[p.new->nwithdrawn++] = 9;
	follows(&p, ERR_NONE, NULL);
	p.new->ladder.ngood = 2; /* blocks of 4 rungs */
	p.new->edit = forget_edit;
	p.new->edit_index = 0;
	follows(&p, ERR_REFUSED, "hold forgets");
	p.new->edit_index = 2;
	follows(&p, ERR_REFUSED, "halt forgets");
	/* until the fallback is newer */
	p.new->edit = NULL;
	p.new->nwithdrawn = 0;
	p.base.withdrawn_seq[0] = 7;
	follows(&p, ERR_NONE, NULL);
}

static void
content_edit(struct ladder_fixture *f, int index, struct manifest *m)
{
	struct artifact *a;
	struct err e;

	if (m->seq != f->edit_index)
		return;
	a = arena_array(f->repo->arena, m->nartifacts, sizeof(*a), &e);
	memcpy(a, m->artifacts, m->nartifacts * sizeof(*a));
	a[1].sha256[0] ^= 1;
	m->artifacts = a;
	(void)index;
}

static void
a_published_release_keeps_its_files(void)
{
	AUTO_PAIR p = pair_new(true, 10);

	p.new->deltas = false;
	p.new->edit = content_edit;
	p.new->edit_index = 8;
	follows(&p, ERR_REFUSED,
	    "release 8 no longer has the artifact of "
	    "windows-x86_64");
	p.new->edit = NULL;
	p.new->platforms = 1;
	follows(&p, ERR_REFUSED, "no longer has");
	p.new->platforms = 3;
	follows(&p, ERR_NONE, NULL);
}

static void
a_renewal_keeps_what_clients_count_with(void)
{
	AUTO_PAIR p = pair_new(false, 9);

	p.new->expires_s += 30 * REPO_DAY_S;
	follows(&p, ERR_NONE, NULL);
	/* exempt from the fallback rule: 9 has reached everybody since */
	p.base = ladder_fixture_base(p.previous, true);
	follows(&p, ERR_NONE, NULL);
	p.new->platforms = 3;
	follows(&p, ERR_NONE, NULL);
	p.new->platforms = 1;
	follows(&p, ERR_REFUSED, "no longer has");
	p.new->platforms = 2;
	p.new->rollout.salt = "10112233445566778899aabbccddeeff"
			      "00112233445566778899aabbccddeeff";
	follows(&p, ERR_REFUSED, "another salt");
	p.new->rollout.salt = p.old->rollout.salt;
	p.new->rollout.control_bp++;
	follows(&p, ERR_REFUSED, "control");
	p.new->rollout.control_bp--;
	p.new->plan[1].percent_bp++;
	follows(&p, ERR_REFUSED, "plan");
	p.new->plan[1].percent_bp--;
	p.new->rollout.nplan--;
	follows(&p, ERR_REFUSED, "plan");
	p.new->rollout.nplan++;
	p.new->created_s++;
	follows(&p, ERR_REFUSED, "created");
	p.new->created_s--;
	p.new->not_before_s = p.new->created_s + 60;
	follows(&p, ERR_REFUSED, "not_before");
}

static void
a_renewal_keeps_its_ladder(void)
{
	AUTO_PAIR p = pair_new(true, 9);

	p.new->ladder.ngood = 2;
	follows(&p, ERR_REFUSED, "without the rollback to release 6");
	p.new->ladder.ngood = 3;
	p.new->ladder.fallback_seq = p.new->ladder.good_seq[0] = 7;
	p.new->ladder.good_seq[1] = 6;
	p.new->ladder.ngood = 2;
	follows(&p, ERR_REFUSED, "fallback 7 instead of 8");
	/* one block only: positions carry over to block 1 */
	p.new->ladder = p.old->ladder;
	p.new->ladder.m++;
	p.new->ladder.nblocks = 1;
	follows(&p, ERR_NONE, NULL);
	p.previous = NULL;
	follows(&p, ERR_REFUSED, "not at hand");
}

/* Rolled back, mended by nothing, lifted: its own halts move nobody. */
static void
a_renewal_need_not_let_go_of_its_own_release(void)
{
	AUTO_PAIR p = pair_new(false, 9);

	p.base.withdrawn_seq[p.base.nwithdrawn++] = 9;
	follows(&p, ERR_NONE, NULL);
}

static void
m_is_the_greatest_of_the_snapshots(void)
{
	static const char *const paths[] = { "1.root.json", "64.snapshot.json",
		"99.snapshot.json", "640.targets.json", "0640.snapshot.json",
		"x640.snapshot.json", "640.snapshot.json.bak",
		"99999999999999999999.snapshot.json", "-640.snapshot.json",
		"2147483648.snapshot.json", ".snapshot.json" };

	CHECK_INT(publication_m(paths, COUNT(paths)), 3);
	CHECK_INT(publication_m(paths, 1), 0);
	CHECK_INT(publication_m(NULL, 0), 0);
}

static const struct publication_file *
named(const struct publication_file *files, size_t n, const char *end)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(files[i].path);

		if (len >= strlen(end) &&
		    strcmp(files[i].path + len - strlen(end), end) == 0)
			return &files[i];
	}
	return NULL;
}

static void
files_are_all_that_the_rungs_name(void)
{
	AUTO_LADDER_FIXTURE f = ladder_fixture_new("editor", "stable", 9, 3);
	const struct publication_file *files, *one;
	struct err e;
	size_t n;

	f->attachment = true;
	CHECK(publication_files(
		  ladder_fixture_good(f), f->repo->arena, &files, &n, &e) == 0);
	/* 42 metadata, 6 manifests, 4 releases of 2, a delta, a SBOM */
	CHECK_INT(n, 42 + 6 + 8 + 1 + 1);
	for (size_t i = 0; i < n; i++) {
		struct ladder_fixture_file *file =
		    ladder_fixture_find(f, files[i].path);
		uint8_t sha[SHA256_SIZE];

		if (!CHECK(file != NULL))
			continue;
		CHECK(i == 0 || strcmp(files[i - 1].path, files[i].path) < 0);
		CHECK_INT(files[i].size, file->data.len);
		sha256(sha, file->data.at, file->data.len);
		CHECK_BYTES(files[i].sha256, sha, SHA256_SIZE);
		CHECK(files[i].document ==
		    (strstr(files[i].path, ".json") != NULL &&
			strstr(files[i].path, "/attach/") == NULL));
	}
	one = named(files, n, "sbom.json");
	CHECK(one != NULL && one->rungs == 0x10842); /* the offers */
	one = named(files, n, "bsdiff40");
	CHECK(one != NULL && one->rungs == 0x10842);
	one = named(files, n,
	    ladder_fixture_find(f, ladder_fixture_rung_path(f, 20, "targets"))
		->path);
	CHECK(one != NULL && one->rungs == 1 << 20);
}
static const struct tap_test tests[] = {
	TAP(m_is_the_greatest_of_the_snapshots),
	TAP(files_are_all_that_the_rungs_name),
	TAP(the_next_release_falls_back_to_the_newest_good_one),
	TAP(the_first_publication_has_no_fallback),
	TAP(what_is_lower_is_refused),
	TAP(numbers_begin_anew_with_other_keys),
	TAP(the_floor_is_not_lowered),
	TAP(rollbacks_lead_to_good_releases),
	TAP(a_pinned_release_stays_among_the_good),
	TAP(a_withdrawn_release_is_let_go_by_hold_and_halt),
	TAP(a_published_release_keeps_its_files),
	TAP(a_renewal_keeps_what_clients_count_with),
	TAP(a_renewal_keeps_its_ladder),
	TAP(a_renewal_need_not_let_go_of_its_own_release),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
