/*
 * The tables.  Every column has its meaning beside it; times are Unix
 * seconds, 0 is "never", channels are named "product/channel".
 */
#include "server/store/schema.h"

#include <stdio.h>

#include "manifest/base/clock.h"

static const char migration_1[] =
    /* single values: ticket_key (hex) */
    "CREATE TABLE meta ("
    " key TEXT PRIMARY KEY,"
    " value TEXT NOT NULL);"

    "CREATE TABLE token ("
    " id TEXT PRIMARY KEY,"  /* slc_<id>_<secret> */
    " hash TEXT NOT NULL,"   /* SHA-256 of the secret */
    " scopes TEXT NOT NULL," /* words: tokens.h */
    " note TEXT NOT NULL,"
    " created_s BIGINT NOT NULL,"
    " expires_s BIGINT NOT NULL,"
    " used_s BIGINT NOT NULL,"
    " revoked_s BIGINT NOT NULL);"

    "CREATE TABLE channel ("
    " id TEXT PRIMARY KEY,"
    " product TEXT NOT NULL,"
    " channel TEXT NOT NULL,"
    " root_version BIGINT NOT NULL," /* newest trusted root */
    " publication TEXT NOT NULL,"    /* the running one; '' */
    " state TEXT NOT NULL,"   /* channel_state_write; '' before the first */
    " round BIGINT NOT NULL," /* the last started */
    " created_s BIGINT NOT NULL);"

    "CREATE TABLE root ("
    " channel TEXT NOT NULL REFERENCES channel (id),"
    " version BIGINT NOT NULL,"
    " sha256 TEXT NOT NULL,"
    " size BIGINT NOT NULL,"
    " PRIMARY KEY (channel, version));"

    "CREATE TABLE publication ("
    " channel TEXT NOT NULL REFERENCES channel (id),"
    " id TEXT NOT NULL," /* SHA-256 of the pushed list */
    " m BIGINT NOT NULL,"
    " state TEXT NOT NULL," /* open checking prepared accepted
                                       replaced refused */
    " who TEXT NOT NULL,"   /* token that pushed it */
    " kind TEXT NOT NULL,"  /* why refused: err_name */
    " error TEXT NOT NULL,"
    " facts TEXT NOT NULL,"   /* what judge.h found */
    " given BIGINT NOT NULL," /* bit i: rung i was given to somebody */
    " opened_s BIGINT NOT NULL,"
    " switched_s BIGINT NOT NULL,"
    " replaced_s BIGINT NOT NULL,"
    " PRIMARY KEY (channel, id));"

    "CREATE TABLE publication_file ("
    " channel TEXT NOT NULL,"
    " publication TEXT NOT NULL,"
    " path TEXT NOT NULL,"
    " size BIGINT NOT NULL,"
    " sha256 TEXT NOT NULL,"
    " rungs BIGINT NOT NULL," /* bit i: rung i names it */
    " document BIGINT NOT NULL,"
    " PRIMARY KEY (channel, publication, path),"
    " FOREIGN KEY (channel, publication) REFERENCES publication (channel, id)"
    "  ON DELETE CASCADE);"
    "CREATE INDEX publication_file_sha256 ON publication_file (sha256);"

    "CREATE TABLE blob ("
    " sha256 TEXT PRIMARY KEY,"
    " size BIGINT NOT NULL,"
    " added_s BIGINT NOT NULL);"

    "CREATE TABLE round ("
    " channel TEXT NOT NULL REFERENCES channel (id),"
    " round BIGINT NOT NULL,"
    " why TEXT NOT NULL,"
    " publication TEXT NOT NULL,"
    " state TEXT NOT NULL," /* the channel's state that it signs */
    " signed_at_s BIGINT NOT NULL,"
    " expires_s BIGINT NOT NULL,"
    " views TEXT NOT NULL," /* timestamps; '' until signed */
    " PRIMARY KEY (channel, round));"

    "CREATE TABLE release ("
    " channel TEXT NOT NULL REFERENCES channel (id),"
    " seq BIGINT NOT NULL,"
    " version TEXT NOT NULL,"
    " created_s BIGINT NOT NULL,"
    " PRIMARY KEY (channel, seq));"

    "CREATE TABLE release_platform ("
    " channel TEXT NOT NULL,"
    " seq BIGINT NOT NULL,"
    " platform TEXT NOT NULL,"	    /* os-arch */
    " reached_s BIGINT NOT NULL,"   /* everybody since; 0: not, or no more */
    " spoiled TEXT NOT NULL,"	    /* why no more */
    " withdrawn_s BIGINT NOT NULL," /* rolled back or said so; 0: not */
    " PRIMARY KEY (channel, seq, platform));"

    "CREATE TABLE delta_base (" /* artifacts that a delta starts from */
    " channel TEXT NOT NULL,"
    " publication TEXT NOT NULL,"
    " sha256 TEXT NOT NULL,"
    " PRIMARY KEY (channel, publication, sha256));"

    "CREATE TABLE audit ("
    " n BIGINT PRIMARY KEY,"
    " at_s BIGINT NOT NULL,"
    " who TEXT NOT NULL,"
    " verb TEXT NOT NULL,"
    " channel TEXT NOT NULL,"
    " arguments TEXT NOT NULL," /* canonical JSON */
    " reason TEXT NOT NULL,"
    " state_before TEXT NOT NULL,"
    " state_after TEXT NOT NULL,"
    " hash TEXT NOT NULL);" /* chains: audit.c */

    "CREATE TABLE poll_count ("
    " channel TEXT NOT NULL,"
    " version TEXT NOT NULL,"
    " os TEXT NOT NULL,"
    " arch TEXT NOT NULL,"
    " day TEXT NOT NULL," /* YYYY-MM-DD, UTC */
    " n BIGINT NOT NULL,"
    " PRIMARY KEY (channel, day, version, os, arch));"

    "CREATE TABLE report_count ("
    " channel TEXT NOT NULL,"
    " version TEXT NOT NULL,"
    " event TEXT NOT NULL,"
    " day TEXT NOT NULL,"
    " ticket BIGINT NOT NULL," /* 1: came with a ticket */
    " n BIGINT NOT NULL,"
    " PRIMARY KEY (channel, day, version, event, ticket));";

/* bundles: channels that mirror them, and what sites sent back */
static const char migration_2[] =
    /* 1: its publications come from bundles; it has no brake */
    "ALTER TABLE channel ADD COLUMN mirror BIGINT NOT NULL DEFAULT 0;"

    "CREATE TABLE site ("
    " name TEXT PRIMARY KEY,"
    " key TEXT NOT NULL,"	/* signs its reports: a minisign key */
    " until_s BIGINT NOT NULL," /* when the newest was made */
    " imported_s BIGINT NOT NULL);"

    "CREATE TABLE site_count (" /* an arm of their own: shown, no votes */
    " site TEXT NOT NULL REFERENCES site (name),"
    " channel TEXT NOT NULL,"
    " version TEXT NOT NULL,"
    " event TEXT NOT NULL," /* as in report_count; 'poll' for polls */
    " day TEXT NOT NULL,"
    " n BIGINT NOT NULL,"
    " PRIMARY KEY (site, channel, day, version, event));";

static const char *const migrations[] = { migration_1, migration_2 };

int
schema_meta_get(
    struct db *db, const char *key, char *out, size_t room, struct err *e)
{
	AUTO_ROWS r = db_rows(
	    db, e, "SELECT value FROM meta WHERE key = $1", BIND(V(key)));
	int n;

	out[0] = '\0';
	if (r == NULL || (n = rows_next(r, e)) < 0)
		return -1;
	if (n > 0)
		row_copy(r, 0, out, room);
	return 0;
}

int
schema_meta_put(
    struct db *db, const char *key, const char *value, struct err *e)
{
	return db_do(db, e,
		   "INSERT INTO meta (key, value) VALUES ($1, $2)"
		   " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
		   BIND(V(key), V(value))) < 0
	    ? -1
	    : 0;
}

static int
step(struct db *db, int64_t n, struct err *e)
{
	AUTO_TX tx = tx_begin(db, e);

	if (tx == NULL || db_script(db, migrations[n - 1], e) < 0)
		return -1;
	if (db_do(db, e,
		"INSERT INTO schema_version (version, at_s) VALUES ($1, $2)",
		BIND(V(n), V(clock_now_s()))) < 0)
		return -1;
	return tx_commit(&tx, e);
}

int
schema_migrate(struct db *db, struct err *e)
{
	int64_t newest = COUNT(migrations), have;

	if (db_script(db,
		"CREATE TABLE IF NOT EXISTS schema_version ("
		" version BIGINT PRIMARY KEY, at_s BIGINT NOT NULL)",
		e) < 0)
		return -1;
	have = db_int(db, e, -1,
	    "SELECT COALESCE(MAX(version), 0) FROM schema_version", NO_BIND);
	if (have < 0)
		return -1;
	if (have > newest)
		return err_set(e, ERR_CONFLICT,
		    "the database has schema %d, this program knows %d",
		    (int)have, (int)newest);
	for (int64_t n = have + 1; n <= newest; n++)
		if (step(db, n, e) < 0)
			return err_in(e, "migration %d", (int)n);
	return 0;
}

int
schema_open(struct db **out, const char *state, int mode, struct err *e)
{
	char path[4096];
	AUTO_DB db = NULL;

	*out = NULL;
	/* a folder of its own, so that store's fence need not open STATE, where
	 * the brake's keys lie too */
	if (snprintf(path, sizeof(path), "%s/db/sluice.db", state) >=
	    (int)sizeof(path))
		return err_set(e, ERR_LIMIT, "%s: the path is too long", state);
	if (db_open(&db, path, mode, e) < 0 || schema_migrate(db, e) < 0)
		return -1;
	*out = db;
	db = NULL;
	return 0;
}
