/*
 * RFC 3339 times, by the civil-date arithmetic of H. Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms", without time zones or libc.
 */
#include <stdio.h>
#include <string.h>

#include "manifest/base/text.h"

static int64_t
days_from_civil(int64_t y, int m, int d)
{
	int64_t era, yoe, doy, doe;

	y -= m <= 2;
	era = y / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

static bool
leap(int64_t y)
{
	return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

static int
digits(const char *s, int n)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	return v;
}

#define CIVIL_LEN 19 /* "YYYY-MM-DDTHH:MM:SS" */

/* The part before fraction and zone, as if in UTC. */
static int
civil_read(const char *text, int64_t *out_s)
{
	static const int month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30,
		31, 30, 31 };
	int y, mo, d, h, mi, s;

	if (strlen(text) < CIVIL_LEN || text[4] != '-' || text[7] != '-' ||
	    text[10] != 'T' || text[13] != ':' || text[16] != ':')
		return -1;
	y = digits(text, 4);
	mo = digits(text + 5, 2);
	d = digits(text + 8, 2);
	h = digits(text + 11, 2);
	mi = digits(text + 14, 2);
	s = digits(text + 17, 2);
	if (y < 1970 || mo < 1 || mo > 12 || d < 1 || h < 0 || h > 23 ||
	    mi < 0 || mi > 59 || s < 0 || s > 59)
		return -1;
	if (d > month_days[mo - 1] + (mo == 2 && leap(y)))
		return -1;
	*out_s = days_from_civil(y, mo, d) * 86400 + h * 3600 + mi * 60 + s;
	return 0;
}

int
time_read(const char *text, int64_t *out_s)
{
	int64_t s;

	if (civil_read(text, &s) < 0 || strcmp(text + CIVIL_LEN, "Z") != 0)
		return -1;
	*out_s = s;
	return 0;
}

/* Seconds east of UTC: "Z" or "+HH:MM". */
static int
zone_read(const char *text, int *out_s)
{
	int h, m;

	*out_s = 0;
	if (strcmp(text, "Z") == 0)
		return 0;
	if (strlen(text) != 6 || (text[0] != '+' && text[0] != '-') ||
	    text[3] != ':')
		return -1;
	h = digits(text + 1, 2);
	m = digits(text + 4, 2);
	if (h < 0 || h > 23 || m < 0 || m > 59)
		return -1;
	*out_s = (h * 3600 + m * 60) * (text[0] == '-' ? -1 : 1);
	return 0;
}

int
time_read_any(const char *text, int64_t *out_s)
{
	const char *rest;
	int64_t s;
	int zone;

	if (civil_read(text, &s) < 0)
		return -1;
	rest = text + CIVIL_LEN;
	if (*rest == '.') {
		size_t n = strspn(++rest, "0123456789");

		if (n == 0)
			return -1;
		rest += n;
	}
	if (zone_read(rest, &zone) < 0 || s < zone)
		return -1;
	*out_s = s - zone;
	return 0;
}

void
time_write(char out[static TIME_TEXT_SIZE], int64_t unix_s)
{
	int64_t max = 253402300799; /* 9999-12-31T23:59:59Z */
	int64_t t = unix_s < 0 ? 0 : unix_s > max ? max : unix_s;
	int64_t z = t / 86400 + 719468;
	int64_t era = z / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	int d = (int)(doy - (153 * mp + 2) / 5 + 1);
	int m = (int)(mp < 10 ? mp + 3 : mp - 9);
	int y = (int)(yoe + era * 400 + (m <= 2));
	int rest = (int)(t % 86400);
	char text[64];

	(void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ", y,
	    m, d, rest / 3600, rest / 60 % 60, rest % 60);
	memcpy(out, text, TIME_TEXT_SIZE - 1);
	out[TIME_TEXT_SIZE - 1] = 0;
}
