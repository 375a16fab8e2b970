/*
 * What the server believes of a request: header guard, targets, routes,
 * ranges, tags, prefixes.
 */
#include "server/guard.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "server/fields.h"
#include "server/peer.h"
#include "server/route.h"
#include "server/url.h"
#include "tests/tap.h"

/* --- the guard ------------------------------------------------------------ */

/* fields: "Name: value" each, as they came. */
static int
judge(const char *version, const char *const *fields, size_t n)
{
	struct guard g;

	guard_init(&g);
	for (size_t i = 0; i < n; i++) {
		const char *colon = strchr(fields[i], ':');

		(void)guard_field(&g, fields[i], (size_t)(colon - fields[i]),
		    colon + 2, strlen(colon + 2));
	}
	return guard_end(&g, version);
}
#define JUDGE(version, ...)                                  \
	judge(version, (const char *const[]){ __VA_ARGS__ }, \
	    COUNT(((const char *const[]){ __VA_ARGS__ })))

static void
plain_requests_pass(void)
{
	CHECK_INT(JUDGE("HTTP/1.1", "Host: a"), 0);
	CHECK_INT(JUDGE("HTTP/1.0", "Accept: */*"), 0);
	CHECK_INT(JUDGE("HTTP/1.1", "Host: a", "Content-Length: 12"), 0);
	CHECK_INT(JUDGE("HTTP/1.1", "host: a", "X-Empty: "), 0);
}

static void
smugglers_are_refused(void)
{
	CHECK_INT(JUDGE("HTTP/1.1", "Host: a", "Content-Length: 3",
		      "Transfer-Encoding: chunked"),
	    400);
	CHECK_INT(JUDGE("HTTP/1.1", "Host: a", "Content-Length: 3",
		      "Content-Length: 4"),
	    400);
	CHECK_INT(JUDGE("HTTP/1.1", "Host: a", "Content-Length: 3",
		      "content-length: 3"),
	    400);
	CHECK_INT(
	    JUDGE("HTTP/1.1", "Host: a", "Transfer-Encoding : chunked"), 400);
	CHECK_INT(JUDGE("HTTP/1.1", "Host: a", "Transfer-Encoding: x",
		      "Transfer-Encoding: chunked"),
	    400);
	CHECK_INT(JUDGE("HTTP/1.0", "Transfer-Encoding: chunked"), 400);
}

static void
lengths_are_plain_numbers(void)
{
	static const char *const bad[] = { "Content-Length: -1",
		"Content-Length: +1", "Content-Length: 0x10",
		"Content-Length: 1, 1",
		"Content-Length: ", "Content-Length: 99999999999999999999" };

	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK_INT(JUDGE("HTTP/1.1", "Host: a", bad[i]), 400);
}

static void
hosts_are_one(void)
{
	CHECK_INT(JUDGE("HTTP/1.1", "Accept: */*"), 400);
	CHECK_INT(JUDGE("HTTP/1.1", "Host: a", "Host: b"), 400);
	CHECK_INT(JUDGE("HTTP/1.0", "Host: a", "Host: b"), 400);
}

static void
control_bytes_and_strange_names_are_refused(void)
{
	struct guard g;

	CHECK_INT(JUDGE("HTTP/1.1", "Host: a", "X: a\rb"), 400);
	CHECK_INT(JUDGE("HTTP/1.1", "Host: a", "X: a\nb"), 400);
	CHECK_INT(JUDGE("HTTP/1.1", "Host: a", "X: a\x7f"), 400);
	CHECK_INT(JUDGE("HTTP/1.1", "Host: a", ": empty"), 400);
	CHECK_INT(JUDGE("HTTP/1.1", "Host: a", "X(y): z"), 400);
	guard_init(&g);
	CHECK(!guard_field(&g, "X", 1, "a\0b", 3));
}

static void
too_many_fields_and_other_versions_have_their_own_status(void)
{
	struct guard g;

	guard_init(&g);
	CHECK(guard_field(&g, "Host", 4, "a", 1));
	for (int i = 0; i < GUARD_FIELDS_MAX; i++)
		(void)guard_field(&g, "X", 1, "y", 1);
	CHECK_INT(guard_end(&g, "HTTP/1.1"), 431);
	CHECK_INT(JUDGE("HTTP/2.0", "Host: a"), 505);
	CHECK_INT(
	    JUDGE("HTTP/1.1", "Host: a", "Transfer-Encoding: chunked"), 411);
}

/* --- targets -------------------------------------------------------------- */

static void
targets_are_decoded_once(void)
{
	struct url u;
	struct err e;

	CHECK_INT(url_read(&u,
		      "/editor/stable/timestamp.json?id=ab&version=1.0%2Bx"
		      "&seen=64&ask=1",
		      &e),
	    0);
	CHECK_TEXT(u.path, "/editor/stable/timestamp.json");
	CHECK_TEXT(url_query(&u, "id"), "ab");
	CHECK_TEXT(url_query(&u, "version"), "1.0+x");
	CHECK_TEXT(url_query(&u, "seen"), "64");
	CHECK(url_query(&u, "group") == NULL);
	CHECK_INT(url_read(&u, "/a/1.0%2B1/x?v=1.0+1", &e), 0);
	CHECK_TEXT(u.path, "/a/1.0+1/x");
	CHECK_TEXT(url_query(&u, "v"), "1.0+1");
	CHECK_INT(url_read(&u, "/", &e), 0);
	CHECK_INT(url_read(&u, "/a?", &e), 0);
	CHECK_INT(url_read(&u, "/a?x=&y=1", &e), 0);
	CHECK_TEXT(url_query(&u, "x"), "");
}

static void
doubtful_targets_are_refused(void)
{
	static const char *const bad[] = { "", "a", "*", "//", "/a//b", "/a/",
		"/.", "/..", "/a/../b", "/a/%2e%2e/b", "/a/%2E./b", "/a%2fb",
		"/a%00", "/a%", "/a%4", "/a%zz", "/a b", "/a\\b", "/a;b",
		"/a?x", "/a?=1", "/a?x=1&x=2", "/a?x=%00", "/a?x=%0a",
		"/a?x=\x7f", "/a?x=%g0", "http://a/b" };
	struct url u;
	struct err e;

	for (size_t i = 0; i < COUNT(bad); i++)
		if (!CHECK_INT(url_read(&u, bad[i], &e), -1))
			tap_note("%s", bad[i]);
}

static void
targets_have_limits(void)
{
	char raw[URL_MAX + 3], many[512] = "/a?";
	struct url u;
	struct err e;

	memset(raw, 'a', sizeof(raw));
	raw[0] = '/';
	raw[URL_MAX] = 0;
	CHECK_INT(url_read(&u, raw, &e), 0);
	raw[URL_MAX] = 'a';
	raw[URL_MAX + 1] = 0;
	CHECK_INT(url_read(&u, raw, &e), -1);
	CHECK_INT(e.kind, ERR_LIMIT);
	for (int i = 0; i <= URL_PAIRS_MAX; i++)
		(void)snprintf(many + strlen(many), sizeof(many) - strlen(many),
		    "k%d=1&", i);
	CHECK_INT(url_read(&u, many, &e), -1);
}

/* --- routes --------------------------------------------------------------- */

static void
routes_capture_names(void)
{
	char path[] = "/editor/stable/targets/1.0/linux-x86_64/a.b";
	char short_path[] = "/editor/stable", other[] = "/v1/health/x";
	char *arg[ROUTE_ARGS];

	CHECK_INT(route_match("/:p/:c/timestamp.json", path, arg), -1);
	CHECK_INT(route_match("/:p/:c/*", short_path, arg), -1);
	CHECK_INT(route_match("/v1/health", other, arg), -1);
	CHECK_TEXT(other, "/v1/health/x");
	CHECK_INT(route_match("/:p/:c/*", path, arg), 3);
	CHECK_TEXT(arg[0], "editor");
	CHECK_TEXT(arg[1], "stable");
	CHECK_TEXT(arg[2], "targets/1.0/linux-x86_64/a.b");
}

static void
head_is_get(void)
{
	const struct route r = { "GET", "/healthz" };

	CHECK(route_allows(&r, "HEAD"));
	CHECK(route_allows(&r, "GET"));
	CHECK(!route_allows(&r, "POST"));
	CHECK(!route_allows(&r, "get"));
}

/* --- header values -------------------------------------------------------- */

static void
check_range(const char *value, enum range want, int64_t from, int64_t len)
{
	int64_t f = -1, l = -1;

	if (!CHECK_INT(fields_range(value, 1000, &f, &l), want))
		tap_note("%s", value);
	if (want == RANGE_PART) {
		CHECK_INT(f, from);
		CHECK_INT(l, len);
	}
}

static void
ranges_lie_inside_the_file(void)
{
	check_range("bytes=0-499", RANGE_PART, 0, 500);
	check_range("bytes=500-", RANGE_PART, 500, 500);
	check_range("bytes=-1", RANGE_PART, 999, 1);
	check_range("bytes=-5000", RANGE_PART, 0, 1000);
	check_range("bytes=999-5000", RANGE_PART, 999, 1);
	check_range("bytes=0-9223372036854775807", RANGE_PART, 0, 1000);
	check_range("bytes=007-08", RANGE_PART, 7, 2);
	check_range("bytes=1000-", RANGE_BAD, 0, 0);
	check_range("bytes=-0", RANGE_BAD, 0, 0);
}

static void
odd_ranges_are_ignored(void)
{
	static const char *const odd[] = { "bytes=", "bytes=-", "bytes=5-4",
		"bytes=0-1,3-4", "lines=0-1", "bytes=a-b", "bytes=1-2x",
		"bytes 0-1", "bytes=99999999999999999999-", "bytes=--1" };

	check_range(NULL, RANGE_NONE, 0, 0);
	for (size_t i = 0; i < COUNT(odd); i++)
		check_range(odd[i], RANGE_NONE, 0, 0);
}

static void
tags_match_whole(void)
{
	CHECK(fields_etag("\"ab\"", "ab"));
	CHECK(fields_etag("W/\"ab\"", "ab"));
	CHECK(fields_etag("\"x\", \"ab\"", "ab"));
	CHECK(fields_etag("*", "ab"));
	CHECK(!fields_etag("\"abc\"", "ab"));
	CHECK(!fields_etag("ab", "ab"));
	CHECK(!fields_etag("\"a", "a"));
	CHECK(!fields_etag("\"", "a"));
	CHECK(!fields_etag(NULL, "ab"));
	CHECK(fields_if_range(NULL, "ab"));
	CHECK(fields_if_range("\"ab\"", "ab"));
	CHECK(!fields_if_range("W/\"ab\"", "ab"));
	CHECK(!fields_if_range("Tue, 01 Jan 2030 00:00:00 GMT", "ab"));
}

static void
tokens_and_addresses_are_found(void)
{
	char out[32];

	CHECK(fields_bearer("Bearer slc_1_x", out, sizeof(out)));
	CHECK_TEXT(out, "slc_1_x");
	CHECK(!fields_bearer("Bearer ", out, sizeof(out)));
	CHECK(!fields_bearer("Basic abc", out, sizeof(out)));
	CHECK(!fields_bearer("Bearer a b", out, sizeof(out)));
	CHECK(!fields_bearer("Bearer 0123456789", out, 10));
	CHECK(fields_forwarded("9.9.9.9, 192.0.2.7", out, sizeof(out)));
	CHECK_TEXT(out, "192.0.2.7");
	CHECK(!fields_forwarded("", out, sizeof(out)));
}

/* --- peers ---------------------------------------------------------------- */

static void
addresses_are_read(void)
{
	struct peer p, mapped;

	CHECK_INT(peer_text(&p, "192.0.2.77"), 0);
	CHECK_INT(peer_text(&mapped, "::ffff:192.0.2.77"), 0);
	CHECK(memcmp(&p, &mapped, sizeof(p)) == 0);
	CHECK_INT(peer_text(&p, "2001:db8:1:2:3::4"), 0);
	CHECK(!peer_loopback(&p));
	CHECK_INT(peer_text(&p, "127.0.0.2"), 0);
	CHECK(peer_loopback(&p));
	CHECK_INT(peer_text(&p, "not an address"), -1);
}

static void
a_prefix_has_its_share(void)
{
	struct err e;
	struct peer_limits *l = peer_limits_new(&e);
	struct peer a, b, neighbour;
	int taken = 0;

	CHECK_INT(peer_text(&a, "192.0.2.1"), 0);
	CHECK_INT(peer_text(&b, "198.51.100.1"), 0);
	CHECK(!peer_full(l, &a, 1));
	peer_enter(l, &a);
	CHECK(peer_full(l, &a, 1));
	CHECK(!peer_full(l, &b, 1));
	peer_leave(l, &a);
	CHECK(!peer_full(l, &a, 1));
	/* ten a minute, then one every six seconds */
	while (taken < 100 && peer_take(l, &a, 10, 1000000))
		taken++;
	CHECK_INT(taken, 10);
	CHECK(peer_spent(l, &a, 10, 1000000));
	CHECK_INT(peer_text(&neighbour, "192.0.2.77"), 0);
	CHECK(peer_spent(l, &neighbour, 10, 1000000));
	CHECK(!peer_spent(l, &b, 10, 1000000));
	CHECK(!peer_take(l, &a, 10, 1005000));
	CHECK(peer_take(l, &a, 10, 1006000));
	CHECK(!peer_take(l, &a, 10, 1006000));
	peer_limits_free(l);
}

static const struct tap_test tests[] = {
	TAP(plain_requests_pass),
	TAP(smugglers_are_refused),
	TAP(lengths_are_plain_numbers),
	TAP(hosts_are_one),
	TAP(control_bytes_and_strange_names_are_refused),
	TAP(too_many_fields_and_other_versions_have_their_own_status),
	TAP(targets_are_decoded_once),
	TAP(doubtful_targets_are_refused),
	TAP(targets_have_limits),
	TAP(routes_capture_names),
	TAP(head_is_get),
	TAP(ranges_lie_inside_the_file),
	TAP(odd_ranges_are_ignored),
	TAP(tags_match_whole),
	TAP(tokens_and_addresses_are_found),
	TAP(addresses_are_read),
	TAP(a_prefix_has_its_share),
};

int
main(void)
{
	if (sodium_init() < 0)
		return 2;
	return tap_run(tests, COUNT(tests));
}
