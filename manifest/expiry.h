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

/*
 * expiry_level - left_s: seconds until it expires; life_s: from its signature
 * to then, 0 or less: not known, as that of a root.  A level that is more than
 * three quarters of the life is left out, or what was signed for 30 days would
 * be warned of at once; what lives less than 28 days is at "7 days" in its last
 * quarter.
 */
enum expiry_level expiry_level(int64_t left_s, int64_t life_s);

/* expiry_signed_s - when the documents of publication m were signed: m is the
 * minute, or later where several came in one; 0: none. */
int64_t expiry_signed_s(int64_t m);

/* expiry_level_name - "fine", "60 days", "30 days", "7 days", "expired" */
const char *expiry_level_name(enum expiry_level l);

#endif
