/*
 * How near the end of a document is, for who must sign it anew.  Pure.
 */
#ifndef SLUICE_EXPIRY_H
#define SLUICE_EXPIRY_H

#include <stdint.h>

enum expiry_level {
	EXPIRY_FINE,
	EXPIRY_60_DAYS, /* 60 or less are left */
	EXPIRY_30_DAYS,
	EXPIRY_7_DAYS,
	EXPIRY_EXPIRED,
};

/* expiry_level - left_s: seconds until it expires. */
enum expiry_level expiry_level(int64_t left_s);

/* expiry_level_name - "fine", "60 days", "30 days", "7 days", "expired" */
const char *expiry_level_name(enum expiry_level l);

#endif
