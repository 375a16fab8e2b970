/*
 * Whose signatures count, for which channel, and how keys are replaced.
 */
#include "manifest/trust.h"

#include <string.h>

#include "tests/tap.h"
#include "tests/trusting.h"

static void
trust_wants_the_whole_threshold(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct repo_view v;
	struct trust t;
	struct bytes root;
	struct err e;

	r->signers[ROLE_ROOT] = repo_keys(0, "root-3");
	CHECK_INT(trust_start(&t, r->arena, ROLE_STRICT, REPO_NOW_S, "editor",
		      "stable", repo_root(r, 1), &e),
	    -1);
	trusting_says(&e, ERR_AUTH, "1 of 2 signatures");

	/* stable as is usual: two holders */
	r->signers[ROLE_ROOT].n = 0;
	r->roles[ROLE_TARGETS] = repo_keys(2, "release-1 release-2");
	r->roles[ROLE_SNAPSHOT] = repo_keys(2, "release-1 release-2");
	root = repo_root(r, 1);
	t = trusting_start(r, root, ROLE_STRICT);
	v = trusting_view(r, 10);
	CHECK_INT(trusting_follow(&t, &v, &e), 0);

	r->signers[ROLE_SNAPSHOT] = repo_keys(0, "release-2");
	t = trusting_start(r, root, ROLE_STRICT);
	v = trusting_view(r, 10);
	CHECK_INT(trusting_follow(&t, &v, &e), -1);
	trusting_says(&e, ERR_AUTH, "snapshot.json: 1 of 2 signatures");
	r->signers[ROLE_SNAPSHOT].n = 0;

	r->signers[ROLE_TARGETS] = repo_keys(0, "release-1");
	t = trusting_start(r, root, ROLE_STRICT);
	v = trusting_view(r, 10);
	CHECK_INT(trusting_follow(&t, &v, &e), -1);
	trusting_says(&e, ERR_AUTH, "targets.json: 1 of 2 signatures");
}

static void
trust_knows_each_keys_place(void)
{
	static const struct {
		enum role_kind kind;
		const char *by;
	} wrong[] = {
		{ ROLE_TIMESTAMP, "release-1" },
		{ ROLE_TIMESTAMP, "root-1 root-2" },
		{ ROLE_TIMESTAMP, "brake-beta" },
		{ ROLE_SNAPSHOT, "brake" },
		{ ROLE_SNAPSHOT, "release-beta" },
		{ ROLE_TARGETS, "brake twin" },
		{ ROLE_TARGETS, "release-beta" },
		{ ROLE_TARGETS, "root-1 root-2 root-3" },
	};
	struct err e;

	for (size_t i = 0; i < COUNT(wrong); i++) {
		AUTO_REPO r = repo_new("editor", "stable");
		struct repo_view v;
		struct trust t;

		r->signers[wrong[i].kind] = repo_keys(0, wrong[i].by);
		for (int mode = 0; mode < 2; mode++) {
			t = trusting_start(r, repo_root(r, 1), mode);
			v = trusting_view(r, 10);
			CHECK_INT(trusting_follow(&t, &v, &e), -1);
			trusting_says(&e, ERR_AUTH, role_name(wrong[i].kind));
		}
	}
}

/* Signed by the right keys, as happens where one key serves two channels. */
static void
trust_knows_its_channel(void)
{
	static const struct {
		const char *product, *channel, *says;
	} other[] = {
		{ "editor", "beta", "of editor/beta, not of editor/stable" },
		{ "viewer", "stable", "of viewer/stable" },
		{ "stable", "editor", "of stable/editor" },
		{ "editor", "stable2", "of editor/stable2" },
	};
	struct err e;

	for (size_t i = 0; i < COUNT(other); i++) {
		AUTO_REPO r = repo_new(other[i].product, other[i].channel);
		AUTO_REPO ours = repo_new("editor", "stable");
		struct repo_view v = trusting_view(r, 10);
		struct metafile m = repo_meta("snapshot.json", 10, v.snapshot);
		struct trust t;

		CHECK_INT(trust_start(&t, r->arena, ROLE_STRICT, REPO_NOW_S,
			      "editor", "stable", repo_root(r, 1), &e),
		    -1);
		trusting_says(&e, ERR_REFUSED, other[i].says);
		t = trusting_start(ours, repo_root(ours, 1), ROLE_STRICT);
		CHECK_INT(trust_root(&t, repo_root(r, 2), &e), -1);
		trusting_says(&e, ERR_REFUSED, other[i].says);
		CHECK_INT(trust_timestamp(&t, v.timestamp, NULL, &e), -1);
		trusting_says(&e, ERR_REFUSED, other[i].says);
		CHECK_INT(
		    trust_stored(&t, ROLE_TIMESTAMP, v.timestamp, &e), -1);

		/* a timestamp of ours that names another's snapshot */
		CHECK_INT(
		    trust_timestamp(&t, repo_timestamp(ours, 10, &m), NULL, &e),
		    1);
		CHECK_INT(trust_snapshot(&t, v.snapshot, &e), -1);
		trusting_says(&e, ERR_REFUSED, other[i].says);

		/* or a snapshot of ours that names another's targets */
		m = repo_meta("targets.json", 11, v.targets);
		v.snapshot = repo_snapshot(ours, 11, &m, 1);
		m = repo_meta("snapshot.json", 11, v.snapshot);
		v.timestamp = repo_timestamp(ours, 11, &m);
		CHECK_INT(trusting_follow(&t, &v, &e), -1);
		trusting_says(&e, ERR_REFUSED, other[i].says);
	}
}

static void
trust_takes_offline_timestamps_when_allowed(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct trust t = trusting_start(r, repo_root(r, 1), ROLE_STRICT);
	struct repo_view v;
	struct err e;

	r->timestamp.offline = true;
	r->signers[ROLE_TIMESTAMP] = repo_keys(0, "twin");
	v = trusting_view(r, 10);
	CHECK_INT(trusting_follow(&t, &v, &e), -1);
	trusting_says(&e, ERR_REFUSED, "bundle");
	CHECK(t.timestamp == NULL);
	t.allow_offline = true;
	CHECK_INT(trusting_follow(&t, &v, &e), 0);
}

static void
trust_follows_roots_one_by_one(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct trust t;
	struct bytes first = repo_root(r, 1), second, third;
	struct repo_view v;
	struct err e;

	/* from root-1..3 to root-3..5 in two steps; 2 had expired long ago */
	r->roles[ROLE_ROOT] = repo_keys(2, "root-2 root-3 root-4");
	r->signers[ROLE_ROOT] = repo_keys(0, "root-1 root-2 root-4");
	r->expires_s[ROLE_ROOT] = REPO_NOW_S - 100 * REPO_DAY_S;
	second = repo_root(r, 2);
	r->roles[ROLE_ROOT] = repo_keys(3, "root-3 root-4 root-5");
	r->signers[ROLE_ROOT] = repo_keys(0, "root-3 root-4 root-5");
	r->expires_s[ROLE_ROOT] = REPO_NOW_S + REPO_DAY_S;
	third = repo_root(r, 3);
	v = trusting_view(r, 10);

	t = trusting_start(r, first, ROLE_STRICT);
	CHECK_INT(trust_root(&t, second, &e), 0);
	CHECK_INT(trust_roots_done(&t, &e), -1);
	trusting_says(
	    &e, ERR_REFUSED, "root.json: expired 2026-02-21T00:00:00Z");
	CHECK_INT(trusting_follow(&t, &v, &e), -1);
	CHECK_INT(trust_root(&t, third, &e), 0);
	CHECK_INT(trust_roots_done(&t, &e), 0);
	CHECK(!t.keys_changed);
	CHECK_INT(trusting_follow(&t, &v, &e), 0);
	/* from a stored root as well, whose signers are partly forgotten */
	t = trusting_start(r, third, ROLE_STRICT);
	CHECK_INT(trusting_follow(&t, &v, &e), 0);
}

static void
trust_refuses_other_root_versions(void)
{
	static const int64_t wrong[] = { 1, 2, 3, 5, 6, 1000 };
	AUTO_REPO r = repo_new("editor", "stable");
	struct trust t = trusting_start(r, repo_root(r, 3), ROLE_STRICT);
	const struct role *had = t.root;
	struct err e;

	for (size_t i = 0; i < COUNT(wrong); i++) {
		CHECK_INT(trust_root(&t, repo_root(r, wrong[i]), &e), -1);
		trusting_says(&e, ERR_REFUSED, "follows 3");
		CHECK(t.root == had);
	}
	CHECK_INT(trust_root(&t, repo_root(r, 4), &e), 0);
}

static void
trust_wants_roots_signed_by_old_and_new(void)
{
	static const struct {
		const char *by;
		bool ok;
	} cases[] = {
		{ "root-1 root-2 new-1 new-2", true },
		{ "root-1 root-2 root-3 new-1 new-2 new-3", true },
		{ "new-1 new-2 new-3", false },		      /* none old */
		{ "root-1 new-1 new-2 new-3", false },	      /* old short */
		{ "root-1 root-2 root-3", false },	      /* none new */
		{ "root-1 root-2 root-3 new-3", false },      /* new short */
		{ "root-1 root-2 new-1 new-2 brake", false }, /* a stranger */
	};
	struct err e;

	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_REPO r = repo_new("editor", "stable");
		struct trust t =
		    trusting_start(r, repo_root(r, 1), ROLE_STRICT);

		r->roles[ROLE_ROOT] = repo_keys(2, "new-1 new-2 new-3");
		r->signers[ROLE_ROOT] = repo_keys(0, cases[i].by);
		if (!CHECK_INT(trust_root(&t, repo_root(r, 2), &e),
			cases[i].ok ? 0 : -1))
			tap_note("%s", cases[i].by);
		if (!cases[i].ok)
			trusting_says(&e, ERR_AUTH, "root.json");
		CHECK_INT(t.root->version, cases[i].ok ? 2 : 1);
	}
}

static void
trust_bounds_the_number_of_roots(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct trust t = trusting_start(r, repo_root(r, 1), ROLE_STRICT);
	struct err e;

	for (int i = 0; i < TRUST_ROOTS_MAX; i++)
		CHECK_INT(trust_root(&t, repo_root(r, 2 + i), &e), 0);
	CHECK_INT(trust_root(&t, repo_root(r, 2 + TRUST_ROOTS_MAX), &e), -1);
	trusting_says(&e, ERR_LIMIT, "more than 256");
}

/* --- recovery from a stolen key that ran ahead --- */

static void
trust_recovers_from_fast_forward(void)
{
	static const enum role_kind rotated[] = { ROLE_TIMESTAMP,
		ROLE_SNAPSHOT };
	struct err e;

	for (size_t i = 0; i < COUNT(rotated); i++) {
		AUTO_REPO r = repo_new("editor", "stable");
		struct bytes root = repo_root(r, 1), next;
		struct repo_view far = trusting_view(r, ROLE_VERSION_MAX), v;
		struct trust t = trusting_stored(r, root, &far);

		v = trusting_view(r, 11);
		CHECK_INT(trusting_follow(&t, &v, &e), -1);

		r->roles[rotated[i]] = repo_keys(1, "fresh");
		r->signers[rotated[i]].n = 0;
		next = repo_root(r, 2);
		v = trusting_view(r, 11);
		t = trusting_start(r, root, ROLE_STRICT);
		CHECK_INT(trust_root(&t, next, &e), 0);
		CHECK(t.keys_changed);
		CHECK_INT(trust_roots_done(&t, &e), 0);
		CHECK_INT(
		    trust_stored(&t, ROLE_TIMESTAMP, far.timestamp, &e), -1);
		CHECK_INT(
		    trust_stored(&t, ROLE_SNAPSHOT, far.snapshot, &e), -1);
		CHECK_INT(trust_stored(&t, ROLE_TARGETS, far.targets, &e), 0);
		CHECK_INT(trusting_follow(&t, &v, &e), 0);
		CHECK_INT(t.targets->version, 11);
	}
}

static void
trust_sees_when_keys_change(void)
{
	static const struct {
		enum role_kind kind;
		int threshold;
		const char *names;
		bool changed;
	} cases[] = {
		{ ROLE_TIMESTAMP, 1, "brake twin", false },
		{ ROLE_TIMESTAMP, 1, "twin brake", false },
		{ ROLE_TIMESTAMP, 2, "brake twin", true },
		{ ROLE_TIMESTAMP, 1, "brake", true },
		{ ROLE_TIMESTAMP, 1, "brake twin third", true },
		{ ROLE_TIMESTAMP, 1, "brake other", true },
		{ ROLE_SNAPSHOT, 1, "release-2", true },
		{ ROLE_TARGETS, 1, "release-2", false },
		{ ROLE_ROOT, 1, "root-1 root-2 root-4", false },
	};
	struct err e;

	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_REPO r = repo_new("editor", "stable");
		struct trust t =
		    trusting_start(r, repo_root(r, 1), ROLE_STRICT);

		r->roles[cases[i].kind] =
		    repo_keys(cases[i].threshold, cases[i].names);
		r->signers[ROLE_ROOT] = repo_keys(0, "root-1 root-2");
		CHECK_INT(trust_root(&t, repo_root(r, 2), &e), 0);
		if (!CHECK_INT(t.keys_changed, cases[i].changed))
			tap_note("%zu", i);
		/* and it stays so, even if the next one changes back */
		CHECK_INT(trust_root(&t, repo_root(r, 3), &e), 0);
		CHECK_INT(t.keys_changed, cases[i].changed);
	}
}

static const struct tap_test tests[] = {
	TAP(trust_wants_the_whole_threshold),
	TAP(trust_knows_each_keys_place),
	TAP(trust_knows_its_channel),
	TAP(trust_takes_offline_timestamps_when_allowed),
	TAP(trust_follows_roots_one_by_one),
	TAP(trust_refuses_other_root_versions),
	TAP(trust_wants_roots_signed_by_old_and_new),
	TAP(trust_bounds_the_number_of_roots),
	TAP(trust_recovers_from_fast_forward),
	TAP(trust_sees_when_keys_change),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
