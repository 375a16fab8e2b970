/*
 * The form of TUF documents: what is refused before any signature is looked
 * at.
 */
#include "manifest/role.h"

#include <stdlib.h>
#include <string.h>

#include "tests/repo.h"
#include "tests/tap.h"

struct change {
	enum role_kind kind;
	const char *from, *to;
	bool foreign;	  /* without strict it is read all the same */
	const char *says; /* in the message */
};

#define SHA_OF_EMPTY \
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct change changes[] = {
	{ ROLE_ROOT, "\"_type\":\"root\"", "\"_type\":\"snapshot\"", false,
	    "_type" },
	{ ROLE_ROOT, "\"1.0.31\"", "\"2.0.0\"", false, "spec_version" },
	{ ROLE_ROOT, "\"1.0.31\"", "\"10.0.0\"", false, "spec_version" },
	{ ROLE_ROOT, "\"1.0.31\"", "\"1.x\"", false, "spec_version" },
	{ ROLE_ROOT, "\"version\":1,", "\"version\":0,", false, "version" },
	{ ROLE_ROOT, "\"version\":1,", "\"version\":-1,", false, "version" },
	{ ROLE_ROOT, "\"version\":1,", "\"version\":\"1\",", false, "version" },
	{ ROLE_ROOT, "\"version\":1,", "\"version\":1.0,", false, "fraction" },
	{ ROLE_ROOT, "\"version\":1,", "\"version\":2147483647,", true, NULL },
	{ ROLE_ROOT, "\"version\":1,", "\"version\":2147483648,", false,
	    "version" },
	{ ROLE_ROOT, "\"expires\":\"2027-06-01T00:00:00Z\"",
	    "\"expires\":\"2027-06-01\"", false, "expires" },
	{ ROLE_ROOT, "\"expires\":\"2027-06-01T00:00:00Z\"",
	    "\"expires\":\"2027-13-01T00:00:00Z\"", false, "expires" },
	{ ROLE_ROOT, "\"consistent_snapshot\":true",
	    "\"consistent_snapshot\":false", true, "consistent_snapshot" },
	{ ROLE_ROOT, "\"consistent_snapshot\":true",
	    "\"consistent_snapshot\":1", false, "consistent_snapshot" },
	{ ROLE_ROOT, "\"threshold\":2", "\"threshold\":0", false, "threshold" },
	{ ROLE_ROOT, "\"threshold\":2", "\"threshold\":-2", false,
	    "threshold" },
	{ ROLE_ROOT, "\"threshold\":2", "\"threshold\":4", true,
	    "threshold 4, but only 3 keys" },
	{ ROLE_ROOT, "\"keytype\":\"ed25519\"", "\"keytype\":\"rsa\"", true,
	    "keytype" },
	{ ROLE_ROOT, "\"scheme\":\"ed25519\"", "\"scheme\":\"none\"", true,
	    "scheme" },
	{ ROLE_ROOT, "\"targets\":{", "\"tarGets\":{", false,
	    "roles: targets" },
	{ ROLE_ROOT, "\"minisign\":[\"RW", "\"minisign\":[\"RX", true,
	    "minisign: entry 0" },
	{ ROLE_ROOT, "\"product\":\"editor\"", "\"product\":\"../x\"", true,
	    "not a name" },
	{ ROLE_ROOT, "\"product\":\"editor\"", "\"product\":\"\"", true,
	    "x-sluice" },
	{ ROLE_ROOT, "\"x-sluice\"", "\"x-slui\"", true, "x-sluice" },
	{ ROLE_ROOT, "\"sig\":\"", "\"sig\":\"00", true, "signatures" },
	{ ROLE_ROOT, "\"keyid\":\"", "\"keyid\":\"00", true, "signatures" },
	{ ROLE_ROOT, "\"sig\":\"", "\"sig2\":1,\"sig\":\"", true,
	    "unknown key" },
	{ ROLE_ROOT, "{\"signatures\":[", "{ \"signatures\":[", true,
	    "canonical" },
	{ ROLE_ROOT, "\"stable\"", "\"\\u0073table\"", true, "canonical" },
	{ ROLE_ROOT, "\"version\":1,", "\"version\":1,\"version\":1,", false,
	    "twice" },
	{ ROLE_TIMESTAMP, "\"meta\":{\"snapshot.json\"",
	    "\"meta\":{\"snapshoT.json\"", false, "snapshot.json is missing" },
	{ ROLE_TIMESTAMP, "\"cap_bp\":2500", "\"cap_bp\":10001", true,
	    "cap_bp" },
	{ ROLE_TIMESTAMP, "\"cap_bp\":2500", "\"cap_bp\":-1", true, "cap_bp" },
	{ ROLE_TIMESTAMP, "\"cap_bp\":2500,", "", true, "cap_bp" },
	{ ROLE_TIMESTAMP, "\"pin_seq\":41", "\"pin_seq\":0", true, "pin_seq" },
	{ ROLE_TIMESTAMP, "\"urgent\":true", "\"urgent\":1", true, "urgent" },
	{ ROLE_TIMESTAMP, "\"signed_at\":\"2026", "\"signed_at\":\"26", true,
	    "signed_at" },
	{ ROLE_SNAPSHOT, "\"targets.json\":{", "\"targetz.json\":{", false,
	    "targets.json is missing" },
	{ ROLE_SNAPSHOT, "\"sha256\"", "\"sha25\"", false, "sha256" },
	{ ROLE_SNAPSHOT, "\"hashes\"", "\"hashe\"", true, "sha256" },
	{ ROLE_SNAPSHOT, "\"length\"", "\"lengtg\"", true, "length" },
	{ ROLE_SNAPSHOT, "\"length\":", "\"length\":-", false, "length" },
	/* the same length and meaning, but another order */
	{ ROLE_TARGETS, "\"channel\":\"stable\",\"product\":\"editor\"",
	    "\"product\":\"editor\",\"channel\":\"stable\"", true,
	    "canonical" },
	{ ROLE_TARGETS, "\"1.2.0/attach/", "\"1.2.0/../", true, "path" },
	{ ROLE_TARGETS, "\"1.2.0/attach/", "\"/1.2.0/at/", true, "path" },
	{ ROLE_TARGETS, "\"1.2.0/attach/", "\"1.2.0//", true, "path" },
	{ ROLE_TARGETS, "\"1.2.0/attach/", "\"1.2.0/a b/", true, "path" },
	{ ROLE_TARGETS, "\"1.2.0/attach/", "\"1.2.0/.git/", true, "path" },
	{ ROLE_TARGETS, "\"1.2.0/attach/", "\"1.2.0/a\\\\b/", true, "path" },
	{ ROLE_TARGETS, "\"length\":0", "\"length\":-1", true, "length" },
	{ ROLE_TARGETS, SHA_OF_EMPTY, "E3B0", true, "sha256" },
	{ ROLE_TARGETS, "\"targets\":{", "\"tardets\":{", false, "targets" },
};

static void
role_refuses_wrong_forms(void)
{
	struct repo_set s = repo_set();

	for (size_t i = 0; i < COUNT(changes); i++) {
		const struct change *c = &changes[i];
		struct bytes file =
		    repo_replaced(s.repo, s.file[c->kind], c->from, c->to);
		struct err e = { .msg = "" };
		const struct role *r =
		    role_read(s.repo->arena, c->kind, file, ROLE_STRICT, &e);

		if (!CHECK((r == NULL) == (c->says != NULL)) ||
		    (c->says != NULL && !CHECK(strstr(e.msg, c->says) != NULL)))
			tap_note("%zu: %s: %s", i, c->to, e.msg);
		if (c->says != NULL)
			CHECK(strncmp(e.msg, role_name(c->kind),
				  strlen(role_name(c->kind))) == 0);
		r = role_read(s.repo->arena, c->kind, file, ROLE_FOREIGN, &e);
		if (!CHECK((r != NULL) == c->foreign))
			tap_note("%zu: %s: foreign", i, c->to);
	}
	repo_free(s.repo);
}

static void
role_skips_foreign_targets_that_it_cannot_check(void)
{
	struct repo_set s = repo_set();
	struct bytes file = repo_replaced(
	    s.repo, s.file[ROLE_TARGETS], "\"1.2.0/attach/", "\"1.2.0/../");
	const struct role *r =
	    repo_read(s.repo, ROLE_TARGETS, file, ROLE_FOREIGN);

	CHECK_INT(r->ntargets, 2);
	CHECK(role_target(r, "1.2.0/../sbom.json") == NULL);
	CHECK(role_target(r, "manifest.json") != NULL);
	repo_free(s.repo);
}

static void
role_refuses_other_kinds(void)
{
	struct repo_set s = repo_set();
	struct err e;

	for (int is = 0; is < ROLE_KINDS; is++)
		for (int as = 0; as < ROLE_KINDS; as++)
			for (int mode = 0; mode < 2; mode++)
				CHECK_INT(
				    role_read(s.repo->arena, (enum role_kind)as,
					s.file[is], mode, &e) != NULL,
				    is == as);
	repo_free(s.repo);
}

static void
role_refuses_what_is_too_large(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	uint8_t *big = malloc(ROLE_TARGETS_MAX + 1);
	struct err e;

	memset(big, ' ', ROLE_TARGETS_MAX + 1);
	for (int k = 0; k < ROLE_KINDS; k++) {
		struct bytes file = { big, role_max((enum role_kind)k) + 1 };

		CHECK(role_read(r->arena, (enum role_kind)k, file, 0, &e) ==
		    NULL);
		CHECK_INT(e.kind, ERR_LIMIT);
		CHECK(strncmp(e.msg, role_name((enum role_kind)k), 4) == 0);
	}
	free(big);
}

static void
role_refuses_what_is_no_document(void)
{
	static const char *const odd[] = { "", " ", "{}", "[]", "null", "0",
		"\"x\"", "{\"signed\":{}}", "{\"signatures\":[]}",
		"{\"signatures\":[],\"signed\":[]}",
		"{\"signatures\":{},\"signed\":{}}",
		"{\"signatures\":[0],\"signed\":{}}",
		"{\"signatures\":[],\"signed\":{}}", "{\"signed\":" };
	AUTO_REPO r = repo_new("editor", "stable");
	struct err e;

	for (size_t i = 0; i < COUNT(odd); i++)
		for (int k = 0; k < 2 * ROLE_KINDS; k++)
			CHECK(role_read(r->arena, (enum role_kind)(k / 2),
				  repo_text(odd[i]), k % 2, &e) == NULL);
}

static void
role_needs_memory_within_the_limit(void)
{
	struct repo_set s = repo_set();

	for (size_t limit = 0; limit < 3000; limit += 50) {
		AUTO_ARENA a = arena_new(limit);
		struct err e;

		CHECK(role_read(a, ROLE_ROOT, s.file[ROLE_ROOT], ROLE_STRICT,
			  &e) == NULL);
		CHECK_INT(e.kind, ERR_LIMIT);
	}
	repo_free(s.repo);
}

static const struct tap_test tests[] = {
	TAP(role_refuses_wrong_forms),
	TAP(role_skips_foreign_targets_that_it_cannot_check),
	TAP(role_refuses_other_kinds),
	TAP(role_refuses_what_is_too_large),
	TAP(role_refuses_what_is_no_document),
	TAP(role_needs_memory_within_the_limit),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
