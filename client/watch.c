/*
 * The delay between polls.
 */
#include "client/watch.h"

#define FIRST_RETRY_S 60
#define RETRY_MAX_S   (7 * 86400) /* a server cannot silence us for ever */

/* 0..n, evenly enough */
static int64_t
part(uint32_t random, int64_t n)
{
	return (int64_t)(((uint64_t)random * (uint64_t)(n + 1)) >> 32);
}

int64_t
watch_delay_s(const struct watch *w)
{
	int64_t base = w->interval_s, least = w->retry_after_s, delay;

	for (int64_t i = 1, s = FIRST_RETRY_S; i <= w->failures; i++, s *= 2) {
		base = s;
		if (s >= w->interval_s) {
			base = w->interval_s;
			break;
		}
	}
	delay = base - base / 10 + part(w->random, base / 5);
	if (least > RETRY_MAX_S)
		least = RETRY_MAX_S;
	if (least > 0 && delay < least)
		delay = least + part(w->random, least / 10 + 1);
	return delay;
}
