/*
 * Levels of warning before documents expire.
 */
#include "manifest/expiry.h"

#include <stddef.h>

#include "manifest/base/base.h"

#define DAY_S	INT64_C(86400)
#define SHORT_S (28 * DAY_S)

enum expiry_level
expiry_level(int64_t left_s, int64_t life_s)
{
	static const struct {
		int64_t days;
		enum expiry_level level;
	} ahead[] = {
		{ 7, EXPIRY_7_DAYS },
		{ 30, EXPIRY_30_DAYS },
		{ 60, EXPIRY_60_DAYS },
	};

	if (left_s <= 0)
		return EXPIRY_EXPIRED;
	if (life_s > 0 && life_s < SHORT_S)
		return left_s <= life_s / 4 ? EXPIRY_7_DAYS : EXPIRY_FINE;
	for (size_t i = 0; i < COUNT(ahead); i++)
		if (left_s <= ahead[i].days * DAY_S &&
		    (life_s <= 0 || ahead[i].days * DAY_S <= life_s / 4 * 3))
			return ahead[i].level;
	return EXPIRY_FINE;
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
