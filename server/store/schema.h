/*
 * The tables, as numbered migrations.  Append-only: a migration that was
 * released is never edited.
 */
#ifndef SLUICE_SCHEMA_H
#define SLUICE_SCHEMA_H

#include "server/store/db.h"

/* schema_migrate - bring the database to the newest version, each step in a
 * transaction.  ERR_CONFLICT if it is newer than this program. */
int schema_migrate(struct db *db, struct err *e) MUST_CHECK;

/* schema_open - db_open and schema_migrate of STATE/db/sluice.db. */
int schema_open(
    struct db **out, const char *state, int mode, struct err *e) MUST_CHECK;

/* meta_get / meta_put - single values; meta_get copies "" if there is none. */
int schema_meta_get(struct db *db, const char *key, char *out, size_t room,
    struct err *e) MUST_CHECK;
int schema_meta_put(struct db *db, const char *key, const char *value,
    struct err *e) MUST_CHECK;

#endif
