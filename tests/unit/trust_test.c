/*
 * Trust over time: every attack of the TUF specification, step by step, and
 * every changed bit.
 */
#include "manifest/trust.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/buf.h"
#include "manifest/base/json.h"
#include "tests/repo.h"
#include "tests/tap.h"

#define ARENA_MAX (64 * 1024 * 1024)

/* Started from root, roots done. */
static struct trust
start(struct repo *r, struct bytes root, int mode)
{
	struct trust t;
	struct err e;

	if (!CHECK(trust_start(&t, r->arena, mode, REPO_NOW_S, r->product,
		       r->channel, root, &e) == 0) ||
	    !CHECK(trust_roots_done(&t, &e) == 0)) {
		tap_note("%s", e.msg);
		abort();
	}
	return t;
}

/* The three documents as fetched.  0, or -1 at the first refusal. */
static int
follow(struct trust *t, const struct repo_view *v, struct err *e)
{
	if (trust_timestamp(t, v->timestamp, NULL, e) < 0)
		return -1;
	if (trust_snapshot_needed(t) && trust_snapshot(t, v->snapshot, e) < 0)
		return -1;
	if (trust_targets_needed(t) && trust_targets(t, v->targets, e) < 0)
		return -1;
	return 0;
}

/* As another process would begin after the first has stored a view. */
static struct trust
stored(struct repo *r, struct bytes root, const struct repo_view *v)
{
	struct trust t = start(r, root, ROLE_STRICT);
	struct err e;

	CHECK_INT(trust_stored(&t, ROLE_TIMESTAMP, v->timestamp, &e), 0);
	CHECK_INT(trust_stored(&t, ROLE_SNAPSHOT, v->snapshot, &e), 0);
	CHECK_INT(trust_stored(&t, ROLE_TARGETS, v->targets, &e), 0);
	return t;
}

static struct repo_view
view(struct repo *r, int64_t version)
{
	struct target t = repo_target("manifest.json", repo_text("{}"));

	return repo_view(r, version, &t, 1);
}

static void
says(const struct err *e, enum err_kind kind, const char *text)
{
	bool right = CHECK_INT(e->kind, kind);

	if (!CHECK(strstr(e->msg, text) != NULL) || !right)
		tap_note("said \"%s\", not \"%s\"", e->msg, text);
}

static void
trust_follows_a_view(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct trust t = start(r, repo_root(r, 1), ROLE_STRICT);
	struct repo_view v = view(r, 10);
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
		rung[i] = view(r, 320 + i);
	for (int from = 0; from < RUNGS; from++) {
		for (int to = 0; to < RUNGS; to++) {
			struct trust t = stored(r, root, &rung[from]);

			CHECK_INT(
			    follow(&t, &rung[to], &e), to >= from ? 0 : -1);
			if (to >= from)
				continue;
			CHECK_INT(trust_timestamp(
				      &t, rung[to].timestamp, &behind, &e),
			    -1);
			CHECK(behind);
		}
	}
}

/* --- changed bytes --- */

enum {
	STEP_START = ROLE_KINDS
}; /* the first root; ROLE_ROOT: the next */

/*
 * Feed one document to a state where the good one would be accepted.  The
 * state is a copy and its arena is scratch: thousands of these are tried.
 */
static int
feed(const struct trust *base, struct arena *scratch, int step,
    struct bytes file, struct err *e)
{
	struct trust t = *base;
	int rc = -1;

	arena_reset(scratch);
	t.arena = scratch;
	if (step == STEP_START)
		return trust_start(&t, scratch, base->mode, REPO_NOW_S,
		    base->product, base->channel, file, e);
	if (step == ROLE_ROOT)
		rc = trust_root(&t, file, e);
	else if (step == ROLE_TIMESTAMP)
		rc = trust_timestamp(&t, file, NULL, e);
	else if (step == ROLE_SNAPSHOT)
		rc = trust_snapshot(&t, file, e);
	else if (step == ROLE_TARGETS)
		rc = trust_targets(&t, file, e);
	/* what was refused has left no trace */
	if (rc < 0)
		CHECK(t.root == base->root && t.timestamp == base->timestamp &&
		    t.snapshot == base->snapshot &&
		    t.targets == base->targets && t.current == base->current);
	return rc;
}

/* Every document with the state in which it is the next one. */
struct steps {
	struct repo *repo;
	struct trust before[ROLE_KINDS + 1];
	struct bytes file[ROLE_KINDS + 1];
	struct arena *scratch;
};

static struct steps
make_steps(void)
{
	struct steps s = { .repo = repo_new("editor", "stable"),
		.scratch = arena_new(ARENA_MAX) };
	struct repo *r = s.repo;
	struct repo_view v = view(r, 10);
	struct trust t = start(r, repo_root(r, 1), ROLE_STRICT);
	struct err e;

	s.before[STEP_START] = s.before[ROLE_ROOT] = t;
	s.file[STEP_START] = repo_root(r, 1);
	s.before[ROLE_TIMESTAMP] = t;
	s.file[ROLE_TIMESTAMP] = v.timestamp;
	CHECK_INT(trust_timestamp(&t, v.timestamp, NULL, &e), 1);
	s.before[ROLE_SNAPSHOT] = t;
	s.file[ROLE_SNAPSHOT] = v.snapshot;
	CHECK_INT(trust_snapshot(&t, v.snapshot, &e), 1);
	s.before[ROLE_TARGETS] = t;
	s.file[ROLE_TARGETS] = v.targets;
	/* the next root has keys of the old and of the new one */
	r->roles[ROLE_ROOT] = repo_keys(2, "root-1 root-2 root-4");
	r->signers[ROLE_ROOT] = repo_keys(0, "root-1 root-2 root-3 root-4");
	s.file[ROLE_ROOT] = repo_root(r, 2);
	for (int i = 0; i <= STEP_START; i++)
		CHECK(feed(&s.before[i], s.scratch, i, s.file[i], &e) >= 0);
	return s;
}

static void
steps_done(struct steps *s)
{
	arena_free(s->scratch);
	repo_free(s->repo);
}

static void
trust_refuses_every_changed_bit(void)
{
	struct steps s = make_steps();
	struct err e;

	for (int i = 0; i <= STEP_START; i++) {
		size_t len = s.file[i].len, passed = 0;
		uint8_t *copy = malloc(len);

		memcpy(copy, s.file[i].at, len);
		for (size_t bit = 0; bit < 8 * len; bit++) {
			uint8_t mask = (uint8_t)(1u << (bit % 8));

			copy[bit / 8] ^= mask;
			if (feed(&s.before[i], s.scratch, i,
				(struct bytes){ copy, len }, &e) >= 0 &&
			    passed++ == 0)
				tap_note("document %d, bit %zu", i, bit);
			copy[bit / 8] ^= mask;
		}
		CHECK_INT(passed, 0);
		CHECK(memcmp(copy, s.file[i].at, len) == 0);
		free(copy);
	}
	steps_done(&s);
}

/* A document that says the version of a file, not its length and digest. */
static const struct role *
loosened(struct repo *r, const struct role *doc)
{
	struct err e;
	struct role *out = arena_get(r->arena, sizeof *out, &e);
	struct metafile *m = arena_get(r->arena, sizeof *m, &e);

	*out = *doc;
	*m = doc->meta[0];
	m->hashed = false;
	m->length = -1;
	out->meta = m;
	return out;
}

/* Where no digest stands before the signature, signatures alone must do. */
static void
trust_refuses_every_changed_bit_by_signature_alone(void)
{
	struct steps s = make_steps();
	struct err e;

	for (int i = ROLE_SNAPSHOT; i <= ROLE_TARGETS; i++) {
		struct trust t = s.before[i];
		size_t len = s.file[i].len, passed = 0;
		uint8_t *copy = malloc(len);

		t.timestamp = loosened(s.repo, t.timestamp);
		if (i == ROLE_TARGETS)
			t.snapshot = loosened(s.repo, t.snapshot);
		memcpy(copy, s.file[i].at, len);
		CHECK_INT(feed(&t, s.scratch, i, s.file[i], &e), 1);
		for (size_t bit = 0; bit < 8 * len; bit++) {
			uint8_t mask = (uint8_t)(1u << (bit % 8));

			copy[bit / 8] ^= mask;
			passed += feed(&t, s.scratch, i,
				      (struct bytes){ copy, len }, &e) >= 0;
			copy[bit / 8] ^= mask;
		}
		CHECK_INT(passed, 0);
		free(copy);
	}
	steps_done(&s);
}

static void
trust_refuses_every_truncation(void)
{
	struct steps s = make_steps();
	struct err e;

	for (int i = 0; i <= STEP_START; i++) {
		size_t passed = 0;

		for (size_t n = 0; n < s.file[i].len; n++)
			passed +=
			    feed(&s.before[i], s.scratch, i,
				(struct bytes){ s.file[i].at, n }, &e) >= 0;
		CHECK_INT(passed, 0);
	}
	steps_done(&s);
}

static void
trust_refuses_trailing_bytes(void)
{
	static const char *const more[] = { " ", "\n", "}", "0", "{}", "\xff",
		"\r\n" };
	struct steps s = make_steps();
	AUTO_BUF b = { 0 };
	struct err e;

	buf_init(&b, ROLE_TARGETS_MAX);
	for (int i = 0; i <= STEP_START; i++) {
		for (size_t j = 0; j <= COUNT(more); j++) {
			buf_reset(&b);
			buf_add(&b, s.file[i].at, s.file[i].len);
			if (j < COUNT(more))
				buf_text(&b, more[j]);
			else
				buf_byte(&b, 0);
			CHECK_INT(
			    feed(&s.before[i], s.scratch, i, buf_bytes(&b), &e),
			    -1);
		}
	}
	steps_done(&s);
}

static void
trust_refuses_what_is_too_large(void)
{
	struct steps s = make_steps();
	uint8_t *big = malloc(ROLE_TARGETS_MAX + 1);
	struct err e;

	memset(big, ' ', ROLE_TARGETS_MAX + 1);
	for (int i = 0; i <= STEP_START; i++) {
		enum role_kind k =
		    i == STEP_START ? ROLE_ROOT : (enum role_kind)i;

		memcpy(big, s.file[i].at, s.file[i].len);
		CHECK_INT(feed(&s.before[i], s.scratch, i,
			      (struct bytes){ big, role_max(k) + 1 }, &e),
		    -1);
	}
	free(big);
	steps_done(&s);
}

/* --- who signed it, for whom --- */

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
	says(&e, ERR_AUTH, "1 of 2 signatures");

	/* stable as is usual: two holders */
	r->signers[ROLE_ROOT].n = 0;
	r->roles[ROLE_TARGETS] = repo_keys(2, "release-1 release-2");
	r->roles[ROLE_SNAPSHOT] = repo_keys(2, "release-1 release-2");
	root = repo_root(r, 1);
	t = start(r, root, ROLE_STRICT);
	v = view(r, 10);
	CHECK_INT(follow(&t, &v, &e), 0);

	r->signers[ROLE_SNAPSHOT] = repo_keys(0, "release-2");
	t = start(r, root, ROLE_STRICT);
	v = view(r, 10);
	CHECK_INT(follow(&t, &v, &e), -1);
	says(&e, ERR_AUTH, "snapshot.json: 1 of 2 signatures");
	r->signers[ROLE_SNAPSHOT].n = 0;

	r->signers[ROLE_TARGETS] = repo_keys(0, "release-1");
	t = start(r, root, ROLE_STRICT);
	v = view(r, 10);
	CHECK_INT(follow(&t, &v, &e), -1);
	says(&e, ERR_AUTH, "targets.json: 1 of 2 signatures");
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
			t = start(r, repo_root(r, 1), mode);
			v = view(r, 10);
			CHECK_INT(follow(&t, &v, &e), -1);
			says(&e, ERR_AUTH, role_name(wrong[i].kind));
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
		AUTO_REPO r = repo_new("editor", "stable");
		struct steps s = make_steps();
		struct repo_view v;
		struct metafile m;
		struct bytes root;
		struct trust t;

		r->product = other[i].product;
		r->channel = other[i].channel;
		v = view(r, 10);
		root = repo_root(r, 1);
		CHECK_INT(feed(&s.before[STEP_START], s.scratch, STEP_START,
			      root, &e),
		    -1);
		says(&e, ERR_REFUSED, other[i].says);
		CHECK_INT(feed(&s.before[ROLE_ROOT], s.scratch, ROLE_ROOT,
			      repo_root(r, 2), &e),
		    -1);
		says(&e, ERR_REFUSED, other[i].says);
		CHECK_INT(feed(&s.before[ROLE_TIMESTAMP], s.scratch,
			      ROLE_TIMESTAMP, v.timestamp, &e),
		    -1);
		says(&e, ERR_REFUSED, other[i].says);

		/* a timestamp of ours that names another's snapshot */
		m = repo_meta("snapshot.json", 10, v.snapshot);
		t = s.before[ROLE_TIMESTAMP];
		CHECK_INT(trust_timestamp(
			      &t, repo_timestamp(s.repo, 10, &m), NULL, &e),
		    1);
		CHECK_INT(trust_snapshot(&t, v.snapshot, &e), -1);
		says(&e, ERR_REFUSED, other[i].says);
		steps_done(&s);
	}
}

static void
trust_takes_offline_timestamps_when_allowed(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct trust t = start(r, repo_root(r, 1), ROLE_STRICT);
	struct repo_view v;
	struct err e;

	r->timestamp.offline = true;
	r->signers[ROLE_TIMESTAMP] = repo_keys(0, "twin");
	v = view(r, 10);
	CHECK_INT(follow(&t, &v, &e), -1);
	says(&e, ERR_REFUSED, "bundle");
	CHECK(t.timestamp == NULL);
	t.allow_offline = true;
	CHECK_INT(follow(&t, &v, &e), 0);
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
		t = start(r, repo_root(r, 1), ROLE_STRICT);
		v = view(r, 10);
		CHECK_INT(follow(&t, &v, &e), 0);

		r->expires_s[k] = REPO_NOW_S;
		CHECK_INT(trust_start(&t, r->arena, ROLE_STRICT, REPO_NOW_S,
			      "editor", "stable", repo_root(r, 1), &e),
		    0);
		v = view(r, 11);
		CHECK(trust_roots_done(&t, &e) < 0 || follow(&t, &v, &e) < 0);
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
	struct repo_view v10 = view(r, 10), v11 = view(r, 11);
	struct metafile m10 = repo_meta("snapshot.json", 10, v10.snapshot);
	struct trust t = stored(r, root, &v11);
	const struct role *had = t.timestamp;
	bool behind = false;
	struct err e;

	CHECK_INT(trust_timestamp(&t, v10.timestamp, &behind, &e), -1);
	CHECK(behind);
	says(&e, ERR_REFUSED, "version 10 is below 11");
	/* a newer round with a lower rung */
	CHECK_INT(
	    trust_timestamp(&t, repo_timestamp(r, 12, &m10), &behind, &e), -1);
	CHECK(behind);
	says(&e, ERR_REFUSED, "names snapshot 10, below 11");
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

/* What has expired still says what was seen. */
static void
trust_remembers_expired_documents(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct bytes root = repo_root(r, 1);
	struct repo_view v10 = view(r, 10), v12 = view(r, 12), v11;
	struct trust t;
	struct err e;

	r->expires_s[ROLE_TIMESTAMP] = REPO_NOW_S - 5;
	r->expires_s[ROLE_SNAPSHOT] = REPO_NOW_S - 5;
	r->expires_s[ROLE_TARGETS] = REPO_NOW_S - 5;
	v11 = view(r, 11);
	t = stored(r, root, &v11);
	CHECK_INT(follow(&t, &v10, &e), -1);
	says(&e, ERR_REFUSED, "below 11");
	CHECK_INT(follow(&t, &v11, &e), -1);
	says(&e, ERR_REFUSED, "timestamp.json: expired");
	CHECK_INT(follow(&t, &v12, &e), 0);
}

static void
trust_keeps_an_equal_timestamp(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct bytes root = repo_root(r, 1), twin;
	struct repo_view v = view(r, 10);
	struct metafile m = repo_meta("snapshot.json", 10, v.snapshot);
	struct trust t = stored(r, root, &v);
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
	t = stored(r, root, &v);
	t.now_s = t.timestamp->expires_s;
	r->expires_s[ROLE_TIMESTAMP] += REPO_DAY_S;
	twin = repo_timestamp(r, 10, &m);
	CHECK_INT(trust_timestamp(&t, twin, NULL, &e), -1);
	says(&e, ERR_REFUSED, "expired");
}

static void
trust_refuses_mix_and_match(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct bytes root = repo_root(r, 1);
	struct repo_view v10 = view(r, 10), v11 = view(r, 11), mixed;
	struct metafile m;
	struct trust t;
	struct err e;

	mixed = v11;
	mixed.snapshot = v10.snapshot;
	t = start(r, root, ROLE_STRICT);
	CHECK_INT(follow(&t, &mixed, &e), -1);
	says(&e, ERR_AUTH, "snapshot.json");
	mixed = v11;
	mixed.targets = v10.targets;
	t = start(r, root, ROLE_STRICT);
	CHECK_INT(follow(&t, &mixed, &e), -1);
	says(&e, ERR_AUTH, "targets.json");

	/* the digest is right, the version is not the named one */
	m = repo_meta("snapshot.json", 12, v11.snapshot);
	mixed.timestamp = repo_timestamp(r, 12, &m);
	t = start(r, root, ROLE_STRICT);
	CHECK_INT(trust_timestamp(&t, mixed.timestamp, NULL, &e), 1);
	CHECK_INT(trust_snapshot(&t, v11.snapshot, &e), -1);
	says(&e, ERR_REFUSED, "snapshot.json: version 11, but 12 was named");
	m = repo_meta("targets.json", 12, v11.targets);
	mixed.snapshot = repo_snapshot(r, 12, &m, 1);
	m = repo_meta("snapshot.json", 12, mixed.snapshot);
	mixed.timestamp = repo_timestamp(r, 12, &m);
	mixed.targets = v11.targets;
	t = start(r, root, ROLE_STRICT);
	CHECK_INT(follow(&t, &mixed, &e), -1);
	says(&e, ERR_REFUSED, "targets.json: version 11, but 12 was named");
}

/* A snapshot 11 that lists these files after one that listed two. */
static int
after_two_files(const struct metafile *meta, size_t n, struct err *e)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct bytes root = repo_root(r, 1), x = repo_text("x");
	struct metafile two[2] = { repo_meta("targets.json", 10, x),
		repo_meta("extra.json", 5, x) };
	struct repo_view v10 = view(r, 10), v11 = v10;
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
	t = stored(r, root, &v10);
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
	says(&e, ERR_REFUSED, "snapshot.json: extra.json is gone");
	up[1].version = 4;
	CHECK_INT(after_two_files(up, 3, &e), -1);
	says(&e, ERR_REFUSED, "extra.json went down from 5 to 4");
	up[1].version = 6;
	up[0].version = 9;
	CHECK_INT(after_two_files(up, 3, &e), -1);
	says(&e, ERR_REFUSED, "targets.json went down from 10 to 9");
	up[0].version = 10;
	CHECK_INT(after_two_files(up, 3, &e), 1);
}

/* --- root --- */

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
	v = view(r, 10);

	t = start(r, first, ROLE_STRICT);
	CHECK_INT(trust_root(&t, second, &e), 0);
	CHECK_INT(trust_roots_done(&t, &e), -1);
	says(&e, ERR_REFUSED, "root.json: expired 2026-02-21T00:00:00Z");
	CHECK_INT(follow(&t, &v, &e), -1);
	CHECK_INT(trust_root(&t, third, &e), 0);
	CHECK_INT(trust_roots_done(&t, &e), 0);
	CHECK(!t.keys_changed);
	CHECK_INT(follow(&t, &v, &e), 0);
	/* from a stored root as well, whose signers are partly forgotten */
	t = start(r, third, ROLE_STRICT);
	CHECK_INT(follow(&t, &v, &e), 0);
}

static void
trust_refuses_other_root_versions(void)
{
	static const int64_t wrong[] = { 1, 2, 3, 5, 6, 1000 };
	AUTO_REPO r = repo_new("editor", "stable");
	struct trust t = start(r, repo_root(r, 3), ROLE_STRICT);
	const struct role *had = t.root;
	struct err e;

	for (size_t i = 0; i < COUNT(wrong); i++) {
		CHECK_INT(trust_root(&t, repo_root(r, wrong[i]), &e), -1);
		says(&e, ERR_REFUSED, "follows 3");
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
		struct trust t = start(r, repo_root(r, 1), ROLE_STRICT);

		r->roles[ROLE_ROOT] = repo_keys(2, "new-1 new-2 new-3");
		r->signers[ROLE_ROOT] = repo_keys(0, cases[i].by);
		if (!CHECK_INT(trust_root(&t, repo_root(r, 2), &e),
			cases[i].ok ? 0 : -1))
			tap_note("%s", cases[i].by);
		if (!cases[i].ok)
			says(&e, ERR_AUTH, "root.json");
		CHECK_INT(t.root->version, cases[i].ok ? 2 : 1);
	}
}

static void
trust_bounds_the_number_of_roots(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct trust t = start(r, repo_root(r, 1), ROLE_STRICT);
	struct err e;

	for (int i = 0; i < TRUST_ROOTS_MAX; i++)
		CHECK_INT(trust_root(&t, repo_root(r, 2 + i), &e), 0);
	CHECK_INT(trust_root(&t, repo_root(r, 2 + TRUST_ROOTS_MAX), &e), -1);
	says(&e, ERR_LIMIT, "more than 256");
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
		struct repo_view far = view(r, ROLE_VERSION_MAX), v;
		struct trust t = stored(r, root, &far);

		v = view(r, 11);
		CHECK_INT(follow(&t, &v, &e), -1);

		r->roles[rotated[i]] = repo_keys(1, "fresh");
		r->signers[rotated[i]].n = 0;
		next = repo_root(r, 2);
		v = view(r, 11);
		t = start(r, root, ROLE_STRICT);
		CHECK_INT(trust_root(&t, next, &e), 0);
		CHECK(t.keys_changed);
		CHECK_INT(trust_roots_done(&t, &e), 0);
		CHECK_INT(
		    trust_stored(&t, ROLE_TIMESTAMP, far.timestamp, &e), -1);
		CHECK_INT(
		    trust_stored(&t, ROLE_SNAPSHOT, far.snapshot, &e), -1);
		CHECK_INT(trust_stored(&t, ROLE_TARGETS, far.targets, &e), 0);
		CHECK_INT(follow(&t, &v, &e), 0);
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
		struct trust t = start(r, repo_root(r, 1), ROLE_STRICT);

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

/* --- stored documents, order --- */

static void
trust_drops_bad_stored_documents(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	AUTO_REPO other = repo_new("editor", "beta");
	struct bytes root = repo_root(r, 1);
	struct repo_view v = view(r, 10), beta = view(other, 10);
	struct trust t = start(r, root, ROLE_STRICT);
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
	CHECK_INT(follow(&t, &v, &e), 0);
	/* nothing may be slipped in afterwards */
	CHECK_INT(trust_stored(&t, ROLE_TIMESTAMP, v.timestamp, &e), -1);
}

static void
trust_fetches_again_what_has_expired(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct bytes root = repo_root(r, 1);
	struct repo_view v = view(r, 10);
	struct trust t;
	struct err e;

	for (int k = ROLE_SNAPSHOT; k <= ROLE_TARGETS; k++) {
		r->expires_s[ROLE_SNAPSHOT] = REPO_NOW_S + 90 * REPO_DAY_S;
		r->expires_s[k] = REPO_NOW_S - 1;
		v = view(r, 10);
		t = stored(r, root, &v);
		CHECK_INT(follow(&t, &v, &e), -1);
		says(&e, ERR_REFUSED, "expired");
	}
}

static void
trust_keeps_to_the_order(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct bytes root = repo_root(r, 1);
	struct repo_view v = view(r, 10), v11 = view(r, 11);
	struct trust t;
	struct err e;

	CHECK_INT(trust_start(&t, r->arena, ROLE_STRICT, REPO_NOW_S, "editor",
		      "stable", root, &e),
	    0);
	CHECK_INT(trust_timestamp(&t, v.timestamp, NULL, &e), -1);
	says(&e, ERR_REFUSED, "depends");
	CHECK_INT(trust_roots_done(&t, &e), 0);
	CHECK(trust_snapshot_needed(&t));
	CHECK(trust_targets_needed(&t));
	CHECK_INT(trust_snapshot(&t, v.snapshot, &e), -1);
	CHECK_INT(trust_targets(&t, v.targets, &e), -1);

	/* a stored timestamp is no word of today */
	t = stored(r, root, &v);
	CHECK(trust_snapshot_needed(&t));
	CHECK_INT(trust_snapshot(&t, v.snapshot, &e), -1);
	CHECK_INT(trust_targets(&t, v.targets, &e), -1);
	/* nor a stored snapshot that of a newer timestamp */
	CHECK_INT(trust_timestamp(&t, v11.timestamp, NULL, &e), 1);
	CHECK(trust_targets_needed(&t));
	CHECK_INT(trust_targets(&t, v.targets, &e), -1);
	says(&e, ERR_REFUSED, "depends");
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
	struct repo_view v = view(r, 10);
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
	CHECK_INT(follow(&t, &v, &e), 0);
	/* the same for us: not ours */
	t = start(r, repo_root(r, 1), ROLE_STRICT);
	CHECK_INT(follow(&t, &v, &e), -1);
	says(&e, ERR_INPUT, "canonical");
}

static const struct tap_test tests[] = {
	TAP(trust_follows_a_view),
	TAP(trust_goes_up_the_ladder_only),
	TAP(trust_refuses_every_changed_bit),
	TAP(trust_refuses_every_changed_bit_by_signature_alone),
	TAP(trust_refuses_every_truncation),
	TAP(trust_refuses_trailing_bytes),
	TAP(trust_refuses_what_is_too_large),
	TAP(trust_wants_the_whole_threshold),
	TAP(trust_knows_each_keys_place),
	TAP(trust_knows_its_channel),
	TAP(trust_takes_offline_timestamps_when_allowed),
	TAP(trust_refuses_what_has_expired),
	TAP(trust_refuses_an_older_timestamp),
	TAP(trust_remembers_expired_documents),
	TAP(trust_keeps_an_equal_timestamp),
	TAP(trust_refuses_mix_and_match),
	TAP(trust_refuses_a_snapshot_that_takes_back),
	TAP(trust_follows_roots_one_by_one),
	TAP(trust_refuses_other_root_versions),
	TAP(trust_wants_roots_signed_by_old_and_new),
	TAP(trust_bounds_the_number_of_roots),
	TAP(trust_recovers_from_fast_forward),
	TAP(trust_sees_when_keys_change),
	TAP(trust_drops_bad_stored_documents),
	TAP(trust_fetches_again_what_has_expired),
	TAP(trust_keeps_to_the_order),
	TAP(trust_strict_needs_a_name),
	TAP(trust_follows_foreign_repositories),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
