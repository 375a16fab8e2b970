/*
 * Unit tests: a test is a function without arguments, a file is one table of
 * them.  Failed checks are printed and counted; the test goes on.
 *
 *	static void
 *	rollout_holds_at_its_percentage(void)
 *	{
 *		CHECK_INT(cohort_bucket(...), 6561);
 *	}
 *	static const struct tap_test tests[] = { TAP(rollout_holds_...) };
 *	int
 *	main(void)
 *	{
 *		return tap_run(tests, COUNT(tests));
 *	}
 */
#ifndef SLUICE_TAP_H
#define SLUICE_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest/base/base.h"

struct tap_test {
	const char *name;
	void (*run)(void);
};

/* clang-format off */
#define TAP(fn) { #fn, fn }
/* clang-format on */

/* Each gives whether it held, so that a test may leave early. */
#define CHECK(cond) tap_check((cond) ? true : false, __FILE__, __LINE__, #cond)
#define CHECK_INT(got, want) \
	tap_int((int64_t)(got), (int64_t)(want), __FILE__, __LINE__, #got)
#define CHECK_TEXT(got, want) tap_text((got), (want), __FILE__, __LINE__, #got)
#define CHECK_BYTES(got, want, len) \
	tap_bytes((got), (want), (len), __FILE__, __LINE__, #got)

bool tap_check(bool ok, const char *file, int line, const char *what);
bool tap_int(
    int64_t got, int64_t want, const char *file, int line, const char *what);
bool tap_text(const char *got, const char *want, const char *file, int line,
    const char *what);
bool tap_bytes(const void *got, const void *want, size_t len, const char *file,
    int line, const char *what);

/* tap_note - a diagnostic line, printed at once. */
void tap_note(const char *fmt, ...) PRINTF(1, 2);

/* tap_skip - mark the running test as skipped; the test then returns. */
void tap_skip(const char *fmt, ...) PRINTF(1, 2);

/*
 * tap_tmpdir - a folder of this process, made at the first call and removed
 * with everything in it at exit.  Aborts when it cannot be made.
 */
const char *tap_tmpdir(void);

/*
 * tap_run - run all tests and print TAP; the exit status is 1 if any failed.
 * With TAP_ONLY=name in the environment only that test runs.
 */
int tap_run(const struct tap_test *tests, size_t n);

#endif
