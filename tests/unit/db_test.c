/*
 * The database seam: values, transactions, migrations, the audit chain.
 */
#include "server/store/db.h"

#include <stdio.h>
#include <string.h>

#include "manifest/base/file.h"
#include "server/store/audit.h"
#include "server/store/schema.h"
#include "tests/tap.h"

static int made;

/* A fresh state directory with a migrated database. */
static struct db *
fresh(char state[static 512])
{
	struct db *db = NULL;
	struct err e = { 0 };
	char path[600];

	(void)snprintf(state, 512, "%s/state-%d", tap_tmpdir(), made++);
	(void)snprintf(path, sizeof(path), "%s/db", state);
	CHECK(file_mkdirs(path, 0700, &e) == 0);
	if (!CHECK(schema_open(&db, state, DB_CREATE, &e) == 0))
		tap_note("%s", e.msg);
	return db;
}

static void
db_binds_by_name(void)
{
	char state[512], text[16];
	AUTO_DB db = fresh(state);
	AUTO_ROWS r = NULL;
	struct err e;

	r = db_rows(db, &e, "SELECT $2, $1, $2, $1 + 1, $3",
	    BIND(V(41), V("two"), V((const char *)NULL)));
	CHECK(r != NULL && rows_next(r, &e) == 1);
	row_copy(r, 0, text, sizeof(text));
	CHECK_TEXT(text, "two");
	CHECK_INT(row_int(r, 1), 41);
	CHECK_INT(row_int(r, 3), 42);
	row_copy(r, 4, text, sizeof(text));
	CHECK_TEXT(text, "");
	CHECK_INT(rows_next(r, &e), 0);
	/* too few or too many values are refused, not NULL */
	CHECK(db_rows(db, &e, "SELECT $1, $2", BIND(V(1))) == NULL);
	CHECK(db_rows(db, &e, "SELECT $1", BIND(V(1), V(2))) == NULL);
}

static void
db_rolls_back_what_is_not_committed(void)
{
	char state[512], got[16];
	AUTO_DB db = fresh(state);
	struct err e;

	{
		AUTO_TX tx = tx_begin(db, &e);

		CHECK(tx != NULL);
		CHECK(schema_meta_put(db, "k", "v", &e) == 0);
		CHECK(tx_begin(db, &e) == NULL); /* no nesting */
	}
	CHECK(schema_meta_get(db, "k", got, sizeof(got), &e) == 0);
	CHECK_TEXT(got, "");
	{
		AUTO_TX tx = tx_begin(db, &e);

		CHECK(schema_meta_put(db, "k", "v", &e) == 0);
		CHECK(tx_commit(&tx, &e) == 0 && tx == NULL);
	}
	CHECK(schema_meta_get(db, "k", got, sizeof(got), &e) == 0);
	CHECK_TEXT(got, "v");
}

static void
db_names_its_errors(void)
{
	char state[512];
	AUTO_DB db = fresh(state);
	AUTO_DB none = NULL;
	struct err e;

	CHECK(db_do(db, &e, "INSERT INTO meta (key, value) VALUES ('a', 'b')",
		  NO_BIND) == 1);
	CHECK(db_do(db, &e, "INSERT INTO meta (key, value) VALUES ('a', 'b')",
		  NO_BIND) < 0);
	CHECK_INT(e.kind, ERR_CONFLICT);
	CHECK(db_do(db, &e, "SELECT nothing FROM nowhere", NO_BIND) < 0);
	CHECK_INT(e.kind, ERR_SYS);
	/* foreign keys are on */
	CHECK(db_do(db, &e,
		  "INSERT INTO root (channel, version, sha256, size)"
		  " VALUES ('p/c', 1, 'x', 1)",
		  NO_BIND) < 0);
	CHECK_INT(e.kind, ERR_CONFLICT);
	CHECK(schema_open(&none, "/nonexistent", DB_MUST_EXIST, &e) < 0);
	CHECK_INT(e.kind, ERR_MISSING);
	CHECK_INT(db_int(db, &e, 7, "SELECT MAX(size) FROM blob", NO_BIND), 7);
}

static void
db_survives_being_opened_twice(void)
{
	char state[512];
	AUTO_DB db = fresh(state);
	AUTO_DB other = NULL;
	struct err e;

	CHECK(schema_open(&other, state, DB_MUST_EXIST, &e) == 0);
	CHECK(schema_meta_put(other, "from", "other", &e) == 0);
	CHECK_INT(db_int(db, &e, 0,
		      "SELECT COUNT(*) FROM meta WHERE key = 'from'", NO_BIND),
	    1);
	CHECK(schema_migrate(db, &e) == 0);
}

static void
db_of_a_newer_program_is_refused(void)
{
	char state[512];
	AUTO_DB db = fresh(state);
	struct err e;

	CHECK(db_do(db, &e,
		  "INSERT INTO schema_version (version, at_s) VALUES (99, 0)",
		  NO_BIND) == 1);
	CHECK(schema_migrate(db, &e) < 0);
	CHECK_INT(e.kind, ERR_CONFLICT);
}

static void
add_row(struct db *db, const char *reason)
{
	struct audit row = { .at_s = 1,
		.who = "uid 0",
		.verb = "halt",
		.channel = "p/c",
		.arguments = "{}",
		.reason = reason,
		.before = "",
		.after = "" };
	struct err e;

	CHECK(audit_add(db, &row, &e) == 0);
}

static void
audit_chain_shows_every_change(void)
{
	char state[512];
	char last[SHA256_HEX_SIZE], before[SHA256_HEX_SIZE];
	AUTO_DB db = fresh(state);
	struct err e;

	CHECK_INT(audit_verify(db, last, &e), 0);
	CHECK_TEXT(last, "");
	add_row(db, "one");
	CHECK_INT(audit_verify(db, before, &e), 1);
	add_row(db, "two");
	add_row(db, "three");
	CHECK_INT(audit_verify(db, last, &e), 3);
	CHECK(strcmp(last, before) != 0);
	CHECK(db_do(db, &e, "UPDATE audit SET reason = 'TWO' WHERE n = 2",
		  NO_BIND) == 1);
	CHECK_INT(audit_verify(db, last, &e), -1);
	CHECK_INT(e.kind, ERR_AUTH);
	CHECK(db_do(db, &e, "UPDATE audit SET reason = 'two' WHERE n = 2",
		  NO_BIND) == 1);
	CHECK_INT(audit_verify(db, last, &e), 3);
	CHECK(db_do(db, &e, "DELETE FROM audit WHERE n = 2", NO_BIND) == 1);
	CHECK_INT(audit_verify(db, last, &e), -1);
}

static const struct tap_test tests[] = {
	TAP(db_binds_by_name),
	TAP(db_rolls_back_what_is_not_committed),
	TAP(db_names_its_errors),
	TAP(db_survives_being_opened_twice),
	TAP(db_of_a_newer_program_is_refused),
	TAP(audit_chain_shows_every_change),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
