/*
 * Delegations: which paths are whose, and which roles a search visits.  Whole
 * repositories are tests/tuf.
 */
#include "manifest/delegation.h"

#include <stdio.h>
#include <string.h>

#include "manifest/base/text.h"
#include "tests/repo.h"
#include "tests/tap.h"

static void
delegation_wildcards_stop_at_slashes(void)
{
	static const struct {
		const char *pattern, *path;
		bool match;
	} cases[] = {
		{ "", "", true },
		{ "*", "", true },
		{ "?", "", false },
		{ "a", "", false },
		{ "", "a", false },
		{ "*", "file", true },
		{ "*", "dir/file", false },
		{ "*/*", "dir/file", true },
		{ "*/*", "/", true },
		{ "**", "dir/file", false },
		{ "a/*", "a/b/c", false },
		{ "a/*/c", "a/b/c", true },
		{ "a/*/c", "a//c", true },
		{ "*a*b", "xaxaxb", true },
		{ "*a*b", "xaxaxc", false },
		{ "*ab", "aaab", true },
		{ "*/b", "a/a/b", false },
		{ "a*/b*", "aaa/bbb", true },
		{ "?", "/", false },
		{ "a?c", "a/c", false },
		{ "???", "\xc3\xbcxy", true },
		{ "??", "\xe2\x82\xac", false },
		{ "*?", "\xc3\xbc", true },
		{ "*??x", "\xc3\xbcx", false },
		{ "[a]", "a", false },
		{ "[a]", "[a]", true },
		{ "\\*", "*", false },
		{ "\\*", "\\x", true },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		if (!CHECK(delegation_matches(cases[i].pattern,
			       cases[i].path) == cases[i].match))
			tap_note("%s %s", cases[i].pattern, cases[i].path);
}

/* A long path and many stars: no more than their product in steps. */
static void
delegation_wildcards_do_not_explode(void)
{
	char path[1025], pattern[801];

	memset(path, 'a', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	for (size_t i = 0; i + 2 < sizeof pattern; i += 2)
		memcpy(pattern + i, "*a", 2);
	memcpy(pattern + sizeof pattern - 2, "b", 2);
	CHECK(!delegation_matches(pattern, path));
	pattern[sizeof pattern - 2] = 'a';
	CHECK(delegation_matches(pattern, path));
}

#define DOCUMENT                                                           \
	"{\"signatures\":[],\"signed\":{\"_type\":\"targets\","            \
	"\"expires\":\"2027-01-01T00:00:00Z\",\"spec_version\":\"1.0.0\"," \
	"\"targets\":{},\"version\":1,\"delegations\":%s}}"

static const struct role *
read_with(struct repo *r, const char *delegations, struct err *e)
{
	char *text = arena_printf(r->arena, e, DOCUMENT, delegations);

	return role_read(
	    r->arena, ROLE_TARGETS, repo_text(text), ROLE_FOREIGN, e);
}

#define ROLE_OF(name)                                           \
	"{\"name\":\"" name "\",\"keyids\":[],\"threshold\":1," \
	"\"terminating\":false,\"paths\":[\"*\"]}"

static void
delegation_refuses_wrong_forms(void)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "[]", "needs one of" },
		{ "{\"keys\":{}}", "needs one of" },
		{ "{\"roles\":[]}", "keys" },
		{ "{\"keys\":{},\"roles\":7}", "not an array" },
		{ "{\"keys\":{},\"roles\":[" ROLE_OF("root") "]}", "top" },
		{ "{\"keys\":{},\"roles\":[" ROLE_OF("a") "," ROLE_OF("a") "]}",
		    "twice" },
		{ "{\"keys\":{},\"roles\":[" ROLE_OF("") "]}", "name" },
		{ "{\"keys\":{},\"roles\":[],\"succinct_roles\":{}}",
		    "needs one of" },
		{ "{\"keys\":{},\"succinct_roles\":{\"keyids\":[],"
		  "\"threshold\":1,\"bit_length\":33,\"name_prefix\":\"b\"}}",
		    "bit_length" },
	};
	AUTO_REPO r = repo_new("editor", "stable");
	struct err e;

	for (size_t i = 0; i < COUNT(cases); i++) {
		CHECK(read_with(r, cases[i].text, &e) == NULL);
		if (!CHECK(strstr(e.msg, cases[i].says) != NULL))
			tap_note("%zu: %s", i, e.msg);
	}
	CHECK(read_with(r, "null", &e) != NULL);
	CHECK(read_with(r, "{\"keys\":{},\"roles\":[" ROLE_OF("a") "]}", &e) !=
	    NULL);
}

/* TAP 15's example has 16 bits; the digest of "a" begins with ca978112. */
static void
delegation_bins_are_the_first_bits(void)
{
	static const struct {
		int bits;
		const char *name;
	} cases[] = {
		{ 1, "b-1" },
		{ 4, "b-c" },
		{ 5, "b-19" },
		{ 8, "b-ca" },
		{ 14, "b-32a5" },
		{ 16, "b-ca97" },
		{ 32, "b-ca978112" },
	};
	AUTO_REPO r = repo_new("editor", "stable");
	struct delegation out;
	struct err e;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct role *doc;
		char text[200];
		size_t at = 0;

		(void)snprintf(text, sizeof text,
		    "{\"keys\":{},\"succinct_roles\":{\"keyids\":[],"
		    "\"threshold\":1,\"bit_length\":%d,\"name_prefix\":\"b\"}}",
		    cases[i].bits);
		if (!CHECK((doc = read_with(r, text, &e)) != NULL))
			continue;
		CHECK_INT(delegation_next(
			      doc->delegations, "a", &at, &out, r->arena, &e),
		    1);
		CHECK_TEXT(out.name, cases[i].name);
		CHECK(out.terminating);
		CHECK_INT(delegation_next(
			      doc->delegations, "a", &at, &out, r->arena, &e),
		    0);
	}
}

/* Nothing of it is read in our own documents. */
static void
delegation_is_not_ours(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	const struct role *doc;
	struct err e;

	doc = role_read(r->arena, ROLE_TARGETS, repo_targets(r, 1, NULL, 0),
	    ROLE_STRICT, &e);
	CHECK(doc != NULL && doc->delegations == NULL);
}

static const struct tap_test tests[] = {
	TAP(delegation_wildcards_stop_at_slashes),
	TAP(delegation_wildcards_do_not_explode),
	TAP(delegation_refuses_wrong_forms),
	TAP(delegation_bins_are_the_first_bits),
	TAP(delegation_is_not_ours),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
