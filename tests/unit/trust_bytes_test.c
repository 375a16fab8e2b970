/*
 * Every bit, every length, every byte too many: signed documents pass as they
 * were signed or not at all.
 */
#include "manifest/trust.h"

#include <stdlib.h>
#include <string.h>

#include "manifest/base/buf.h"
#include "tests/tap.h"
#include "tests/trusting.h"

#define SCRATCH_MAX (64 * 1024 * 1024)

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
		.scratch = arena_new(SCRATCH_MAX) };
	struct repo *r = s.repo;
	struct repo_view v = trusting_view(r, 10);
	struct trust t = trusting_start(r, repo_root(r, 1), ROLE_STRICT);
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

static const struct tap_test tests[] = {
	TAP(trust_refuses_every_changed_bit),
	TAP(trust_refuses_every_changed_bit_by_signature_alone),
	TAP(trust_refuses_every_truncation),
	TAP(trust_refuses_trailing_bytes),
	TAP(trust_refuses_what_is_too_large),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
