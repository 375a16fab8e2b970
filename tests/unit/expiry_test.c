/*
 * When operators and signers are warned before documents expire.
 */
#include "manifest/expiry.h"

#include "manifest/base/base.h"
#include "signer/status.h"
#include "tests/tap.h"

static void
warnings_come_60_30_and_7_days_ahead(void)
{
	static const int64_t day = 86400;

	CHECK_INT(expiry_level(61 * day, 0), EXPIRY_FINE);
	CHECK_INT(expiry_level(60 * day, 0), EXPIRY_60_DAYS);
	CHECK_INT(expiry_level(30 * day + 1, 0), EXPIRY_60_DAYS);
	CHECK_INT(expiry_level(30 * day, 0), EXPIRY_30_DAYS);
	CHECK_INT(expiry_level(7 * day + 1, 0), EXPIRY_30_DAYS);
	CHECK_INT(expiry_level(7 * day, 0), EXPIRY_7_DAYS);
	CHECK_INT(expiry_level(1, 0), EXPIRY_7_DAYS);
	CHECK_INT(expiry_level(0, 0), EXPIRY_EXPIRED);
	CHECK_INT(expiry_level(-day, 0), EXPIRY_EXPIRED);
}

static void
a_level_of_most_of_a_life_is_left_out(void)
{
	static const int64_t day = 86400;

	CHECK_INT(expiry_level(60 * day, 365 * day), EXPIRY_60_DAYS);
	CHECK_INT(expiry_level(61 * day, 90 * day), EXPIRY_FINE);
	CHECK_INT(expiry_level(60 * day, 90 * day), EXPIRY_60_DAYS);
	CHECK_INT(expiry_level(60 * day, 80 * day), EXPIRY_60_DAYS);
	CHECK_INT(expiry_level(59 * day, 79 * day), EXPIRY_FINE);
	CHECK_INT(expiry_level(30 * day, 79 * day), EXPIRY_30_DAYS);
	CHECK_INT(expiry_level(30 * day, 40 * day), EXPIRY_30_DAYS);
	CHECK_INT(expiry_level(29 * day, 39 * day), EXPIRY_FINE);
	CHECK_INT(expiry_level(30 * day, 30 * day), EXPIRY_FINE);
	CHECK_INT(expiry_level(7 * day + 1, 30 * day), EXPIRY_FINE);
	CHECK_INT(expiry_level(7 * day, 30 * day), EXPIRY_7_DAYS);
	CHECK_INT(expiry_level(7 * day + 1, 28 * day), EXPIRY_FINE);
	CHECK_INT(expiry_level(7 * day, 28 * day), EXPIRY_7_DAYS);
	CHECK_INT(expiry_level(day + 1, 4 * day), EXPIRY_FINE);
	CHECK_INT(expiry_level(day, 4 * day), EXPIRY_7_DAYS);
	CHECK_INT(expiry_level(0, 4 * day), EXPIRY_EXPIRED);
	/* a clock that was ahead when it was signed */
	CHECK_INT(expiry_level(7 * day, -day), EXPIRY_7_DAYS);
}

static void
a_timestamp_is_warned_of_in_its_last_quarter(void)
{
	CHECK_INT(status_timestamp(0, 1400, 1399), EXPIRY_FINE);
	CHECK_INT(status_timestamp(1000, 1400, 1000), EXPIRY_FINE);
	CHECK_INT(status_timestamp(1000, 1400, 1301), EXPIRY_7_DAYS);
	CHECK_INT(status_timestamp(1000, 1400, 1400), EXPIRY_EXPIRED);
}

static const struct tap_test tests[] = {
	TAP(warnings_come_60_30_and_7_days_ahead),
	TAP(a_level_of_most_of_a_life_is_left_out),
	TAP(a_timestamp_is_warned_of_in_its_last_quarter),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
