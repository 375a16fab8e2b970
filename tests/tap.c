/*
 * The runner of unit tests; see tap.h.  It prints TAP for tests/run and knows
 * nothing about what is tested.
 */
#include "tests/tap.h"

#include <ftw.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	int failures; /* of the running test */
	bool skipped;
	char reason[200];
	char tmpdir[4096];
	pid_t owner; /* the process that removes tmpdir, never a child */
} tap;

bool
tap_check(bool ok, const char *file, int line, const char *what)
{
	if (!ok) {
		tap.failures++;
		printf("# %s:%d: failed: %s\n", file, line, what);
	}
	return ok;
}

bool
tap_int(int64_t got, int64_t want, const char *file, int line, const char *what)
{
	if (got != want)
		printf("# got %" PRId64 ", want %" PRId64 "\n", got, want);
	return tap_check(got == want, file, line, what);
}

bool
tap_text(const char *got, const char *want, const char *file, int line,
    const char *what)
{
	bool same = got == want || (got && want && strcmp(got, want) == 0);

	if (!same)
		printf("# got  \"%s\"\n# want \"%s\"\n", got ? got : "(null)",
		    want ? want : "(null)");
	return tap_check(same, file, line, what);
}

bool
tap_bytes(const void *got, const void *want, size_t len, const char *file,
    int line, const char *what)
{
	const unsigned char *g = got, *w = want;
	size_t i = 0;

	while (i < len && g[i] == w[i])
		i++;
	if (i < len)
		printf("# byte %zu of %zu: got %02x, want %02x\n", i, len, g[i],
		    w[i]);
	return tap_check(i == len, file, line, what);
}

void
tap_note(const char *fmt, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

void
tap_skip(const char *fmt, ...)
{
	va_list ap;

	tap.skipped = true;
	va_start(ap, fmt);
	(void)vsnprintf(tap.reason, sizeof(tap.reason), fmt, ap);
	va_end(ap);
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static void
remove_tmpdir(void)
{
	if (tap.owner == getpid())
		(void)nftw(tap.tmpdir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *
tap_tmpdir(void)
{
	const char *base = getenv("TMPDIR");

	if (tap.tmpdir[0] != '\0')
		return tap.tmpdir;
	(void)snprintf(tap.tmpdir, sizeof(tap.tmpdir), "%s/sluice-test.XXXXXX",
	    base ? base : "/tmp");
	if (mkdtemp(tap.tmpdir) == NULL) {
		perror(tap.tmpdir);
		abort();
	}
	tap.owner = getpid();
	(void)atexit(remove_tmpdir);
	return tap.tmpdir;
}

static void
run_one(const struct tap_test *t, size_t number)
{
	tap.failures = 0;
	tap.skipped = false;
	t->run();
	printf("%sok %zu - %s", tap.failures ? "not " : "", number, t->name);
	if (tap.skipped && tap.failures == 0)
		printf(" # SKIP %s", tap.reason);
	putchar('\n');
}

int
tap_run(const struct tap_test *tests, size_t n)
{
	const char *only = getenv("TAP_ONLY");
	size_t i, run = 0;
	int failed = 0;

	/* line by line: a crash must not swallow what was found before it */
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < n; i++) {
		if (only != NULL && strcmp(only, tests[i].name) != 0)
			continue;
		run_one(&tests[i], ++run);
		failed += tap.failures > 0;
	}
	printf("1..%zu\n", run);
	return failed || run == 0;
}
