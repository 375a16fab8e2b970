/*
 * Retention.  Rows first, in one transaction; then the files that no row names
 * any more, so that a kill in between leaves a file too many, never one too
 * few (the next run finds it).
 */
#include "server/store/prune.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "server/store/blobs.h"
#include "server/store/channel.h"
#include "server/store/publications.h"

#define ARENA_MAX (256u << 20)
#define GRACE_S	  3600 /* a file younger than this may not have its row yet */
#define ROUNDS_S  (2 * 86400)
#define FACTS_MAX (16 << 20)

struct pruning {
	struct db *db;
	const struct server_config *conf;
	const struct prune *p;
	struct pruned *out;
	struct arena *a;
	const char *root; /* folder being swept */
};

/* --- publications --- */

static bool
is_pinned(const struct channel *c, const char *facts)
{
	struct err ignored;
	AUTO_JSON v =
	    json_read((struct bytes){ (const uint8_t *)facts, strlen(facts) },
		FACTS_MAX, &ignored);
	int64_t seq = json_integer_value(json_object_get(v, "offer_seq"));

	for (size_t i = 0; i < c->state.npins; i++)
		if (c->state.pins[i].seq == seq)
			return true;
	return false;
}

/*
 * Replaced ones past their time, unless the newest signed round still is of
 * it or a pin holds its release; pushes that were given up.
 */
static const char old_sql[] =
    "SELECT p.id, p.facts, p.state FROM publication p WHERE p.channel = $1"
    " AND ((p.state IN " PUBLICATIONS_SQL_REPLACED " AND p.replaced_s < $2"
    "   AND p.id <> (SELECT COALESCE(MAX(r.publication), '') FROM round r"
    "    WHERE r.channel = p.channel AND r.round = (SELECT MAX(s.round)"
    "     FROM round s WHERE s.channel = p.channel AND s.views <> '')))"
    "  OR (p.state IN " PUBLICATIONS_SQL_UNTAKEN " AND p.opened_s < $3))";

static int
prune_channel(struct pruning *w, const char *channel, struct err *e)
{
	const struct server_config *conf = w->conf;
	int64_t now = w->p->now_s;
	const struct channel *c = channel_load(w->db, channel, w->a, e);
	AUTO_ROWS r = db_rows(w->db, e, old_sql,
	    BIND(V(channel), V(now - conf->metadata_keep_s),
		V(now - conf->upload_keep_s)));
	const char *id, *facts;
	int more = -1;

	while (c != NULL && r != NULL && (more = rows_next(r, e)) > 0) {
		id = row_text(r, 0, w->a);
		facts = row_text(r, 1, w->a);
		if (id == NULL || facts == NULL)
			return err_set(e, ERR_LIMIT, "prune: no memory");
		if (facts[0] != '\0' && is_pinned(c, facts))
			continue;
		w->out->publications++;
		if (publications_drop(w->db, channel, id, e) < 0)
			return -1;
	}
	if (more < 0)
		return -1;
	return db_do(w->db, e,
		   "DELETE FROM round WHERE channel = $1 AND signed_at_s < $2"
		   " AND round < (SELECT MAX(s.round) FROM round s"
		   "  WHERE s.channel = $1 AND s.views <> '')",
		   BIND(V(channel), V(now - ROUNDS_S))) < 0
	    ? -1
	    : 0;
}

/* --- counts --- */

static int
prune_counts(struct pruning *w, struct err *e)
{
	char day[TIME_TEXT_SIZE];

	time_write(day, w->p->now_s - w->conf->report_keep_s);
	day[10] = '\0';
	return db_do(w->db, e, "DELETE FROM poll_count WHERE day < $1",
		   BIND(V((const char *)day))) < 0 ||
		db_do(w->db, e, "DELETE FROM report_count WHERE day < $1",
		    BIND(V((const char *)day))) < 0
	    ? -1
	    : 0;
}

/* --- files --- */

static int
prune_blob_rows(struct pruning *w, struct err *e)
{
	static const char unnamed[] =
	    " added_s < $1"
	    " AND NOT EXISTS (SELECT 1 FROM publication_file f"
	    "  WHERE f.sha256 = blob.sha256)"
	    " AND NOT EXISTS (SELECT 1 FROM root r"
	    "  WHERE r.sha256 = blob.sha256)"
	    " AND NOT EXISTS (SELECT 1 FROM delta_base d"
	    "  WHERE d.sha256 = blob.sha256)";
	char sql[600];
	int64_t before = w->p->now_s - GRACE_S;
	struct err failed = { .kind = ERR_NONE };

	(void)snprintf(sql, sizeof(sql),
	    "SELECT COALESCE(SUM(size), 0) FROM blob WHERE%s", unnamed);
	w->out->bytes = db_int(w->db, &failed, 0, sql, BIND(V(before)));
	(void)snprintf(sql, sizeof(sql), "DELETE FROM blob WHERE%s", unnamed);
	w->out->files = db_do(w->db, e, sql, BIND(V(before)));
	if (failed.kind != ERR_NONE)
		*e = failed;
	return failed.kind != ERR_NONE || w->out->files < 0 ? -1 : 0;
}

static bool
is_old(const char *path, int64_t before)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_mtime < before;
}

/* A blob without a row, or an upload that nobody came back to. */
static int
sweep(void *ctx, const char *path, int64_t size, struct err *e)
{
	struct pruning *w = ctx;
	bool blobs = strcmp(w->root, "blobs") == 0;
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	char full[4096];
	int64_t keep = blobs ? GRACE_S : w->conf->upload_keep_s;

	(void)size;
	if (snprintf(full, sizeof(full), "%s/%s/%s", w->conf->state, w->root,
		path) >= (int)sizeof(full))
		return err_set(e, ERR_LIMIT, "a path is too long");
	if (!is_old(full, w->p->now_s - keep))
		return 0;
	if (blobs &&
	    db_int(w->db, e, 0, "SELECT COUNT(*) FROM blob WHERE sha256 = $1",
		BIND(V(name))) != 0)
		return 0;
	if (unlink(full) < 0 && errno != ENOENT)
		return err_sys(e, "%s", full);
	return 0;
}

static int
sweep_folder(struct pruning *w, const char *folder, struct err *e)
{
	char *path = file_path(w->a, e, w->conf->state, folder);

	w->root = folder;
	return path == NULL ? -1 : file_each(path, sweep, w, e);
}

static int
prune_rows(struct pruning *w, struct err *e)
{
	const char *const *ids;
	AUTO_TX tx = tx_begin(w->db, e);
	int n = tx == NULL ? -1 : channel_list(w->db, &ids, w->a, e);

	for (int i = 0; i < n; i++)
		if (prune_channel(w, ids[i], e) < 0)
			return err_in(e, "prune %s", ids[i]);
	if (n < 0 || prune_counts(w, e) < 0 || prune_blob_rows(w, e) < 0)
		return err_in(e, "prune");
	/* a dry run has done it all, and now undoes it */
	return w->p->dry_run ? 0 : tx_commit(&tx, e);
}

int
prune_run(struct db *db, const struct server_config *conf,
    const struct prune *p, struct pruned *out, struct err *e)
{
	AUTO_ARENA a = arena_new(ARENA_MAX);
	struct pruning w = {
		.db = db, .conf = conf, .p = p, .out = out, .a = a
	};

	memset(out, 0, sizeof(*out));
	if (a == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if (prune_rows(&w, e) < 0)
		return -1;
	if (p->dry_run)
		return 0;
	return sweep_folder(&w, "blobs", e) < 0 ||
		sweep_folder(&w, "incoming", e) < 0
	    ? -1
	    : 0;
}
