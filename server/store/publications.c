/*
 * Publication rows.
 */
#include "server/store/publications.h"

#include <stdint.h>
#include <string.h>

#include "manifest/base/json.h"

/* columns before facts, which may be long */
#define COLUMNS "id, m, state, who, kind, error"

static const char *const names[] = { [PUBLICATION_OPEN] = "open",
	[PUBLICATION_CHECKING] = "checking",
	[PUBLICATION_PREPARED] = "prepared",
	[PUBLICATION_ACCEPTED] = "accepted",
	[PUBLICATION_REPLACED] = "replaced",
	[PUBLICATION_REFUSED] = "refused" };

const char *
publications_state_name(enum publications_state s)
{
	return names[s];
}

/* --- reading --- */

static int
read_row(const struct rows *r, struct publications_row *out, struct err *e)
{
	char state[16];

	row_copy(r, 0, out->id, sizeof(out->id));
	out->m = row_int(r, 1);
	row_copy(r, 2, state, sizeof(state));
	row_copy(r, 3, out->who, sizeof(out->who));
	row_copy(r, 4, out->kind, sizeof(out->kind));
	row_copy(r, 5, out->error, sizeof(out->error));
	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(names[i], state) == 0) {
			out->state = (enum publications_state)i;
			return 0;
		}
	return err_set(
	    e, ERR_SYS, "publication %.16s: no state '%s'", out->id, state);
}

int
publications_find(struct db *db, const char *channel, const char *id,
    struct publications_row *out, struct err *e)
{
	AUTO_ROWS r = db_rows(db, e,
	    "SELECT " COLUMNS " FROM publication WHERE channel = $1"
	    " AND id = $2",
	    BIND(V(channel), V(id)));
	int n;

	memset(out, 0, sizeof(*out));
	if (r == NULL || (n = rows_next(r, e)) < 0)
		return -1;
	return n > 0 && read_row(r, out, e) < 0 ? -1 : n;
}

int
publications_list(struct db *db, const char *channel, unsigned states,
    struct publications_row **out, struct arena *a, struct err *e)
{
	int64_t room = db_int(db, e, -1,
	    "SELECT COUNT(*) FROM publication WHERE channel = $1",
	    BIND(V(channel)));
	AUTO_ROWS r = db_rows(db, e,
	    "SELECT " COLUMNS " FROM publication WHERE channel = $1"
	    " ORDER BY m, id",
	    BIND(V(channel)));
	int n = 0, more;

	if (room < 0 || r == NULL ||
	    (*out = arena_array(a, (size_t)room + 1, sizeof(**out), e)) == NULL)
		return -1;
	while ((more = rows_next(r, e)) > 0 && n < room) {
		if (read_row(r, &(*out)[n], e) < 0)
			return -1;
		if ((states & PUBLICATIONS((*out)[n].state)) != 0)
			n++;
	}
	return more < 0 ? -1 : n;
}

json_t *
publications_facts(
    struct db *db, const char *channel, const char *id, struct err *e)
{
	AUTO_ARENA a = arena_new(PUBLICATIONS_FACTS_MAX + 4096);
	AUTO_ROWS r = db_rows(db, e,
	    "SELECT facts FROM publication WHERE channel = $1 AND id = $2",
	    BIND(V(channel), V(id)));
	const char *text = NULL;
	json_t *facts = NULL;
	int n;

	if (r == NULL || (n = rows_next(r, e)) < 0)
		return NULL;
	if (a != NULL && n > 0)
		text = row_text(r, 0, a);
	if (text != NULL)
		facts = json_read(
		    (struct bytes){ (const uint8_t *)text, strlen(text) },
		    PUBLICATIONS_FACTS_MAX, e);
	if (facts == NULL)
		(void)err_set(e, ERR_SYS,
		    "publication %.16s: its facts are not recorded", id);
	return facts;
}

int64_t
publications_switched(
    struct db *db, const char *channel, const char *id, struct err *e)
{
	return db_int(db, e, 0,
	    "SELECT switched_s FROM publication WHERE channel = $1"
	    " AND id = $2",
	    BIND(V(channel), V(id)));
}

/* --- writing --- */

/* n: the rows that a statement about one publication has changed. */
static int
changed(int n, const char *id, struct err *e)
{
	if (n == 0)
		return err_set(
		    e, ERR_MISSING, "there is no publication %.16s", id);
	return n < 0 ? -1 : 0;
}

int
publications_open(
    struct db *db, const struct publications_new *n, struct err *e)
{
	return changed(
	    db_do(db, e,
		"INSERT INTO publication (channel, id, m, state, who, kind,"
		" error, facts, given, opened_s, switched_s, replaced_s)"
		" VALUES ($1, $2, $3, $4, $5, '', '', '', 0, $6, 0, 0)"
		" ON CONFLICT (channel, id) DO UPDATE SET"
		" state = excluded.state, who = excluded.who, kind = '',"
		" error = '', opened_s = excluded.opened_s",
		BIND(V(n->channel), V(n->id), V(n->m),
		    V(names[PUBLICATION_OPEN]), V(n->who), V(n->now_s))),
	    n->id, e);
}

int
publications_move(struct db *db, const char *channel, const char *id,
    enum publications_state to, struct err *e)
{
	return changed(db_do(db, e,
			   "UPDATE publication SET state = $3"
			   " WHERE channel = $1 AND id = $2",
			   BIND(V(channel), V(id), V(names[to]))),
	    id, e);
}

int
publications_prepare(struct db *db, const char *channel, const char *id,
    const json_t *facts, struct err *e)
{
	AUTO_JSON kept = json_copy((json_t *)(uintptr_t)facts);
	AUTO_BUF text;

	buf_init(&text, PUBLICATIONS_FACTS_MAX);
	(void)json_object_del(kept, "files"); /* rows of their own */
	if (kept == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if (json_write(kept, &text, e) < 0 || buf_ok(&text, e) < 0)
		return -1;
	return changed(
	    db_do(db, e,
		"UPDATE publication SET state = $3, kind = '', error = '',"
		" facts = $4 WHERE channel = $1 AND id = $2",
		BIND(V(channel), V(id), V(names[PUBLICATION_PREPARED]),
		    V(buf_str(&text)))),
	    id, e);
}

int
publications_accept(struct db *db, const char *channel, const char *id,
    int64_t now_s, struct err *e)
{
	if (db_do(db, e,
		"UPDATE publication SET state = $3, replaced_s = $2"
		" WHERE channel = $1 AND state = $4",
		BIND(V(channel), V(now_s), V(names[PUBLICATION_REPLACED]),
		    V(names[PUBLICATION_ACCEPTED]))) < 0)
		return -1;
	return changed(db_do(db, e,
			   "UPDATE publication SET state = $4, switched_s = $3"
			   " WHERE channel = $1 AND id = $2",
			   BIND(V(channel), V(id), V(now_s),
			       V(names[PUBLICATION_ACCEPTED]))),
	    id, e);
}

int
publications_refuse(struct db *db, const char *channel, const char *id,
    const struct err *why, struct err *e)
{
	return db_do(db, e,
		   "UPDATE publication SET state = $3, kind = $4, error = $5"
		   " WHERE channel = $1 AND id = $2",
		   BIND(V(channel), V(id), V(names[PUBLICATION_REFUSED]),
		       V(err_name(why->kind)), V((const char *)why->msg))) < 0
	    ? -1
	    : 0;
}

int
publications_give(struct db *db, const char *channel, const char *id,
    int64_t rungs, struct err *e)
{
	return db_do(db, e,
		   "UPDATE publication SET given = given | $3"
		   " WHERE channel = $1 AND id = $2",
		   BIND(V(channel), V(id), V(rungs))) < 0
	    ? -1
	    : 0;
}

int
publications_drop(
    struct db *db, const char *channel, const char *id, struct err *e)
{
	return db_do(db, e,
		   "DELETE FROM delta_base WHERE channel = $1"
		   " AND publication = $2",
		   BIND(V(channel), V(id))) < 0 ||
		db_do(db, e,
		    "DELETE FROM publication WHERE channel = $1 AND id = $2",
		    BIND(V(channel), V(id))) < 0
	    ? -1
	    : 0;
}

int
publications_trim(struct db *db, const char *channel, const char *id,
    int64_t keep, struct err *e)
{
	return db_do(db, e,
		   "DELETE FROM publication WHERE channel = $1"
		   " AND state IN " PUBLICATIONS_SQL_UNTAKEN " AND id <> $2"
		   " AND id NOT IN (SELECT id FROM publication"
		   "  WHERE channel = $1"
		   "  AND state IN " PUBLICATIONS_SQL_UNTAKEN
		   "  ORDER BY opened_s DESC, m DESC LIMIT $3)",
		   BIND(V(channel), V(id), V(keep))) < 0
	    ? -1
	    : 0;
}
