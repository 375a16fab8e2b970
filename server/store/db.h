/*
 * The database seam: SQL statements with values, nothing above.  SQLite, WAL,
 * synchronous=FULL: what was committed survives a power loss.
 *
 * Dialect (PostgreSQL 15 would take it as it is): parameters $1.., only TEXT
 * and BIGINT columns, keys are text, times are seconds, ON CONFLICT ... DO
 * UPDATE and RETURNING; no BLOB, no LIKE, no date functions, no JSON
 * operators.
 */
#ifndef SLUICE_DB_H
#define SLUICE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "manifest/base/log.h"

struct db;
struct rows;
struct tx;

#define BIND(...)                            \
	(const struct val[]){ __VA_ARGS__ }, \
	    COUNT(((const struct val[]){ __VA_ARGS__ }))
#define NO_BIND NULL, 0

enum {
	DB_MUST_EXIST,
	DB_CREATE
};

/* db_open - the database file at path.  Migrations are schema.h's. */
int db_open(
    struct db **out, const char *path, int mode, struct err *e) MUST_CHECK;
void db_close(struct db *db);

/* db_do - run one statement; the number of rows that it changed. */
int db_do(struct db *db, struct err *e, const char *sql, const struct val *v,
    size_t n) MUST_CHECK;
/* db_script - run several statements without values (migrations). */
int db_script(struct db *db, const char *sql, struct err *e) MUST_CHECK;

/* db_rows - start a query; NULL with e.  One at a time per statement text is
 * not required: each has its own statement. */
struct rows *db_rows(struct db *db, struct err *e, const char *sql,
    const struct val *v, size_t n) MUST_CHECK;
/* rows_next - 1: a row, 0: the end, -1. */
int rows_next(struct rows *r, struct err *e) MUST_CHECK;
/* row_int - the value of a column; 0 for NULL. */
int64_t row_int(const struct rows *r, int col);
/* row_text - a copy in the arena; NULL for NULL (and when memory is out). */
const char *row_text(const struct rows *r, int col, struct arena *a);
/* row_copy - into a fixed field; "" for NULL; truncates. */
void row_copy(const struct rows *r, int col, char *out, size_t room);
void rows_done(struct rows *r);

/* tx_begin - begin to write (IMMEDIATE).  Rolled back unless committed. */
struct tx *tx_begin(struct db *db, struct err *e) MUST_CHECK;
/* tx_commit - durable when it returns 0; *t is NULL afterwards. */
int tx_commit(struct tx **t, struct err *e) MUST_CHECK;
void tx_rollback(struct tx *t);

/* db_int - the first column of the first row; none when there is no row or
 * when the query fails (e is then set, else untouched). */
int64_t db_int(struct db *db, struct err *e, int64_t none, const char *sql,
    const struct val *v, size_t n);

static inline void
db_closep(struct db **db)
{
	db_close(*db);
}
static inline void
rows_donep(struct rows **r)
{
	rows_done(*r);
}
static inline void
tx_rollbackp(struct tx **t)
{
	tx_rollback(*t);
}
#define AUTO_DB	  CLEANUP(db_closep) struct db *
#define AUTO_ROWS CLEANUP(rows_donep) struct rows *
#define AUTO_TX	  CLEANUP(tx_rollbackp) struct tx *

#endif
