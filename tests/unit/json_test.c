/* Strict JSON, canonical JSON, declarative reading. */
#include <stdio.h>
#include <string.h>

#include "manifest/base/json.h"
#include "tests/tap.h"

static struct bytes
text(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

static void
hostile_text_is_refused(void)
{
	static const char *const bad[] = { "", " ", "{", "{}x", "{} {}",
		"{\"a\":1,\"a\":1}", "{\"a\":{\"b\":1,\"b\":2}}", "1.5", "1e3",
		"[1.0]", "-", "01", "+1", "{\"a\":01}", "nul", "[1,]",
		"{\"a\":1,}", "'a'", "\"\\u0000\"", "{\"\\u0000\":1}",
		"\"\\ud800\"", "\"\x80\"", "\"\xc0\xaf\"", "\"a\nb\"",
		"99999999999999999999", "//c\n1", "NaN", "Infinity",
		"9223372036854775808", "-9223372036854775809", "-00", "--1",
		"\"\\ud83d\\u0041\"", "\"\\ude00\"", "\"\\u12\"", "\"\\u12g4\"",
		"\"\\x\"", "\"\\\"", "\"\\", "{1:2}", "{\"a\" 1}", "[1 2]",
		"[1}", "truefalse", "\"\xed\xa0\x80\"", "\xef\xbb\xbf{}",
		"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]" };
	struct err e;

	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO_JSON v = json_read(text(bad[i]), 1000, &e);

		if (!CHECK(v == NULL))
			tap_note("accepted: %s", bad[i]);
		else
			CHECK(e.kind == ERR_INPUT || e.kind == ERR_LIMIT);
	}
}

static void
nothing_hides_behind_a_zero_byte(void)
{
	static const char bad[] = "{}\0x";
	struct err e;

	for (size_t n = 3; n < sizeof(bad); n++) {
		AUTO_JSON v = json_read(
		    (struct bytes){ (const uint8_t *)bad, n }, 100, &e);

		CHECK(v == NULL);
	}
}

static void
texts_mean_what_they_say(void)
{
	static const char good[] =
	    " [\"\\u00e9\\u20AC\\ud83d\\ude00\\/\\b\", -9223372036854775808,"
	    "\t9223372036854775807, 0, -0, {\"\\u0041\" :\r\n[ ] , \"b\":{ }}]";
	struct err e;
	AUTO_JSON v = json_read(text(good), 1000, &e);
	const json_t *o = json_array_get(v, 5);

	if (!CHECK(v != NULL)) {
		tap_note("%s", e.msg);
		return;
	}
	CHECK_TEXT(json_string_value(json_array_get(v, 0)),
	    "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80/\b");
	CHECK_INT(json_integer_value(json_array_get(v, 1)), INT64_MIN);
	CHECK_INT(json_integer_value(json_array_get(v, 2)), INT64_MAX);
	CHECK_INT(json_integer_value(json_array_get(v, 4)), 0);
	CHECK(json_is_array(json_object_get(o, "A")));
	CHECK(json_is_object(json_object_get(o, "b")));
}

static void
limits_hold(void)
{
	struct err e;
	AUTO_JSON ok =
	    json_read(text("[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]"), 100, &e);
	AUTO_JSON deep_in_string =
	    json_read(text("\"[[[[[[[[[[[[[[[[[[[[\""), 100, &e);
	AUTO_JSON longer = NULL;
	AUTO_BUF b;

	CHECK(ok != NULL);
	CHECK(deep_in_string != NULL);
	longer = json_read(text("[1,2,3]"), 6, &e);
	CHECK(longer == NULL);
	CHECK_INT(e.kind, ERR_LIMIT);
	buf_init(&b, 1 << 20);
	buf_byte(&b, '"');
	for (int i = 0; i <= JSON_STRING_MAX; i++)
		buf_byte(&b, 'x');
	buf_byte(&b, '"');
	longer = json_read(buf_bytes(&b), 1 << 20, &e);
	CHECK(longer == NULL);
	CHECK_INT(e.kind, ERR_LIMIT);
}

static void
canonical_form_is_exact(void)
{
	struct err e;
	AUTO_BUF b;
	AUTO_JSON v = json_read(
	    text(" {\"b\" : [1, true,null,-7], \"a\":\"q\\\"\\\\\\n\\u00e9/\","
		 "\"B\":{}, \"\":\"\"} "),
	    1000, &e);

	buf_init(&b, 1000);
	CHECK(v != NULL);
	CHECK_INT(json_canon(v, &b, &e), 0);
	CHECK_TEXT(buf_str(&b),
	    "{\"\":\"\",\"B\":{},\"a\":\"q\\\"\\\\\n\xc3\xa9/"
	    "\",\"b\":[1,true,null,-7]}");
	buf_done(&b);
	buf_init(&b, 3);
	CHECK_INT(json_canon(v, &b, &e), -1);
	CHECK_INT(e.kind, ERR_LIMIT);
}

struct thing {
	const char *name;
	int64_t count;
	uint8_t id[4];
	int64_t when;
	bool flag;
	const json_t *list;
};

static const struct json_field fields[] = {
	JSON_TEXT(struct thing, name, 1, 8),
	JSON_INT(struct thing, count, 0, 100),
	JSON_F(JSON_FIELD_HEX, struct thing, id, true, 4, 4),
	JSON_F(JSON_FIELD_TIME, struct thing, when, true, 0, 0),
	JSON_F(JSON_FIELD_BOOL, struct thing, flag, true, 0, 0),
	JSON_F(JSON_FIELD_ARRAY, struct thing, list, true, 1, 2),
};

static int
read_thing(const char *s, bool strict, struct thing *t, struct err *e)
{
	static struct arena *a;
	static json_t *v;

	if (a == NULL)
		a = arena_new(65536);
	json_decref(v);
	*t = (struct thing){ .count = -1 };
	v = json_read(text(s), 1000, e);
	if (v == NULL)
		return -1;
	return json_struct(v, fields, COUNT(fields), strict, t, a, e);
}

static void
structs_are_read_and_bounded(void)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "[]", "expected an object" },
		{ "{\"count\":1}", "name is missing" },
		{ "{\"name\":1,\"count\":1}", "name: a number" },
		{ "{\"name\":\"\",\"count\":1}", "name: 0 bytes" },
		{ "{\"name\":\"123456789\",\"count\":1}", "name: 9 bytes" },
		{ "{\"name\":\"a\",\"count\":101}", "count: 101" },
		{ "{\"name\":\"a\",\"count\":\"1\"}", "count: a string" },
		{ "{\"name\":\"a\",\"count\":null}", "count: null" },
		{ "{\"name\":\"a\",\"count\":1,\"id\":\"00\"}", "id: not" },
		{ "{\"name\":\"a\",\"count\":1,\"when\":\"x\"}", "when: " },
		{ "{\"name\":\"a\",\"count\":1,\"flag\":0}", "flag: a number" },
		{ "{\"name\":\"a\",\"count\":1,\"list\":[]}", "list: 0" },
		{ "{\"name\":\"a\",\"count\":1,\"list\":[1,2,3]}", "list: 3" },
		{ "{\"name\":\"a\",\"count\":1,\"x\":1}", "unknown key \"x\"" },
	};
	struct thing t;
	struct err e = { 0 };

	for (size_t i = 0; i < COUNT(bad); i++) {
		CHECK_INT(read_thing(bad[i].text, true, &t, &e), -1);
		if (!CHECK(strstr(e.msg, bad[i].why) != NULL))
			tap_note("%s: %s", bad[i].text, e.msg);
	}
	CHECK_INT(read_thing("{\"name\":\"a\",\"count\":7,\"id\":\"00ff10aa\","
			     "\"when\":\"1970-01-01T00:01:00Z\",\"flag\":true,"
			     "\"list\":[1],\"more\":1}",
		      false, &t, &e),
	    0);
	CHECK_TEXT(t.name, "a");
	CHECK_INT(t.count, 7);
	CHECK_BYTES(t.id, "\x00\xff\x10\xaa", 4);
	CHECK_INT(t.when, 60);
	CHECK(t.flag);
	CHECK_INT(read_thing("{\"name\":\"a\",\"count\":7,\"when\":null}", true,
		      &t, &e),
	    0);
}

/* Canonical JSON leaves them as they are, so that it is not always JSON. */
static void
json_write_escapes_control_characters(void)
{
	AUTO_JSON v = json_pack("{ss}", "a\tb", "-\n-\x01-\"");
	AUTO_JSON again = NULL;
	AUTO_BUF canon;
	AUTO_BUF text;
	struct err e;

	buf_init(&canon, 100);
	buf_init(&text, 100);
	CHECK_INT(json_canon(v, &canon, &e), 0);
	CHECK_TEXT(buf_str(&canon), "{\"a\tb\":\"-\n-\x01-\\\"\"}");
	CHECK(json_read(buf_bytes(&canon), 100, &e) == NULL);
	CHECK_INT(json_write(v, &text, &e), 0);
	CHECK_TEXT(buf_str(&text), "{\"a\\u0009b\":\"-\\n-\\u0001-\\\"\"}");
	again = json_read(buf_bytes(&text), 100, &e);
	CHECK(again != NULL && json_equal(v, again));
}

int
main(void)
{
	static const struct tap_test tests[] = {
		TAP(hostile_text_is_refused),
		TAP(nothing_hides_behind_a_zero_byte),
		TAP(texts_mean_what_they_say),
		TAP(limits_hold),
		TAP(canonical_form_is_exact),
		TAP(structs_are_read_and_bounded),
		TAP(json_write_escapes_control_characters),
	};

	return tap_run(tests, COUNT(tests));
}
