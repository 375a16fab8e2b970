/*
 * Semantic versions: the examples of semver.org and its precedence.
 */
#include "manifest/semver.h"

#include <string.h>

#include "tests/tap.h"

/* From the examples of semver.org's regular expression. */
static const char *const good[] = { "0.0.4", "1.2.3", "10.20.30",
	"1.1.2-prerelease+meta", "1.1.2+meta", "1.1.2+meta-valid",
	"1.0.0-alpha", "1.0.0-beta", "1.0.0-alpha.beta", "1.0.0-alpha.beta.1",
	"1.0.0-alpha.1", "1.0.0-alpha0.valid", "1.0.0-alpha.0valid",
	"1.0.0-alpha-a.b-c-somethinglong+build.1-aef.1", "1.0.0-rc.1+build.1",
	"2.0.0-rc.1+build.123", "1.2.3-beta", "10.2.3-DEV-SNAPSHOT",
	"1.2.3-SNAPSHOT-123", "1.0.0", "2.0.0", "1.1.7", "2.0.0+build.1848",
	"2.0.1-alpha.1227", "1.0.0-alpha+beta",
	"1.2.3----RC-SNAPSHOT.12.9.1--.12+788", "1.2.3----R-S.12.9.1--.12+meta",
	"1.2.3----RC-SNAPSHOT.12.9.1--.12",
	"1.0.0+0.build.1-rc.10000aaa-kk-0.1",
	"99999999999999999999999.999999999999999999.99999999999999999",
	"1.0.0-0A.is.legal" };

static const char *const bad[] = { "", "1", "1.2", "1.2.3-0123",
	"1.2.3-0123.0123", "1.1.2+.123", "+invalid", "-invalid",
	"-invalid+invalid", "-invalid.01", "alpha", "alpha.beta",
	"alpha.beta.1", "alpha.1", "alpha+beta", "alpha_beta", "alpha.",
	"alpha..", "beta", "1.0.0-alpha_beta", "-alpha.", "1.0.0-alpha..",
	"1.0.0-alpha..1", "1.0.0-alpha...1", "01.1.1", "1.01.1", "1.1.01",
	"1.2.3.DEV", "1.2-SNAPSHOT",
	"1.2.31.2.3----RC-SNAPSHOT.12.09.1--..12+788", "1.2-RC-SNAPSHOT",
	"-1.0.3-gamma+b7718", "+justmeta", "9.8.7+meta+meta",
	"9.8.7-whatever+meta+meta", "1.2.3-", "1.2.3+", "v1.2.3", " 1.2.3",
	"1.2.3 ", "1.2.3\n", "1.2.3/..", "1.2.3-\xc3\xa9", "1..3", ".1.2",
	"1.2.3-a+", "1.2.3-+a", "1.2.-3" };

static void
semver_accepts_the_examples(void)
{
	struct err e;

	for (size_t i = 0; i < COUNT(good); i++)
		if (!CHECK(semver_check(good[i], &e) == 0))
			tap_note("%s: %s", good[i], e.msg);
}

static void
semver_refuses_the_examples(void)
{
	struct err e;

	for (size_t i = 0; i < COUNT(bad); i++)
		if (!CHECK(semver_check(bad[i], &e) < 0))
			tap_note("%s", bad[i]);
	CHECK_INT(semver_check("1.2", &e), -1);
	CHECK_INT(e.kind, ERR_INPUT);
	CHECK(strstr(e.msg, "\"1.2\"") != NULL);
}

static void
semver_has_a_longest_version(void)
{
	char s[SEMVER_MAX + 2] = "1.0.0-";
	struct err e;

	memset(s + 6, 'a', SEMVER_MAX - 6);
	CHECK_INT(semver_check(s, &e), 0);
	s[SEMVER_MAX] = 'a';
	CHECK_INT(semver_check(s, &e), -1);
}

/* Ascending; item 11 of the specification and numbers of every length. */
static const char *const ascending[] = { "0.0.1", "0.1.0", "0.9.9", "0.10.0",
	"1.0.0-0", "1.0.0-1", "1.0.0-9", "1.0.0-10",
	"1.0.0-99999999999999999999", "1.0.0-99999999999999999999.0", "1.0.0--",
	"1.0.0-A", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.1.0",
	"1.0.0-alpha.beta", "1.0.0-alpha0", "1.0.0-beta", "1.0.0-beta.2",
	"1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "2.0.0",
	"9.0.0", "10.0.0", "99999999999999999999.0.0",
	"100000000000000000000.0.0" };

static void
semver_orders_every_pair(void)
{
	struct err e;

	for (size_t i = 0; i < COUNT(ascending); i++) {
		CHECK_INT(semver_check(ascending[i], &e), 0);
		for (size_t j = 0; j < COUNT(ascending); j++) {
			int c = semver_cmp(ascending[i], ascending[j]);
			int want = (i > j) - (i < j);

			if (!CHECK_INT((c > 0) - (c < 0), want))
				tap_note("%s %s", ascending[i], ascending[j]);
		}
	}
}

static void
semver_ignores_build_metadata(void)
{
	CHECK_INT(semver_cmp("1.0.0+a", "1.0.0+b.1"), 0);
	CHECK_INT(semver_cmp("1.0.0+a", "1.0.0"), 0);
	CHECK_INT(semver_cmp("1.0.0-rc.1+a", "1.0.0-rc.1"), 0);
	CHECK(semver_cmp("1.0.0-rc.1+a", "1.0.0-rc.1.0+a") < 0);
	CHECK(semver_cmp("1.0.0-rc+z", "1.0.0+a") < 0);
}

static const struct tap_test tests[] = {
	TAP(semver_accepts_the_examples),
	TAP(semver_refuses_the_examples),
	TAP(semver_has_a_longest_version),
	TAP(semver_orders_every_pair),
	TAP(semver_ignores_build_metadata),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
