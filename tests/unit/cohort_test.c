/*
 * Client IDs, buckets and the envelope.
 */
#include "manifest/cohort.h"

#include <stdio.h>
#include <string.h>

#include "manifest/manifest.h"
#include "tests/tap.h"

#define DAY_S INT64_C(86400)

/* DESIGN.md's table: anyone can recompute these with sha256sum. */
static void
ids_and_buckets_are_as_published(void)
{
	static const struct {
		const char *machine, *id, *salt;
		int bucket;
	} rows[] = {
		{ "machine-1",
		    "06bcd0dcc4a930d59abb8ad6ec4a32fc186de028932dbc7c9990b6e7"
		    "2f72ba68",
		    "stable/2.4.0", 6561 },
		{ "machine-2",
		    "1a4612c6126de40ff04393cb600ea9dd74de121c63271aaa195845d6"
		    "c25ad4e9",
		    "stable/2.4.0", 3087 },
		{ "machine-1",
		    "06bcd0dcc4a930d59abb8ad6ec4a32fc186de028932dbc7c9990b6e7"
		    "2f72ba68",
		    "stable/2.5.0", 2694 },
		{ "machine-3",
		    "a996d4ddca55f1b8d24a2aca2aa33d7db9b3c63a44c3d1a136a3f277"
		    "209aeb0f",
		    "canary/3.0.0-rc1", 6186 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char id[CLIENT_ID_SIZE];

		cohort_client_id(id, "editor", rows[i].machine);
		CHECK_TEXT(id, rows[i].id);
		CHECK_INT(cohort_bucket(rows[i].salt, id), rows[i].bucket);
	}
}

static void
no_id_is_the_last_bucket(void)
{
	CHECK_INT(cohort_bucket("salt", NULL), BUCKET_NO_ID);
	CHECK_INT(cohort_bucket("salt", ""), BUCKET_NO_ID);
}

static void
ids_are_64_lower_case_digits(void)
{
	struct err e;
	char id[CLIENT_ID_SIZE + 1];

	cohort_client_id(id, "editor", "machine-1");
	CHECK(cohort_id_check(id, &e) == 0);
	id[63] = 'A';
	CHECK(cohort_id_check(id, &e) < 0 && e.kind == ERR_INPUT);
	id[63] = '\0';
	CHECK(cohort_id_check(id, &e) < 0);
	memcpy(id + 63, "00", 3);
	CHECK(cohort_id_check(id, &e) < 0);
	CHECK(cohort_id_check("", &e) < 0);
}

/* 20000 machines in 10 slices: each within 5 standard deviations. */
static void
buckets_are_spread_evenly(void)
{
	int slices[10] = { 0 };

	for (int i = 0; i < 20000; i++) {
		char machine[16], id[CLIENT_ID_SIZE];
		int b;

		(void)snprintf(machine, sizeof(machine), "m%d", i);
		cohort_client_id(id, "editor", machine);
		b = cohort_bucket("a salt", id);
		if (CHECK(b >= 0 && b < BP_ALL))
			slices[b / 1000]++;
	}
	for (int i = 0; i < 10; i++)
		CHECK(slices[i] > 2000 - 213 && slices[i] < 2000 + 213);
}

static void
the_envelope_rises_with_time(void)
{
	static const struct stage plan[] = {
		{ .percent_bp = 100, .min_duration_s = DAY_S },
		{ .percent_bp = 2500, .min_duration_s = 2 * DAY_S },
		{ .percent_bp = 10000 },
	};
	int64_t start = 1000 * DAY_S, next;

	CHECK_INT(cohort_envelope(plan, 3, start, start - 1, &next), 0);
	CHECK_INT(next, start);
	CHECK_INT(cohort_envelope(plan, 3, start, start, &next), 100);
	CHECK_INT(next, start + DAY_S);
	CHECK_INT(
	    cohort_envelope(plan, 3, start, start + DAY_S - 1, NULL), 100);
	CHECK_INT(cohort_envelope(plan, 3, start, start + DAY_S, &next), 2500);
	CHECK_INT(next, start + 3 * DAY_S);
	CHECK_INT(
	    cohort_envelope(plan, 3, start, start + 3 * DAY_S, &next), 10000);
	CHECK_INT(next, 0);
	CHECK_INT(cohort_envelope(NULL, 0, start, start, &next), 0);
	CHECK_INT(next, 0);
}

static void
not_before_delays_its_stage_only(void)
{
	static const struct stage plan[] = {
		{ .percent_bp = 100 },
		{ .percent_bp = 500, .not_before_s = 100 * DAY_S },
		{ .percent_bp = 900, .min_duration_s = DAY_S },
		{ .percent_bp = 900 },
		{ .percent_bp = 1000, .not_before_s = 200 * DAY_S },
	};
	int64_t next;

	/* the third stage has come although the second has not */
	CHECK_INT(cohort_envelope(plan, 3, DAY_S, DAY_S, &next), 900);
	CHECK_INT(next, 0);
	CHECK_INT(cohort_envelope(plan, 2, DAY_S, DAY_S, &next), 100);
	CHECK_INT(next, 100 * DAY_S);
	/* a stage of the same percentage is no change */
	CHECK_INT(cohort_envelope(plan, 5, DAY_S, DAY_S, &next), 900);
	CHECK_INT(next, 200 * DAY_S);
}

/* The example of sluice-formats(5). */
static void
the_envelope_is_as_published(void)
{
	int64_t start = INT64_C(1780272000); /* 2026-06-01T00:00:00Z */
	const struct stage plan[] = {
		{ .percent_bp = 1000, .min_duration_s = DAY_S },
		{ .percent_bp = 5000,
		    .not_before_s = start + 3 * DAY_S,
		    .min_duration_s = DAY_S },
		{ .percent_bp = 10000 },
	};

	CHECK_INT(cohort_envelope(plan, 3, start, start - 1, NULL), 0);
	CHECK_INT(cohort_envelope(plan, 3, start, start, NULL), 1000);
	CHECK_INT(cohort_envelope(plan, 3, start, start + DAY_S, NULL), 1000);
	CHECK_INT(
	    cohort_envelope(plan, 3, start, start + 2 * DAY_S, NULL), 10000);
}

static void
a_stage_past_the_end_of_time_never_starts(void)
{
	static const struct stage plan[] = {
		{ .percent_bp = 1, .min_duration_s = INT64_MAX },
		{ .percent_bp = 2, .min_duration_s = INT64_MAX },
		{ .percent_bp = 3, .min_duration_s = -5 },
	};
	int64_t next;

	CHECK_INT(cohort_envelope(plan, 3, 1, INT64_MAX, &next), 1);
	CHECK_INT(next, 0);
	CHECK_INT(cohort_envelope(plan, 3, INT64_MAX, INT64_MAX, &next), 0);
}

static const struct tap_test tests[] = {
	TAP(ids_and_buckets_are_as_published),
	TAP(no_id_is_the_last_bucket),
	TAP(ids_are_64_lower_case_digits),
	TAP(buckets_are_spread_evenly),
	TAP(the_envelope_rises_with_time),
	TAP(not_before_delays_its_stage_only),
	TAP(the_envelope_is_as_published),
	TAP(a_stage_past_the_end_of_time_never_starts),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
