/*
 * When to poll next.  Pure: the randomness is an argument.
 */
#ifndef SLUICE_CLIENT_WATCH_H
#define SLUICE_CLIENT_WATCH_H

#include <stdint.h>

struct watch {
	int64_t interval_s;
	int failures;	       /* in a row; 0: the last poll was answered */
	int64_t retry_after_s; /* what the server asked for; -1: nothing */
	uint32_t random;
};

/*
 * watch_delay_s - the interval, 10 % more or less, so that machines that were
 * started together do not stay together; after failures 1, 2, 4 ... minutes,
 * at most the interval; never less than retry_after_s, after which machines
 * spread over another tenth.
 */
int64_t watch_delay_s(const struct watch *w);

#endif
