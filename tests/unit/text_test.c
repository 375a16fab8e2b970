/* Text encodings and strict scalars. */
#include <string.h>

#include "manifest/base/text.h"
#include "tests/tap.h"

static void
hex_goes_both_ways_in_lower_case_only(void)
{
	uint8_t in[3] = { 0x00, 0xab, 0xff }, out[3];
	char text[HEX_SIZE(3)];

	hex_write(text, in, sizeof(in));
	CHECK_TEXT(text, "00abff");
	CHECK_INT(hex_read(out, 3, text), 0);
	CHECK_BYTES(out, in, 3);
	CHECK_INT(hex_read(out, 3, "00ABFF"), -1);
	CHECK_INT(hex_read(out, 3, "00abf"), -1);
	CHECK_INT(hex_read(out, 3, "00abff0"), -1);
	CHECK_INT(hex_read(out, 3, "00abfg"), -1);
}

static void
base64_is_canonical(void)
{
	static const char *const good[] = { "", "Zg==", "Zm8=", "Zm9v",
		"Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" }; /* RFC 4648, 10 */
	static const char *const bad[] = { "Z", "Zg",
		"Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Zm9v\n",
		"Z===", "====", "Zm-v" };
	uint8_t out[8];
	char text[BASE64_SIZE(8)];
	size_t len;

	for (size_t i = 0; i < COUNT(good); i++) {
		CHECK_INT(base64_read(out, sizeof(out), &len, good[i]), 0);
		CHECK_INT(len, i);
		CHECK_BYTES(out, "foobar", len);
		base64_write(text, out, len);
		CHECK_TEXT(text, good[i]);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK_INT(base64_read(out, sizeof(out), &len, bad[i]), -1);
	CHECK_INT(base64_read(out, 5, &len, "Zm9vYmFy"), -1);
}

static void
integers_have_one_form(void)
{
	static const char *const bad[] = { "", "-", "+1", " 1", "1 ", "01",
		"-0", "-01", "1e3", "0x1", "9223372036854775808",
		"-9223372036854775809", "1.0" };
	int64_t v;

	CHECK_INT(int_read("9223372036854775807", 0, INT64_MAX, &v), 0);
	CHECK(v == INT64_MAX);
	CHECK_INT(int_read("-9223372036854775808", INT64_MIN, 0, &v), 0);
	CHECK(v == INT64_MIN);
	CHECK_INT(int_read("0", 0, 0, &v), 0);
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK_INT(int_read(bad[i], INT64_MIN, INT64_MAX, &v), -1);
	CHECK_INT(int_read("11", 0, 10, &v), -1);
	CHECK_INT(int_read("-1", 0, 10, &v), -1);
}

static void
units_are_read(void)
{
	int64_t v;

	CHECK_INT(size_read("16M", INT64_MAX, &v), 0);
	CHECK_INT(v, 16 << 20);
	CHECK_INT(size_read("9223372036854775807G", INT64_MAX, &v), -1);
	CHECK_INT(size_read("1T", INT64_MAX, &v), -1);
	CHECK_INT(duration_read("24h", INT64_MAX, &v), 0);
	CHECK_INT(v, 86400);
	CHECK_INT(duration_read("90", INT64_MAX, &v), 0);
	CHECK_INT(v, 90);
	CHECK_INT(duration_read("8d", 604800, &v), -1);
	CHECK_INT(duration_read("d", 604800, &v), -1);
	CHECK_INT(duration_read("", 604800, &v), -1);
}

static void
percentages_are_exact(void)
{
	static const char *const bad[] = { "", "101", "100.01", "-1", "1.",
		".5", "0.001", "1,5", "5%", "1e1", "1.0x" };
	int bp;

	CHECK_INT(percent_read("0", &bp), 0);
	CHECK_INT(bp, 0);
	CHECK_INT(percent_read("0.1", &bp), 0);
	CHECK_INT(bp, 10);
	CHECK_INT(percent_read("12.34", &bp), 0);
	CHECK_INT(bp, 1234);
	CHECK_INT(percent_read("100.00", &bp), 0);
	CHECK_INT(bp, 10000);
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK_INT(percent_read(bad[i], &bp), -1);
}

static void
times_go_both_ways(void)
{
	static const struct {
		const char *text;
		int64_t s;
	} good[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2000-02-29T12:34:56Z", 951827696 },
		{ "2026-11-20T00:00:00Z", 1795132800 },
		{ "2038-01-19T03:14:08Z", 2147483648 },
		{ "2100-02-28T23:59:59Z", 4107542399 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
	};
	static const char *const bad[] = { "2026-02-29T00:00:00Z",
		"2100-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
		"2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
		"2026-01-01T00:00:60Z", "1969-12-31T23:59:59Z",
		"2026-01-01 00:00:00Z", "2026-01-01T00:00:00",
		"2026-01-01T00:00:00+00:00", "2026-1-01T00:00:00Z", "" };
	char text[TIME_TEXT_SIZE];
	int64_t s;

	for (size_t i = 0; i < COUNT(good); i++) {
		CHECK_INT(time_read(good[i].text, &s), 0);
		CHECK_INT(s, good[i].s);
		time_write(text, good[i].s);
		CHECK_TEXT(text, good[i].text);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK_INT(time_read(bad[i], &s), -1);
	for (int64_t at = 0; at < 253402300800; at += 86399 * 97) {
		time_write(text, at);
		if (!CHECK(time_read(text, &s) == 0 && s == at))
			break;
	}
}

static void
times_of_others(void)
{
	static const struct {
		const char *text;
		int64_t s;
	} good[] = {
		{ "2026-11-20T00:00:00Z", 1795132800 },
		{ "2026-11-20T00:00:00.953595765Z", 1795132800 },
		{ "2026-11-19T18:00:00.99-06:00", 1795132800 },
		{ "2026-11-20T05:30:00+05:30", 1795132800 },
		{ "1970-01-01T00:00:00-00:01", 60 },
	};
	static const char *const bad[] = { "2026-11-20T00:00:00",
		"2026-11-20T00:00:00.Z", "2026-11-20T00:00:00,5Z",
		"2026-11-20T00:00:00+0530", "2026-11-20T00:00:00+24:00",
		"2026-11-20T00:00:00+05:60", "2026-11-20T00:00:00ZZ",
		"2026-11-20T00:00:00+05:30Z", "2026-11-20t00:00:00z",
		"1970-01-01T00:00:00+00:01", "2026-11-20", "" };
	int64_t s;

	for (size_t i = 0; i < COUNT(good); i++) {
		CHECK_INT(time_read_any(good[i].text, &s), 0);
		CHECK_INT(s, good[i].s);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK_INT(time_read_any(bad[i], &s), -1);
}

static void
names_fit_into_paths(void)
{
	CHECK(name_ok("linux-x86_64", 64));
	CHECK(name_ok("app-1.2.0+b1.tar.gz", 64));
	CHECK(!name_ok("", 64));
	CHECK(!name_ok("..", 64));
	CHECK(!name_ok(".hidden", 64));
	CHECK(!name_ok("-rf", 64));
	CHECK(!name_ok("a/b", 64));
	CHECK(!name_ok("a b", 64));
	CHECK(!name_ok("a\n", 64));
	CHECK(!name_ok("\xc3\xa9", 64));
	CHECK(name_ok("abcd", 4));
	CHECK(!name_ok("abcde", 4));
}

static void
utf8_is_well_formed(void)
{
	static const char *const bad[] = { "\x80", "\xc0\x80", "\xc1\xbf",
		"\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xff" };

	CHECK(utf8_ok("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 10));
	CHECK(!utf8_ok("a\0b", 3));
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(!utf8_ok(bad[i], strlen(bad[i])));
}

static void
terminals_get_no_control_bytes(void)
{
	char out[32];

	CHECK_TEXT(
	    text_safe(out, sizeof(out), "a\x1b[31mb\n\x7f"), "a?[31mb??");
	CHECK_TEXT(text_safe(out, sizeof(out),
		       "\xc2\x9b"
		       "1m"),
	    "?1m");
	CHECK_TEXT(text_safe(out, sizeof(out), "\xc3\xa9\xff"), "\xc3\xa9?");
	CHECK_TEXT(text_safe(out, 4, "ab\xe2\x82\xac"), "ab");
	CHECK_TEXT(text_safe(out, 1, "ab"), "");
}

static void
urls_are_put_together(void)
{
	AUTO_ARENA a = arena_new(4096);
	struct err e;

	CHECK_INT(url_length("https://example.org//"), 19);
	CHECK_INT(url_length("https://example.org"), 19);
	CHECK_INT(url_length("//"), 0);
	CHECK_TEXT(percent_encode(a, "az.AZ_09~-", &e), "az.AZ_09~-");
	CHECK_TEXT(
	    percent_encode(a, "a/b c%\xc3\xa9", &e), "a%2Fb%20c%25%C3%A9");
	CHECK_TEXT(percent_encode(a, "", &e), "");
}

int
main(void)
{
	static const struct tap_test tests[] = {
		TAP(hex_goes_both_ways_in_lower_case_only),
		TAP(base64_is_canonical),
		TAP(integers_have_one_form),
		TAP(units_are_read),
		TAP(percentages_are_exact),
		TAP(times_go_both_ways),
		TAP(times_of_others),
		TAP(names_fit_into_paths),
		TAP(utf8_is_well_formed),
		TAP(terminals_get_no_control_bytes),
		TAP(urls_are_put_together),
	};

	return tap_run(tests, COUNT(tests));
}
