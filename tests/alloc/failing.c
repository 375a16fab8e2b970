/*
 * malloc and its kin before those of libc, or of the address sanitizer.  Under
 * the thread sanitizer there is none of it: that one starts before we can.
 */
#include "tests/alloc/failing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "tests/tap.h"

static int64_t count, fail_at;
static bool fail_rest, counting;
static bool *hit; /* children say it, too */

/* One more allocation: does it fail? */
static bool
fails(void)
{
	if (!counting)
		return false;
	count++;
	if (fail_at == 0 || count < fail_at || (count > fail_at && !fail_rest))
		return false;
	*hit = true;
	errno = ENOMEM;
	return true;
}

#ifndef __SANITIZE_THREAD__
/* clang-format off */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *at, size_t n);
void *__interceptor_malloc(size_t n) __attribute__((weak));
void *__interceptor_calloc(size_t n, size_t size) __attribute__((weak));
void *__interceptor_realloc(void *at, size_t n) __attribute__((weak));
/* clang-format on */

void *
malloc(size_t n)
{
	if (fails())
		return NULL;
	return __interceptor_malloc != NULL ? __interceptor_malloc(n)
					    : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	if (fails())
		return NULL;
	return __interceptor_calloc != NULL ? __interceptor_calloc(n, size)
					    : __libc_calloc(n, size);
}

void *
realloc(void *at, size_t n)
{
	if (fails())
		return NULL;
	return __interceptor_realloc != NULL ? __interceptor_realloc(at, n)
					     : __libc_realloc(at, n);
}
#endif

void
failing_start(int64_t n, bool rest)
{
	count = 0;
	fail_at = n;
	fail_rest = rest;
	if (hit == NULL)
		hit = mmap(NULL, sizeof(*hit), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (hit == MAP_FAILED)
		abort();
	*hit = false;
	counting = true;
}

int64_t
failing_stop(void)
{
	counting = false;
	return count;
}

bool
failing_hit(void)
{
	return *hit;
}

int
failing_main(const struct tap_test *tests, size_t n)
{
	void *(*volatile get)(size_t) = malloc; /* no compiler knows better */
	void *at;

	failing_start(1, false);
	at = get(1);
	(void)failing_stop();
	free(at);
	if (at == NULL)
		return tap_run(tests, n);
	puts("1..0 # SKIP allocations do not fail in this build");
	return 0;
}

/* --- trying --------------------------------------------------------------- */

struct tally {
	int64_t refused, without;
};

/* One run; false when it ended before the n-th allocation. */
static bool
try_one(const struct failing_trial *t, int64_t n, bool rest, struct tally *sum)
{
	struct err e = { .kind = ERR_NONE };
	bool met, right;
	int rc;

	failing_start(n, rest);
	rc = t->run(t->ctx, &e);
	(void)failing_stop();
	met = failing_hit();
	right = rc == 0 ? t->good
			: !t->good || (met && (t->lax || e.kind == ERR_SYS));
	if (!CHECK(right))
		tap_note("%s, allocation %lld%s: %s: %s", t->name, (long long)n,
		    rest ? " and all after it" : "",
		    rc == 0 ? "accepted" : err_name(e.kind), e.msg);
	if (t->after != NULL)
		t->after(t->ctx, rc);
	if (met && rc == 0)
		sum->without++;
	else if (met)
		sum->refused++;
	return met;
}

static int64_t
seed(void)
{
	const char *text = getenv("SEED");

	return text == NULL ? (int64_t)time(NULL) : atoll(text);
}

void
failing_try(const struct failing_trial *t)
{
	struct err e = { .kind = ERR_NONE };
	struct tally sum = { 0 };
	int64_t all, step = 1, from = 0;
	int rc;

	/* what a library keeps from its first use on is there afterwards */
	rc = t->run(t->ctx, &e);
	if (!CHECK_INT(rc, t->good ? 0 : -1))
		tap_note("%s: %s", t->name, rc == 0 ? "accepted" : e.msg);
	if (t->after != NULL)
		t->after(t->ctx, rc);
	failing_start(0, false);
	(void)t->run(t->ctx, &e);
	all = failing_stop();
	if (t->after != NULL)
		t->after(t->ctx, rc);
	if (t->most > 0 && all > t->most) {
		step = all / t->most;
		from = seed() % step;
		tap_note("SEED=%lld", (long long)seed());
	}
	for (int rest = 0; rest < 2; rest++)
		for (int64_t n = 1 + from; try_one(t, n, rest, &sum); n += step)
			continue;
	tap_note("%s: %lld allocations; %lld times refused, %lld done without",
	    t->name, (long long)all, (long long)sum.refused,
	    (long long)sum.without);
}
