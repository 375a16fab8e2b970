/*
 * Memory that runs out: in the programs that this is linked to, allocations,
 * those of the libraries too, can be made to fail.  For tests that try every
 * one of them in turn.
 */
#ifndef SLUICE_TESTS_FAILING_H
#define SLUICE_TESTS_FAILING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest/base/err.h"

/*
 * failing_start - the n-th allocation from here on (1: the next) fails, and
 * where rest is set all that follow; n = 0: none, they are only counted.
 */
void failing_start(int64_t n, bool rest);

/* failing_stop - memory is there again.  Allocations since failing_start. */
int64_t failing_stop(void);

/* failing_hit - whether any failed since failing_start. */
bool failing_hit(void);

struct tap_test;
/* failing_main - tap_run, or all skipped where this build cannot. */
int failing_main(const struct tap_test *tests, size_t n);

/* What is tried with less and less memory missing. */
struct failing_trial {
	const char *name;
	/* run - 0: accepted; -1: refused, with the reason */
	int (*run)(void *ctx, struct err *e);
	/* after - checks what is left, after each run; NULL: nothing to */
	void (*after)(void *ctx, int rc);
	void *ctx;
	bool good; /* accepted where memory suffices */
	bool
	    lax; /* a library calls want of memory damage: any refusal will do */
	int most; /* try about so many of the allocations; 0: every one */
};

/*
 * failing_try - run with the n-th allocation failing, n = 1, 2 ..., alone and
 * with all that follow.  What is good is accepted or refused as ERR_SYS, what
 * is not is refused.  Where not every one is tried SEED (of the environment,
 * else the time) chooses which.
 */
void failing_try(const struct failing_trial *t);

#endif
