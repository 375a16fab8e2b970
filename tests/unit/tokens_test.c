/*
 * Tokens: made, checked, scoped, expired, revoked.
 */
#include "server/store/tokens.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "manifest/base/file.h"
#include "server/store/schema.h"
#include "tests/tap.h"

#define NOW 1800000000

static int made;

static struct db *
fresh(void)
{
	struct db *db = NULL;
	struct err e = { 0 };
	char state[512], path[600];

	CHECK(sodium_init() >= 0);
	(void)snprintf(
	    state, sizeof(state), "%s/tokens-%d", tap_tmpdir(), made++);
	(void)snprintf(path, sizeof(path), "%s/db", state);
	CHECK(file_mkdirs(path, 0700, &e) == 0);
	CHECK(schema_open(&db, state, DB_CREATE, &e) == 0);
	return db;
}

static void
token_opens_what_its_scopes_say(void)
{
	AUTO_DB db = fresh();
	struct token_new t = { "read publish", "ci", 0 };
	char text[TOKEN_TEXT_SIZE], id[TOKEN_ID_SIZE];
	struct err e;

	CHECK(tokens_create(db, &t, NOW, text, &e) == 0);
	CHECK(strncmp(text, "slc_", 4) == 0);
	CHECK(tokens_check(db, text, "publish", NOW, id, &e) == 0);
	CHECK(strncmp(text + 4, id, 16) == 0);
	CHECK(tokens_check(db, text, "read", NOW, id, &e) == 0);
	/* a part of a scope is none */
	CHECK(tokens_check(db, text, "pub", NOW, id, &e) < 0);
	CHECK_INT(e.kind, ERR_REFUSED);
	t.scopes = "read";
	CHECK(tokens_create(db, &t, NOW, text, &e) == 0);
	CHECK(tokens_check(db, text, "read", NOW, id, &e) == 0);
	CHECK(tokens_check(db, text, "publish", NOW, id, &e) < 0);
	CHECK_INT(e.kind, ERR_REFUSED);
	t.scopes = "publish";
	CHECK(tokens_create(db, &t, NOW, text, &e) == 0);
	CHECK(tokens_check(db, text, "read", NOW, id, &e) == 0);
}

static void
token_with_one_digit_changed_is_refused(void)
{
	AUTO_DB db = fresh();
	struct token_new t = { "publish", "", 0 };
	char text[TOKEN_TEXT_SIZE], bad[TOKEN_TEXT_SIZE], id[TOKEN_ID_SIZE];
	struct err e;

	CHECK(tokens_create(db, &t, NOW, text, &e) == 0);
	for (size_t i = 0; text[i] != '\0'; i++) {
		memcpy(bad, text, sizeof(bad));
		bad[i] = bad[i] == '0' ? '1' : '0';
		CHECK(tokens_check(db, bad, "publish", NOW, id, &e) < 0);
		CHECK_INT(e.kind, ERR_AUTH);
	}
	CHECK(tokens_check(db, NULL, "publish", NOW, id, &e) < 0);
	CHECK(tokens_check(db, "", "publish", NOW, id, &e) < 0);
	CHECK(tokens_check(db, "slc__", "publish", NOW, id, &e) < 0);
	memcpy(bad, text, sizeof(bad));
	bad[strlen(bad) - 1] = '\0';
	CHECK(tokens_check(db, bad, "publish", NOW, id, &e) < 0);
}

static void
token_ends_when_it_expires_or_is_revoked(void)
{
	AUTO_DB db = fresh();
	struct token_new t = { "read", "", NOW + 60 };
	char text[TOKEN_TEXT_SIZE], id[TOKEN_ID_SIZE];
	struct err e;

	CHECK(tokens_create(db, &t, NOW, text, &e) == 0);
	CHECK(tokens_check(db, text, "read", NOW + 59, id, &e) == 0);
	CHECK(tokens_check(db, text, "read", NOW + 60, id, &e) < 0);
	CHECK_INT(e.kind, ERR_AUTH);
	CHECK(tokens_revoke(db, id, NOW, &e) == 0);
	CHECK(tokens_check(db, text, "read", NOW, id, &e) < 0);
	CHECK(tokens_revoke(db, id, NOW, &e) < 0);
	CHECK_INT(e.kind, ERR_MISSING);
}

static void
token_secret_is_not_in_the_database(void)
{
	AUTO_DB db = fresh();
	struct token_new t = { "read", "", 0 };
	char text[TOKEN_TEXT_SIZE];
	struct err e;

	CHECK(tokens_create(db, &t, NOW, text, &e) == 0);
	CHECK_INT(
	    db_int(db, &e, -1, "SELECT COUNT(*) FROM token WHERE hash = $1",
		BIND(V(text + 21))),
	    0);
}

static void
token_of_unknown_scope_is_not_made(void)
{
	AUTO_DB db = fresh();
	static const char *const bad[] = { "", "all", "read,publish",
		"read  publish", " read", "READ", "brake", "health",
		"read brake" };
	char text[TOKEN_TEXT_SIZE];
	struct err e;

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct token_new t = { bad[i], "", 0 };

		CHECK(tokens_create(db, &t, NOW, text, &e) < 0);
		CHECK_INT(e.kind, ERR_USAGE);
	}
}

static const struct tap_test tests[] = {
	TAP(token_opens_what_its_scopes_say),
	TAP(token_with_one_digit_changed_is_refused),
	TAP(token_ends_when_it_expires_or_is_revoked),
	TAP(token_secret_is_not_in_the_database),
	TAP(token_of_unknown_scope_is_not_made),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
