/*
 * When documents run out, as a warning level.  Pure.
 */
#ifndef SLUICE_STATUS_H
#define SLUICE_STATUS_H

#include <stdint.h>

enum status_level {
	STATUS_FINE,
	STATUS_60_DAYS,
	STATUS_30_DAYS,
	STATUS_7_DAYS,
	STATUS_EXPIRED,
};

/* status_level_of - left_s: seconds until it expires. */
enum status_level status_level_of(int64_t left_s);

/*
 * status_timestamp - timestamps last for days at most, and are renewed by a
 * server or a cron line: urgent in the last quarter of its time.
 */
enum status_level status_timestamp(
    int64_t signed_at_s, int64_t expires_s, int64_t now_s);

/* "fine", "60 days", "30 days", "7 days", "expired" */
const char *status_level_name(enum status_level l);

#endif
