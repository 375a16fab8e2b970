/*
 * The small pure steps of the client: delays, commands, the choice of a delta.
 */
#include <stdio.h>
#include <string.h>

#include "client/patch.h"
#include "client/selftest.h"
#include "client/watch.h"
#include "tests/tap.h"

#define HOUR 3600

static int64_t
delay(int failures, int64_t retry_after_s, uint32_t random)
{
	struct watch w = { .interval_s = 4 * HOUR,
		.failures = failures,
		.retry_after_s = retry_after_s,
		.random = random };

	return watch_delay_s(&w);
}

static void
watch_spreads_the_interval(void)
{
	CHECK_INT(delay(0, -1, 0), 4 * HOUR - 4 * HOUR / 10);
	CHECK_INT(delay(0, -1, UINT32_MAX), 4 * HOUR + 4 * HOUR / 10);
	CHECK(delay(0, -1, UINT32_MAX / 3) != delay(0, -1, UINT32_MAX / 2));
}

static void
watch_backs_off_up_to_the_interval(void)
{
	int64_t last = 0;

	for (int i = 1; i < 60; i++) {
		int64_t now = delay(i, -1, 0);

		CHECK(now >= last && now <= 4 * HOUR);
		last = now;
	}
	CHECK_INT(delay(1, -1, 0), 54);
	CHECK_INT(delay(2, -1, 0), 108);
}

static void
watch_honours_retry_after(void)
{
	CHECK(delay(1, 900, 0) >= 900);
	CHECK(delay(1, 900, UINT32_MAX) <= 1000);
	CHECK(delay(0, 100000, 0) >= 100000);
	CHECK_INT(delay(0, 5, 0), delay(0, -1, 0));
	/* a hostile server cannot ask for silence for ever */
	CHECK(delay(0, INT64_MAX, UINT32_MAX) < 9 * 24 * HOUR);
}

static void
selftest_splits_words(void)
{
	char words[SELFTEST_TEXT], *argv[SELFTEST_WORDS + 1];
	char many[3 * SELFTEST_WORDS + 8];
	struct err e;

	CHECK_INT(selftest_words(
		      "  {}/bin/app  --check\t{} ;rm", "/a b", words, argv, &e),
	    4);
	CHECK_TEXT(argv[0], "/a b/bin/app");
	CHECK_TEXT(argv[1], "--check");
	CHECK_TEXT(argv[2], "/a b");
	CHECK_TEXT(argv[3], ";rm"); /* no shell */
	CHECK(argv[4] == NULL);
	CHECK_INT(selftest_words(" ", "/x", words, argv, &e), -1);
	for (size_t i = 0; i < sizeof(many) - 1; i++)
		many[i] = i % 2 ? ' ' : 'x';
	many[sizeof(many) - 1] = 0;
	CHECK_INT(selftest_words(many, "/x", words, argv, &e), -1);
}

static void
patch_chooses_by_the_digest_of_what_is_there(void)
{
	struct delta_entry d[4] = {
		{ .from_sha256 = { 1 },
		    .format = "bsdiff40",
		    .size = 50,
		    .max_memory = 100 },
		{ .from_sha256 = { 2 },
		    .format = "bsdiff40",
		    .size = 40,
		    .max_memory = 100 },
		{ .from_sha256 = { 1 },
		    .format = "sluice-delta/2",
		    .size = 10,
		    .max_memory = 100 },
		{ .from_sha256 = { 1 },
		    .format = "sluice-delta/1",
		    .size = 20,
		    .max_memory = 200 },
	};
	struct artifact a = { .size = 60, .deltas = d, .ndeltas = 4 };
	uint8_t here[SHA256_SIZE] = { 1 }, other[SHA256_SIZE] = { 3 };

	CHECK(patch_choose(&a, here, 200) == &d[3]); /* the smallest known */
	CHECK(patch_choose(&a, here, 100) == &d[0]);
	CHECK(patch_choose(&a, other, 100) == NULL);
	CHECK(patch_choose(&a, here, 99) == NULL); /* memory */
	a.size = 50; /* no smaller than the file itself */
	CHECK(patch_choose(&a, here, 100) == NULL);
}

static const struct tap_test tests[] = {
	TAP(watch_spreads_the_interval),
	TAP(watch_backs_off_up_to_the_interval),
	TAP(watch_honours_retry_after),
	TAP(selftest_splits_words),
	TAP(patch_chooses_by_the_digest_of_what_is_there),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
