/*
 * The arithmetic of rungs.
 */
#include "manifest/ladder.h"

#include "tests/tap.h"

/* K = 3: 21 rungs. */
static const struct ladder usual = { .m = 29000000,
	.nblocks = 4,
	.ngood = 3,
	.offer_seq = 9,
	.fallback_seq = 7,
	.good_seq = { 7, 6, 4 } };

/* Nothing to go back to: hold and four times offer, halt. */
static const struct ladder first = { .m = 1, .nblocks = 4, .offer_seq = 1 };

static void
the_usual_ladder_has_21_rungs(void)
{
	static const enum rung_kind block[] = { RUNG_OFFER, RUNG_HALT,
		RUNG_ROLLBACK, RUNG_ROLLBACK, RUNG_ROLLBACK };
	static const int64_t seqs[] = { 9, 7, 7, 6, 4 };
	struct err e;

	CHECK(ladder_check(&usual, &e) == 0);
	CHECK_INT(ladder_rungs(&usual), 21);
	CHECK_INT(ladder_kind(&usual, 0), RUNG_HOLD);
	CHECK_INT(ladder_block(&usual, 0), -1);
	CHECK_INT(ladder_seq(&usual, 0), 7);
	for (int i = 1; i < 21; i++) {
		CHECK_INT(ladder_kind(&usual, i), block[(i - 1) % 5]);
		CHECK_INT(ladder_seq(&usual, i), seqs[(i - 1) % 5]);
		CHECK_INT(ladder_block(&usual, i), (i - 1) / 5);
	}
}

static void
a_first_ladder_has_no_rollbacks(void)
{
	struct err e;

	CHECK(ladder_check(&first, &e) == 0);
	CHECK_INT(ladder_rungs(&first), 9);
	CHECK_INT(ladder_seq(&first, 0), 0);
	CHECK_INT(ladder_kind(&first, 3), RUNG_OFFER);
	CHECK_INT(ladder_seq(&first, 4), 0);
	CHECK_INT(ladder_next(&first, 0, RUNG_ROLLBACK, 0), -1);
}

static void
versions_and_indices_are_each_others_reverse(void)
{
	for (int i = 0; i < 21; i++)
		CHECK_INT(ladder_index(&usual, ladder_version(&usual, i)), i);
	CHECK_INT(ladder_version(&usual, 2), 32 * INT64_C(29000000) + 2);
	CHECK_INT(ladder_index(&usual, ladder_version(&usual, 21)), -1);
	CHECK_INT(ladder_index(&usual, ladder_version(&usual, 0) - 1), -1);
	CHECK_INT(ladder_index(&usual, 0), -1);
	CHECK_INT(ladder_index(&usual, -1), -1);
	CHECK_INT(ladder_index(&usual, INT64_MAX), -1);
	CHECK_INT(ladder_index(&usual, INT64_MIN), -1);
}

static void
hold_and_halt_mean_the_same(void)
{
	CHECK(ladder_same(&usual, 0, 2));
	CHECK(ladder_same(&usual, 2, 17));
	CHECK(ladder_same(&usual, 1, 16));
	CHECK(!ladder_same(&usual, 0, 1));
	CHECK(ladder_same(&usual, 3, 8));
	CHECK(!ladder_same(&usual, 3, 9));
	/* the same release, but with leave to go back */
	CHECK(!ladder_same(&usual, 2, 3));
	CHECK(!ladder_same(&usual, 3, 2));
}

static void
rungs_are_found_by_meaning(void)
{
	CHECK_INT(ladder_rung(&usual, -1, RUNG_HOLD, 0), 0);
	CHECK_INT(ladder_rung(&usual, 0, RUNG_HOLD, 0), -1);
	CHECK_INT(ladder_rung(&usual, 0, RUNG_OFFER, 0), 1);
	CHECK_INT(ladder_rung(&usual, 3, RUNG_HALT, 0), 17);
	CHECK_INT(ladder_rung(&usual, 3, RUNG_ROLLBACK, 4), 20);
	CHECK_INT(ladder_rung(&usual, 3, RUNG_ROLLBACK, 5), -1);
	CHECK_INT(ladder_rung(&usual, 4, RUNG_OFFER, 0), -1);
	CHECK_INT(ladder_next(&usual, 0, RUNG_OFFER, 0), 1);
	CHECK_INT(ladder_next(&usual, 2, RUNG_OFFER, 0), 6);
	CHECK_INT(ladder_next(&usual, 4, RUNG_ROLLBACK, 7), 8);
	CHECK_INT(ladder_next(&usual, 17, RUNG_OFFER, 0), -1);
	CHECK_INT(ladder_next(&usual, 1, RUNG_HOLD, 0), -1);
	CHECK_INT(ladder_next(&usual, -3, RUNG_HOLD, 0), 0);
}

static void
refused(const struct ladder *l)
{
	struct err e = { 0 };

	CHECK(ladder_check(l, &e) < 0);
	CHECK_INT(e.kind, ERR_INPUT);
}

static void
ladders_out_of_bounds_are_refused(void)
{
	struct ladder l = usual;

	l.ngood = 6; /* 1 + 4 * 8 = 33 */
	refused(&l);
	l.ngood = INT32_MAX;
	refused(&l);
	l = usual;
	l.nblocks = 0;
	refused(&l);
	l.nblocks = INT32_MAX;
	refused(&l);
	l = usual;
	l.m = 0;
	refused(&l);
	l.m = LADDER_M_MAX + 1;
	refused(&l);
	l.m = INT64_MAX;
	refused(&l);
}

static void
the_highest_version_fits_31_bits(void)
{
	struct ladder l = usual;
	struct err e;

	l.m = LADDER_M_MAX;
	CHECK(ladder_check(&l, &e) == 0);
	CHECK(ladder_version(&l, LADDER_MAX - 1) <= INT32_MAX);
	CHECK(ladder_version(&l, LADDER_MAX - 1) + LADDER_MAX > INT32_MAX);
}

static void
good_releases_descend_from_the_fallback(void)
{
	struct ladder l = usual;
	struct err e;

	l.good_seq[1] = 7;
	refused(&l);
	l.good_seq[1] = 8;
	refused(&l);
	l = usual;
	l.good_seq[2] = 0;
	refused(&l);
	l = usual;
	l.fallback_seq = 6;
	refused(&l);
	l.fallback_seq = 0;
	refused(&l);
	l = usual;
	l.offer_seq = 7;
	refused(&l);
	l.offer_seq = 0;
	refused(&l);
	/* a floor may forbid every rollback and leave the fallback */
	l = usual;
	l.ngood = 0;
	CHECK(ladder_check(&l, &e) == 0);
	l.fallback_seq = 9;
	refused(&l);
}

static void
m_and_rounds_never_fall(void)
{
	CHECK_INT(ladder_m(0, 600), 10);
	CHECK_INT(ladder_m(9, 659), 10);
	CHECK_INT(ladder_m(10, 600), 11);
	CHECK_INT(ladder_round(500, 600), 501);
	CHECK_INT(ladder_round(0, 1780272000), 29671200);
}

static const struct tap_test tests[] = {
	TAP(the_usual_ladder_has_21_rungs),
	TAP(a_first_ladder_has_no_rollbacks),
	TAP(versions_and_indices_are_each_others_reverse),
	TAP(hold_and_halt_mean_the_same),
	TAP(rungs_are_found_by_meaning),
	TAP(ladders_out_of_bounds_are_refused),
	TAP(the_highest_version_fits_31_bits),
	TAP(good_releases_descend_from_the_fallback),
	TAP(m_and_rounds_never_fall),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
