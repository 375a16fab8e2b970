/*
 * Trust over time: the order of steps, expiry, rollback, what is stored.
 */
#include "manifest/trust.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/json.h"
#include "tests/tap.h"
#include "tests/trusting.h"

static void
trust_follows_a_view(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct trust t = trusting_start(r, repo_root(r, 1), ROLE_STRICT);
	struct repo_view v = trusting_view(r, 10);
	struct err e;

	CHECK_INT(trust_timestamp(&t, v.timestamp, NULL, &e), 1);
	CHECK(trust_snapshot_needed(&t));
	CHECK_INT(trust_snapshot(&t, v.snapshot, &e), 1);
	CHECK(!trust_snapshot_needed(&t));
	CHECK(trust_targets_needed(&t));
	CHECK_INT(trust_targets(&t, v.targets, &e), 1);
	CHECK(!trust_targets_needed(&t));
	CHECK(role_target(t.targets, "manifest.json") != NULL);
}

/* What DESIGN promises of rungs: every move up, no move down. */
static void
trust_goes_up_the_ladder_only(void)
{
	enum {
		RUNGS = 8
	};
	AUTO_REPO r = repo_new("editor", "stable");
	struct bytes root = repo_root(r, 1);
	struct repo_view rung[RUNGS];
	struct err e;
	bool behind;

	for (int i = 0; i < RUNGS; i++)
		rung[i] = trusting_view(r, 320 + i);
	for (int from = 0; from < RUNGS; from++) {
		for (int to = 0; to < RUNGS; to++) {
			struct trust t = trusting_stored(r, root, &rung[from]);

			CHECK_INT(trusting_follow(&t, &rung[to], &e),
			    to >= from ? 0 : -1);
			if (to >= from)
				continue;
			CHECK_INT(trust_timestamp(
				      &t, rung[to].timestamp, &behind, &e),
			    -1);
			CHECK(behind);
		}
	}
}

/* --- time --- */

static void
trust_refuses_what_has_expired(void)
{
	static const char *const text[ROLE_KINDS] = {
		"root.json: expired 2026-06-01T00:00:00Z",
		"timestamp.json: expired 2026-06-01T00:00:00Z",
		"snapshot.json: expired 2026-06-01T00:00:00Z",
		"targets.json: expired 2026-06-01T00:00:00Z",
	};
	struct err e;

	for (int k = 0; k < ROLE_KINDS; k++) {
		AUTO_REPO r = repo_new("editor", "stable");
		struct repo_view v;
		struct trust t;

		/* good for one more second, then not */
		r->expires_s[k] = REPO_NOW_S + 1;
		t = trusting_start(r, repo_root(r, 1), ROLE_STRICT);
		v = trusting_view(r, 10);
		CHECK_INT(trusting_follow(&t, &v, &e), 0);

		r->expires_s[k] = REPO_NOW_S;
		CHECK_INT(trust_start(&t, r->arena, ROLE_STRICT, REPO_NOW_S,
			      "editor", "stable", repo_root(r, 1), &e),
		    0);
		v = trusting_view(r, 11);
		CHECK(trust_roots_done(&t, &e) < 0 ||
		    trusting_follow(&t, &v, &e) < 0);
		CHECK_TEXT(e.msg, text[k]);
		CHECK_INT(e.kind, ERR_REFUSED);
		CHECK((t.timestamp != NULL) == (k > ROLE_TIMESTAMP));
		CHECK((t.snapshot != NULL) == (k > ROLE_SNAPSHOT));
		CHECK(t.targets == NULL);
	}
}

/* --- rollback --- */

static void
trust_refuses_an_older_timestamp(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct bytes root = repo_root(r, 1);
	struct repo_view v10 = trusting_view(r, 10), v11 = trusting_view(r, 11);
	struct metafile m10 = repo_meta("snapshot.json", 10, v10.snapshot);
	struct trust t = trusting_stored(r, root, &v11);
	const struct role *had = t.timestamp;
	bool behind = false;
	struct err e;

	CHECK_INT(trust_timestamp(&t, v10.timestamp, &behind, &e), -1);
	CHECK(behind);
	trusting_says(&e, ERR_REFUSED, "version 10 is below 11");
	/* a newer round with a lower rung */
	CHECK_INT(
	    trust_timestamp(&t, repo_timestamp(r, 12, &m10), &behind, &e), -1);
	CHECK(behind);
	trusting_says(&e, ERR_REFUSED, "names snapshot 10, below 11");
	CHECK(t.timestamp == had);
	/* forged: behind is never said of what was not signed */
	v10.timestamp = repo_sign(r, repo_text("{}"), &r->roles[ROLE_ROOT]);
	CHECK_INT(trust_timestamp(&t, v10.timestamp, &behind, &e), -1);
	CHECK(!behind);
	r->signers[ROLE_TIMESTAMP] = repo_keys(0, "release-1");
	CHECK_INT(
	    trust_timestamp(&t, repo_timestamp(r, 9, &m10), &behind, &e), -1);
	CHECK(!behind);
	CHECK_INT(trust_timestamp(&t, v11.timestamp, &behind, &e), 0);
}

/* An old answer that has expired is a freeze, not a source that lags. */
static void
trust_refuses_an_older_timestamp_that_has_expired(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct bytes root = repo_root(r, 1);
	struct repo_view v11 = trusting_view(r, 11), v10;
	struct trust t = trusting_stored(r, root, &v11);
	bool behind = true;
	struct err e;

	r->expires_s[ROLE_TIMESTAMP] = REPO_NOW_S - 5;
	v10 = trusting_view(r, 10);
	CHECK_INT(trust_timestamp(&t, v10.timestamp, &behind, &e), -1);
	CHECK(!behind);
	trusting_says(&e, ERR_REFUSED, "expired");
}

/* What has expired still says what was seen. */
static void
trust_remembers_expired_documents(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct bytes root = repo_root(r, 1);
	struct repo_view v10 = trusting_view(r, 10), v12 = trusting_view(r, 12),
			 v11;
	struct trust t;
	struct err e;

	r->expires_s[ROLE_TIMESTAMP] = REPO_NOW_S - 5;
	r->expires_s[ROLE_SNAPSHOT] = REPO_NOW_S - 5;
	r->expires_s[ROLE_TARGETS] = REPO_NOW_S - 5;
	v11 = trusting_view(r, 11);
	t = trusting_stored(r, root, &v11);
	CHECK_INT(trusting_follow(&t, &v10, &e), -1);
	trusting_says(&e, ERR_REFUSED, "below 11");
	CHECK_INT(trusting_follow(&t, &v11, &e), -1);
	trusting_says(&e, ERR_REFUSED, "timestamp.json: expired");
	CHECK_INT(trusting_follow(&t, &v12, &e), 0);
}

static void
trust_keeps_an_equal_timestamp(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct bytes root = repo_root(r, 1), twin;
	struct repo_view v = trusting_view(r, 10);
	struct metafile m = repo_meta("snapshot.json", 10, v.snapshot);
	struct trust t = trusting_stored(r, root, &v);
	const struct role *had = t.timestamp;
	struct err e;

	r->timestamp.cap_bp = 10000;
	twin = repo_timestamp(r, 10, &m);
	CHECK_INT(trust_timestamp(&t, twin, NULL, &e), 0);
	CHECK(t.timestamp == had);
	CHECK_INT(t.timestamp->cap_bp, 2500);
	CHECK(!trust_snapshot_needed(&t));
	CHECK(!trust_targets_needed(&t));
	/* ours has expired: that of the same number does not help */
	t = trusting_stored(r, root, &v);
	t.now_s = t.timestamp->expires_s;
	r->expires_s[ROLE_TIMESTAMP] += REPO_DAY_S;
	twin = repo_timestamp(r, 10, &m);
	CHECK_INT(trust_timestamp(&t, twin, NULL, &e), -1);
	trusting_says(&e, ERR_REFUSED, "expired");
}

static void
trust_refuses_mix_and_match(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct bytes root = repo_root(r, 1);
	struct repo_view v10 = trusting_view(r, 10), v11 = trusting_view(r, 11),
			 mixed;
	struct metafile m;
	struct trust t;
	struct err e;

	mixed = v11;
	mixed.snapshot = v10.snapshot;
	t = trusting_start(r, root, ROLE_STRICT);
	CHECK_INT(trusting_follow(&t, &mixed, &e), -1);
	trusting_says(&e, ERR_AUTH, "snapshot.json");
	mixed = v11;
	mixed.targets = v10.targets;
	t = trusting_start(r, root, ROLE_STRICT);
	CHECK_INT(trusting_follow(&t, &mixed, &e), -1);
	trusting_says(&e, ERR_AUTH, "targets.json");

	/* the digest is right, the version is not the named one */
	m = repo_meta("snapshot.json", 12, v11.snapshot);
	mixed.timestamp = repo_timestamp(r, 12, &m);
	t = trusting_start(r, root, ROLE_STRICT);
	CHECK_INT(trust_timestamp(&t, mixed.timestamp, NULL, &e), 1);
	CHECK_INT(trust_snapshot(&t, v11.snapshot, &e), -1);
	trusting_says(
	    &e, ERR_REFUSED, "snapshot.json: version 11, but 12 was named");
	m = repo_meta("targets.json", 12, v11.targets);
	mixed.snapshot = repo_snapshot(r, 12, &m, 1);
	m = repo_meta("snapshot.json", 12, mixed.snapshot);
	mixed.timestamp = repo_timestamp(r, 12, &m);
	mixed.targets = v11.targets;
	t = trusting_start(r, root, ROLE_STRICT);
	CHECK_INT(trusting_follow(&t, &mixed, &e), -1);
	trusting_says(
	    &e, ERR_REFUSED, "targets.json: version 11, but 12 was named");
}

/* A snapshot 11 that lists these files after one that listed two. */
static int
after_two_files(const struct metafile *meta, size_t n, struct err *e)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct bytes root = repo_root(r, 1), x = repo_text("x");
	struct metafile two[2] = { repo_meta("targets.json", 10, x),
		repo_meta("extra.json", 5, x) };
	struct repo_view v10 = trusting_view(r, 10), v11 = v10;
	struct metafile m;
	struct trust t;
	const struct role *had;
	int rc;

	v10.snapshot = repo_snapshot(r, 10, two, 2);
	m = repo_meta("snapshot.json", 10, v10.snapshot);
	v10.timestamp = repo_timestamp(r, 10, &m);
	v11.snapshot = repo_snapshot(r, 11, meta, n);
	m = repo_meta("snapshot.json", 11, v11.snapshot);
	v11.timestamp = repo_timestamp(r, 11, &m);
	t = trusting_stored(r, root, &v10);
	had = t.snapshot;
	CHECK_INT(trust_timestamp(&t, v11.timestamp, NULL, e), 1);
	rc = trust_snapshot(&t, v11.snapshot, e);
	CHECK((t.snapshot == had) == (rc < 0));
	return rc;
}

static void
trust_refuses_a_snapshot_that_takes_back(void)
{
	struct bytes x = repo_text("x");
	struct metafile up[3] = { repo_meta("targets.json", 11, x),
		repo_meta("extra.json", 5, x), repo_meta("new.json", 1, x) };
	struct err e;

	CHECK_INT(after_two_files(up, 3, &e), 1);
	CHECK_INT(after_two_files(up, 2, &e), 1);
	CHECK_INT(after_two_files(up, 1, &e), -1);
	trusting_says(&e, ERR_REFUSED, "snapshot.json: extra.json is gone");
	up[1].version = 4;
	CHECK_INT(after_two_files(up, 3, &e), -1);
	trusting_says(&e, ERR_REFUSED, "extra.json went down from 5 to 4");
	up[1].version = 6;
	up[0].version = 9;
	CHECK_INT(after_two_files(up, 3, &e), -1);
	trusting_says(&e, ERR_REFUSED, "targets.json went down from 10 to 9");
	up[0].version = 10;
	CHECK_INT(after_two_files(up, 3, &e), 1);
}

/* --- stored documents, order --- */

static void
trust_drops_bad_stored_documents(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	AUTO_REPO other = repo_new("editor", "beta");
	struct bytes root = repo_root(r, 1);
	struct repo_view v = trusting_view(r, 10),
			 beta = trusting_view(other, 10);
	struct trust t = trusting_start(r, root, ROLE_STRICT);
	struct err e;

	CHECK_INT(trust_stored(&t, ROLE_ROOT, root, &e), -1);
	CHECK_INT(trust_stored(&t, ROLE_TIMESTAMP, v.snapshot, &e), -1);
	CHECK_INT(trust_stored(&t, ROLE_TIMESTAMP, beta.timestamp, &e), -1);
	CHECK_INT(trust_stored(&t, ROLE_SNAPSHOT, repo_text(""), &e), -1);
	r->signers[ROLE_TARGETS] = repo_keys(0, "brake");
	CHECK_INT(
	    trust_stored(&t, ROLE_TARGETS, repo_targets(r, 10, NULL, 0), &e),
	    -1);
	CHECK(t.timestamp == NULL && t.snapshot == NULL && t.targets == NULL);
	CHECK_INT(trusting_follow(&t, &v, &e), 0);
	/* nothing may be slipped in afterwards */
	CHECK_INT(trust_stored(&t, ROLE_TIMESTAMP, v.timestamp, &e), -1);
}

static void
trust_fetches_again_what_has_expired(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct bytes root = repo_root(r, 1);
	struct repo_view v = trusting_view(r, 10);
	struct trust t;
	struct err e;

	for (int k = ROLE_SNAPSHOT; k <= ROLE_TARGETS; k++) {
		r->expires_s[ROLE_SNAPSHOT] = REPO_NOW_S + 90 * REPO_DAY_S;
		r->expires_s[k] = REPO_NOW_S - 1;
		v = trusting_view(r, 10);
		t = trusting_stored(r, root, &v);
		CHECK_INT(trusting_follow(&t, &v, &e), -1);
		trusting_says(&e, ERR_REFUSED, "expired");
	}
}

/* A version says which file; only the digest says that it is this one. */
static void
trust_fetches_again_what_is_not_the_named_file(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct bytes root = repo_root(r, 1);
	struct repo_view had = trusting_view(r, 10), now;
	struct trust t;
	struct err e;

	r->expires_s[ROLE_SNAPSHOT] += REPO_DAY_S;
	r->expires_s[ROLE_TARGETS] += REPO_DAY_S;
	now = trusting_view(r, 10);
	had.timestamp = now.timestamp;
	t = trusting_stored(r, root, &had);
	CHECK_INT(trust_timestamp(&t, now.timestamp, NULL, &e), 0);
	CHECK(trust_snapshot_needed(&t));
	CHECK_INT(trust_snapshot(&t, now.snapshot, &e), 1);
	CHECK(trust_targets_needed(&t));
	CHECK_INT(trust_targets(&t, now.targets, &e), 1);
}

static void
trust_keeps_to_the_order(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct bytes root = repo_root(r, 1);
	struct repo_view v = trusting_view(r, 10), v11 = trusting_view(r, 11);
	struct trust t;
	struct err e;

	CHECK_INT(trust_start(&t, r->arena, ROLE_STRICT, REPO_NOW_S, "editor",
		      "stable", root, &e),
	    0);
	CHECK_INT(trust_timestamp(&t, v.timestamp, NULL, &e), -1);
	trusting_says(&e, ERR_REFUSED, "depends");
	CHECK_INT(trust_roots_done(&t, &e), 0);
	CHECK(trust_snapshot_needed(&t));
	CHECK(trust_targets_needed(&t));
	CHECK_INT(trust_snapshot(&t, v.snapshot, &e), -1);
	CHECK_INT(trust_targets(&t, v.targets, &e), -1);

	/* a stored timestamp is no word of today */
	t = trusting_stored(r, root, &v);
	CHECK(trust_snapshot_needed(&t));
	CHECK_INT(trust_snapshot(&t, v.snapshot, &e), -1);
	CHECK_INT(trust_targets(&t, v.targets, &e), -1);
	/* nor a stored snapshot that of a newer timestamp */
	CHECK_INT(trust_timestamp(&t, v11.timestamp, NULL, &e), 1);
	CHECK(trust_targets_needed(&t));
	CHECK_INT(trust_targets(&t, v.targets, &e), -1);
	trusting_says(&e, ERR_REFUSED, "depends");
	/* a new root starts over */
	CHECK_INT(trust_root(&t, repo_root(r, 2), &e), 0);
	CHECK(t.timestamp == NULL && !t.current && !t.roots_done);
}

static void
trust_strict_needs_a_name(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct trust t;
	struct err e;

	CHECK_INT(trust_start(&t, r->arena, ROLE_STRICT, REPO_NOW_S, NULL,
		      "stable", repo_root(r, 1), &e),
	    -1);
}

/* --- other TUF repositories --- */

static struct bytes
indented(struct repo *r, struct bytes file)
{
	struct err e;
	AUTO_JSON v = json_read(file, ROLE_TARGETS_MAX, &e);
	char *text = json_dumps(v, JSON_INDENT(1));
	struct bytes out = { .len = strlen(text) };

	out.at = arena_bytes(r->arena, text, out.len, &e);
	free(text);
	return out;
}

static void
trust_follows_foreign_repositories(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct trust t;
	struct repo_view v = trusting_view(r, 10);
	struct metafile m;
	struct err e;

	v.targets = indented(r, v.targets);
	m = repo_meta("targets.json", 10, v.targets);
	v.snapshot = indented(r, repo_snapshot(r, 10, &m, 1));
	m = repo_meta("snapshot.json", 10, v.snapshot);
	v.timestamp = indented(r, repo_timestamp(r, 10, &m));
	CHECK_INT(trust_start(&t, r->arena, ROLE_FOREIGN, REPO_NOW_S, NULL,
		      NULL, indented(r, repo_root(r, 1)), &e),
	    0);
	CHECK_INT(trust_root(&t, indented(r, repo_root(r, 2)), &e), 0);
	CHECK_INT(trust_roots_done(&t, &e), 0);
	CHECK_INT(trusting_follow(&t, &v, &e), 0);
	/* the same for us: not ours */
	t = trusting_start(r, repo_root(r, 1), ROLE_STRICT);
	CHECK_INT(trusting_follow(&t, &v, &e), -1);
	trusting_says(&e, ERR_INPUT, "canonical");
}

static const struct tap_test tests[] = {
	TAP(trust_follows_a_view),
	TAP(trust_goes_up_the_ladder_only),
	TAP(trust_refuses_what_has_expired),
	TAP(trust_refuses_an_older_timestamp),
	TAP(trust_refuses_an_older_timestamp_that_has_expired),
	TAP(trust_remembers_expired_documents),
	TAP(trust_keeps_an_equal_timestamp),
	TAP(trust_refuses_mix_and_match),
	TAP(trust_refuses_a_snapshot_that_takes_back),
	TAP(trust_drops_bad_stored_documents),
	TAP(trust_fetches_again_what_has_expired),
	TAP(trust_fetches_again_what_is_not_the_named_file),
	TAP(trust_keeps_to_the_order),
	TAP(trust_strict_needs_a_name),
	TAP(trust_follows_foreign_repositories),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
