/*
 * The database seam over SQLite.  Only this file includes sqlite3.h.
 */
#include "server/store/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#define BUSY_MS 5000 /* the CLI and the store may both write for a moment */

struct db {
	sqlite3 *s;
	struct tx *tx; /* the open transaction, or NULL */
};

struct rows {
	struct db *db;
	sqlite3_stmt *st;
};

struct tx {
	struct db *db;
};

static int
fail(struct db *db, const char *sql, struct err *e)
{
	int code = sqlite3_errcode(db->s) & 0xff;

	if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
		return err_set(e, ERR_SYS, "database: busy: %.60s", sql);
	if (code == SQLITE_CONSTRAINT)
		return err_set(e, ERR_CONFLICT, "database: %s: %.60s",
		    sqlite3_errmsg(db->s), sql);
	return err_set(
	    e, ERR_SYS, "database: %s: %.80s", sqlite3_errmsg(db->s), sql);
}

int
db_script(struct db *db, const char *sql, struct err *e)
{
	if (sqlite3_exec(db->s, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail(db, sql, e);
	return 0;
}

int
db_open(struct db **out, const char *path, int mode, struct err *e)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW |
	    SQLITE_OPEN_EXRESCODE;
	AUTO_DB db = calloc(1, sizeof(*db));

	*out = NULL;
	if (db == NULL)
		return err_sys(e, "database");
	if (mode == DB_CREATE)
		flags |= SQLITE_OPEN_CREATE;
	if (sqlite3_open_v2(path, &db->s, flags, NULL) != SQLITE_OK) {
		enum err_kind kind =
		    sqlite3_errcode(db->s) % 256 == SQLITE_CANTOPEN &&
			mode == DB_MUST_EXIST
		    ? ERR_MISSING
		    : ERR_SYS;

		return err_set(e, kind, "%s: %s", path, sqlite3_errmsg(db->s));
	}
	sqlite3_busy_timeout(db->s, BUSY_MS);
	(void)sqlite3_db_config(db->s, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db->s, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	/* temp_store: the store's fence has no /tmp */
	if (db_script(db,
		"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
		"PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;"
		"PRAGMA wal_autocheckpoint=512;",
		e) < 0)
		return err_in(e, "%s", path);
	*out = db;
	db = NULL;
	return 0;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	(void)sqlite3_close(db->s);
	free(db);
}

/* SQLite takes $1 as a named parameter: bound by name, so that order and
 * reuse are free, as in PostgreSQL. */
static int
bind(struct rows *r, const struct val *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char name[24];
		int at, rc;

		(void)snprintf(name, sizeof(name), "$%zu", i + 1);
		at = sqlite3_bind_parameter_index(r->st, name);
		if (at == 0)
			return -1;
		if (v[i].type == VAL_INT)
			rc = sqlite3_bind_int64(r->st, at, v[i].i);
		else
			rc = sqlite3_bind_text(
			    r->st, at, v[i].s, -1, SQLITE_TRANSIENT);
		if (rc != SQLITE_OK)
			return -1;
	}
	return sqlite3_bind_parameter_count(r->st) == (int)n ? 0 : -1;
}

struct rows *
db_rows(struct db *db, struct err *e, const char *sql, const struct val *v,
    size_t n)
{
	AUTO_ROWS r = calloc(1, sizeof(*r));
	struct rows *out;

	if (r == NULL) {
		(void)err_sys(e, "database");
		return NULL;
	}
	r->db = db;
	if (sqlite3_prepare_v2(db->s, sql, -1, &r->st, NULL) != SQLITE_OK) {
		(void)fail(db, sql, e);
		return NULL;
	}
	if (bind(r, v, n) < 0) {
		(void)err_set(e, ERR_SYS, "database: wrong values: %.80s", sql);
		return NULL;
	}
	out = r;
	r = NULL;
	return out;
}

int
rows_next(struct rows *r, struct err *e)
{
	switch (sqlite3_step(r->st)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return fail(r->db, sqlite3_sql(r->st), e);
	}
}

int64_t
row_int(const struct rows *r, int col)
{
	return sqlite3_column_int64(r->st, col);
}

const char *
row_text(const struct rows *r, int col, struct arena *a)
{
	const char *s = (const char *)sqlite3_column_text(r->st, col);
	struct err ignored;

	return s == NULL ? NULL : arena_text(a, s, &ignored);
}

void
row_copy(const struct rows *r, int col, char *out, size_t room)
{
	const char *s = (const char *)sqlite3_column_text(r->st, col);

	(void)snprintf(out, room, "%s", s == NULL ? "" : s);
}

void
rows_done(struct rows *r)
{
	if (r == NULL)
		return;
	(void)sqlite3_finalize(r->st);
	free(r);
}

int
db_do(struct db *db, struct err *e, const char *sql, const struct val *v,
    size_t n)
{
	AUTO_ROWS r = db_rows(db, e, sql, v, n);
	int more;

	if (r == NULL)
		return -1;
	while ((more = rows_next(r, e)) > 0)
		continue;
	return more < 0 ? -1 : sqlite3_changes(db->s);
}

int64_t
db_int(struct db *db, struct err *e, int64_t none, const char *sql,
    const struct val *v, size_t n)
{
	AUTO_ROWS r = db_rows(db, e, sql, v, n);

	if (r == NULL || rows_next(r, e) <= 0 ||
	    sqlite3_column_type(r->st, 0) == SQLITE_NULL)
		return none;
	return row_int(r, 0);
}

struct tx *
tx_begin(struct db *db, struct err *e)
{
	struct tx *t;

	if (db->tx != NULL) {
		(void)err_set(e, ERR_SYS, "database: nested transaction");
		return NULL;
	}
	if ((t = calloc(1, sizeof(*t))) == NULL) {
		(void)err_sys(e, "database");
		return NULL;
	}
	if (db_script(db, "BEGIN IMMEDIATE", e) < 0) {
		free(t);
		return NULL;
	}
	t->db = db;
	db->tx = t;
	return t;
}

int
tx_commit(struct tx **t, struct err *e)
{
	struct db *db = (*t)->db;

	if (db_script(db, "COMMIT", e) < 0)
		return -1;
	db->tx = NULL;
	free(*t);
	*t = NULL;
	return 0;
}

void
tx_rollback(struct tx *t)
{
	struct err ignored;

	if (t == NULL)
		return;
	/* a failed ROLLBACK means that SQLite has rolled back already */
	if (!sqlite3_get_autocommit(t->db->s) &&
	    db_script(t->db, "ROLLBACK", &ignored) < 0)
		sqlite3_interrupt(t->db->s);
	t->db->tx = NULL;
	free(t);
}
