/*
 * Planning deltas: bases, methods, budgets, what is worth it.
 */
#include "signer/deltaplan.h"

#include <string.h>

#include "delta/delta.h"
#include "signer/versions.h"
#include "tests/tap.h"

#define MB ((int64_t)1 << 20)

static void
bases_are_the_newest_and_what_many_run(void)
{
	CHECK(deltaplan_base(true, -1, 100));
	CHECK(deltaplan_base(true, 0, 100));
	CHECK(!deltaplan_base(false, -1, 100)); /* nobody counted */
	CHECK(!deltaplan_base(false, -1, 0));
	CHECK(!deltaplan_base(false, 99, 100));
	CHECK(deltaplan_base(false, 100, 100));
	CHECK(deltaplan_base(false, 0, 0));
}

static void
formats_have_names(void)
{
	enum deltaplan_formats f = DELTAPLAN_BOTH;
	struct err e = { 0 };

	CHECK_INT(deltaplan_formats_read("sluice", &f, &e), 0);
	CHECK_INT(f, DELTAPLAN_SLUICE);
	CHECK_INT(deltaplan_formats_read("bsdiff40", &f, &e), 0);
	CHECK_INT(f, DELTAPLAN_BSDIFF40);
	CHECK_INT(deltaplan_formats_read("both", &f, &e), 0);
	CHECK_INT(f, DELTAPLAN_BOTH);
	CHECK_INT(deltaplan_formats_read("", &f, &e), -1);
	CHECK_INT(e.kind, ERR_USAGE);
	CHECK_TEXT(deltaplan_ending(DELTA_SLUICE1), "sluice");
	CHECK_TEXT(deltaplan_ending(DELTA_BSDIFF40), "bsdiff40");
}

static const char *
chosen(enum deltaplan_formats formats, int nth, int64_t memory,
    struct deltaplan_choice *c)
{
	struct deltaplan_pair p = { 10 * MB, 11 * MB,
		delta_memory(DELTA_SLUICE1, 10 * MB, 11 * MB), memory,
		formats };

	if (!deltaplan_format(&p, nth, c))
		return "no more";
	return c->format == NULL ? "none" : c->format;
}

static void
a_method_fits_the_memory(void)
{
	int64_t native = delta_memory(DELTA_SLUICE1, 10 * MB, 11 * MB);
	int64_t bsdiff = delta_memory(DELTA_BSDIFF40, 10 * MB, 11 * MB);
	struct deltaplan_choice c;

	CHECK(bsdiff < native);
	CHECK_TEXT(chosen(DELTAPLAN_SLUICE, 0, native, &c), DELTA_SLUICE1);
	CHECK_INT(c.memory, native);
	CHECK_TEXT(c.why, "");
	CHECK_TEXT(chosen(DELTAPLAN_SLUICE, 1, native, &c), "no more");
	/* one byte less: another method, and it says so */
	CHECK_TEXT(chosen(DELTAPLAN_SLUICE, 0, native - 1, &c), DELTA_BSDIFF40);
	CHECK_INT(c.memory, bsdiff);
	CHECK(strstr(c.why, "sluice-delta/1 would take") != NULL);
	CHECK_TEXT(chosen(DELTAPLAN_SLUICE, 0, bsdiff - 1, &c), "none");
	CHECK(strstr(c.why, "memory") != NULL);
	/* clients that read nothing else are not helped by another */
	CHECK_TEXT(chosen(DELTAPLAN_BSDIFF40, 0, native, &c), DELTA_BSDIFF40);
	CHECK_TEXT(chosen(DELTAPLAN_BSDIFF40, 0, bsdiff - 1, &c), "none");
	CHECK_TEXT(chosen(DELTAPLAN_BSDIFF40, 1, native, &c), "no more");
	/* both: the second stands for itself */
	CHECK_TEXT(chosen(DELTAPLAN_BOTH, 0, native, &c), DELTA_SLUICE1);
	CHECK_TEXT(chosen(DELTAPLAN_BOTH, 1, native, &c), DELTA_BSDIFF40);
	CHECK_TEXT(chosen(DELTAPLAN_BOTH, 0, bsdiff, &c), "none");
	CHECK_TEXT(chosen(DELTAPLAN_BOTH, 1, bsdiff, &c), DELTA_BSDIFF40);
	CHECK_TEXT(chosen(DELTAPLAN_BOTH, 2, native, &c), "no more");
}

static void
sizes_beyond_all_memory_fit_nothing(void)
{
	struct deltaplan_pair p = { INT64_MAX, INT64_MAX, INT64_MAX,
		INT64_MAX - 1, DELTAPLAN_SLUICE };
	struct deltaplan_choice c;

	CHECK(deltaplan_format(&p, 0, &c));
	CHECK(c.format == NULL);
}

static void
savings_are_against_the_compressed_file(void)
{
	CHECK_INT(deltaplan_saving_bp(20, 100), 8000);
	CHECK_INT(deltaplan_saving_bp(80, 100), DELTAPLAN_SAVE_BP);
	CHECK_INT(deltaplan_saving_bp(81, 100), 1900);
	CHECK_INT(deltaplan_saving_bp(100, 100), 0);
	CHECK(deltaplan_saving_bp(150, 100) < 0);
	CHECK(deltaplan_saving_bp(INT64_MAX, 100) < 0);
	CHECK(deltaplan_saving_bp(1, 0) < 0);
	CHECK_INT(
	    deltaplan_saving_bp((int64_t)1 << 40, (int64_t)1 << 42), 7500);
}

static void
time_is_not_begun_that_is_not_there(void)
{
	struct deltaplan_time t = { .spent_ms = 1000000, .done = 1 };

	CHECK(deltaplan_in_time(&t, INT64_MAX)); /* no end */
	t = (struct deltaplan_time){ .budget_ms = 1000 };
	CHECK(deltaplan_in_time(&t, INT64_MAX)); /* the first */
	t.spent_ms = 1000;
	CHECK(!deltaplan_in_time(&t, 1));
	/* 100 bytes took half of it */
	t = (struct deltaplan_time){ 1000, 500, 100, 0 };
	CHECK(deltaplan_in_time(&t, 100));
	CHECK(!deltaplan_in_time(&t, 101));
	t.running = 50;
	CHECK(deltaplan_in_time(&t, 50));
	CHECK(!deltaplan_in_time(&t, 51));
}

static void
as_many_at_once_as_memory_has_room_for(void)
{
	static const int64_t need[] = { 100, 300, 200 };

	CHECK_INT(deltaplan_side_by_side(need, 3, 8, 1000), 3);
	CHECK_INT(deltaplan_side_by_side(need, 3, 8, 899), 2);
	CHECK_INT(deltaplan_side_by_side(need, 3, 2, 1000), 2);
	CHECK_INT(deltaplan_side_by_side(need, 3, 8, 300), 1);
	CHECK_INT(deltaplan_side_by_side(need, 3, 8, 1), 1);
	CHECK_INT(deltaplan_side_by_side(need, 1, 8, 1000), 1);
	CHECK_INT(deltaplan_side_by_side(NULL, 0, 8, 1000), 1);
}

/* --- the list ------------------------------------------------------------- */

static int
parse(struct versions *v, const char *text, struct arena *a, struct err *e)
{
	struct bytes b = { (const uint8_t *)text, strlen(text) };

	return versions_parse(v, b, "editor/stable", a, e);
}

static void
shares_are_summed_by_platform(void)
{
	AUTO_ARENA a = arena_new(1 << 20);
	struct versions v;
	struct err e = { 0 };

	CHECK_INT(parse(&v,
		      "{\"ok\":true,\"channel\":\"editor/stable\",\"polls\":["
		      "{\"day\":\"2026-11-20\",\"version\":\"1.0.0\","
		      "\"os\":\"linux\",\"arch\":\"x86_64\",\"n\":30},"
		      "{\"day\":\"2026-11-19\",\"version\":\"1.0.0\","
		      "\"os\":\"linux\",\"arch\":\"x86_64\",\"n\":60},"
		      "{\"day\":\"2026-11-20\",\"version\":\"1.1.0\","
		      "\"os\":\"linux\",\"arch\":\"x86_64\",\"n\":10},"
		      "{\"day\":\"2026-11-20\",\"version\":\"1.1.0\","
		      "\"os\":\"windows\",\"arch\":\"x86_64\",\"n\":5}]}",
		      a, &e),
	    0);
	CHECK_INT(v.n, 3);
	CHECK_INT(versions_share_bp(&v, "1.0.0", "linux", "x86_64"), 9000);
	CHECK_INT(versions_share_bp(&v, "1.1.0", "linux", "x86_64"), 1000);
	CHECK_INT(versions_share_bp(&v, "1.1.0", "windows", "x86_64"), 10000);
	CHECK_INT(versions_share_bp(&v, "0.9.0", "linux", "x86_64"), 0);
	CHECK_INT(versions_share_bp(&v, "1.0.0", "linux", "arm64"), -1);
}

static void
other_lists_are_refused(void)
{
	AUTO_ARENA a = arena_new(1 << 20);
	static const char *const bad[] = { "", "[]", "{}",
		"{\"channel\":\"editor/stable\"}",
		"{\"channel\":\"editor/beta\",\"polls\":[]}",
		"{\"channel\":\"editor/stable\",\"polls\":{}}",
		"{\"channel\":\"editor/stable\",\"polls\":[1]}",
		"{\"channel\":\"editor/stable\",\"polls\":[{\"n\":1}]}",
		"{\"channel\":\"editor/stable\",\"polls\":[{\"version\":\"1\","
		"\"os\":\"a\",\"arch\":\"b\",\"n\":-1}]}" };
	struct versions v;
	struct err e = { 0 };

	for (size_t i = 0; i < COUNT(bad); i++) {
		if (!CHECK_INT(parse(&v, bad[i], a, &e), -1))
			tap_note("%s", bad[i]);
	}
	CHECK_INT(
	    parse(&v, "{\"channel\":\"editor/stable\",\"polls\":[]}", a, &e),
	    0);
}

static const struct tap_test tests[] = {
	TAP(bases_are_the_newest_and_what_many_run),
	TAP(formats_have_names),
	TAP(a_method_fits_the_memory),
	TAP(sizes_beyond_all_memory_fit_nothing),
	TAP(savings_are_against_the_compressed_file),
	TAP(time_is_not_begun_that_is_not_there),
	TAP(as_many_at_once_as_memory_has_room_for),
	TAP(shares_are_summed_by_platform),
	TAP(other_lists_are_refused),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
