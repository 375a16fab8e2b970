/*
 * Levels of warning before documents expire.
 */
#include "manifest/expiry.h"

#define DAY_S INT64_C(86400)

enum expiry_level
expiry_level(int64_t left_s, int64_t life_s)
{
	if (left_s <= 0)
		return EXPIRY_EXPIRED;
	if (life_s > 0 && left_s > life_s / 4)
		return EXPIRY_FINE;
	if (left_s <= 7 * DAY_S)
		return EXPIRY_7_DAYS;
	if (left_s <= 30 * DAY_S)
		return EXPIRY_30_DAYS;
	return left_s <= 60 * DAY_S ? EXPIRY_60_DAYS : EXPIRY_FINE;
}

int64_t
expiry_signed_s(int64_t m)
{
	return 60 * m;
}

const char *
expiry_level_name(enum expiry_level l)
{
	static const char *const names[] = {
		[EXPIRY_FINE] = "fine",
		[EXPIRY_60_DAYS] = "60 days",
		[EXPIRY_30_DAYS] = "30 days",
		[EXPIRY_7_DAYS] = "7 days",
		[EXPIRY_EXPIRED] = "expired",
	};

	return names[l];
}
