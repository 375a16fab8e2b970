/*
 * The choice table, from the database.
 */
#include "server/store/tables.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/log.h"
#include "server/ipc.h"
#include "server/store/outbox.h"
#include "server/store/publications.h"
#include "server/store/pushed.h"
#include "server/store/rounds.h"
#include "server/store/schema.h"
#include "server/store/validity_read.h"

/* --- views --- */

static int
read_view(struct table_view *out, json_t *v, struct arena *a, struct err *e)
{
	json_t *text = json_object_get(v, "timestamp");
	const char *s = json_string_value(text);

	if (s == NULL)
		return err_set(e, ERR_SYS, "a stored view is damaged");
	out->scope = (int)json_integer_value(json_object_get(v, "scope"));
	out->rung = (int)json_integer_value(json_object_get(v, "rung"));
	out->high = json_is_true(json_object_get(v, "high"));
	out->pin_seq = json_integer_value(json_object_get(v, "pin_seq"));
	out->len = json_string_length(text);
	sha256_hex(out->etag, s, out->len);
	out->timestamp = arena_text(a, s, e);
	return out->timestamp == NULL ? -1 : 0;
}

static int
view_cmp(const void *pa, const void *pb)
{
	const struct table_view *a = pa, *b = pb;

	if (a->scope != b->scope)
		return a->scope < b->scope ? -1 : 1;
	if (a->rung != b->rung)
		return a->rung < b->rung ? -1 : 1;
	if (a->high != b->high)
		return a->high ? 1 : -1;
	return a->pin_seq < b->pin_seq ? -1 : a->pin_seq > b->pin_seq;
}

static int
add_views(
    struct table_channel *to, const char *text, struct arena *a, struct err *e)
{
	struct bytes b = { (const uint8_t *)text, strlen(text) };
	AUTO_JSON list = json_read(b, TABLE_MAX, e);
	struct table_view *views;
	size_t n = json_array_size(list);

	if (list == NULL ||
	    (views = arena_array(a, n + 1, sizeof(*views), e)) == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (read_view(&views[i], json_array_get(list, i), a, e) < 0)
			return -1;
	qsort(views, n, sizeof(*views), view_cmp);
	to->views = views;
	to->nviews = n;
	return 0;
}

/* --- manifests and files --- */

static int
add_manifests(struct db *db, struct table_channel *to, const char *channel,
    const char *publication, struct arena *a, struct err *e)
{
	AUTO_JSON facts = publications_facts(db, channel, publication, e);
	json_t *list;

	if (facts == NULL)
		return -1;
	list = json_object_get(facts, "manifests");
	for (size_t i = 0; i < json_array_size(list) && i < LADDER_MAX; i++) {
		const char *s = json_string_value(json_array_get(list, i));

		if (s == NULL ||
		    (to->manifests[i] = arena_text(a, s, e)) == NULL)
			return err_set(e, ERR_SYS, "stored facts are damaged");
	}
	return 0;
}

/*
 * Root documents; and of the publication in force and those replaced a little
 * while ago, what rungs that somebody was given name.
 */
static const char files_sql[] =
    "SELECT CAST(version AS TEXT) || '.root.json', sha256, size FROM root"
    " WHERE channel = $1"
    " UNION SELECT f.path, f.sha256, f.size FROM publication_file f"
    " JOIN publication p ON p.channel = f.channel AND p.id = f.publication"
    " WHERE f.channel = $1 AND (p.id = $2 OR p.replaced_s > $3)"
    " AND p.state IN " PUBLICATIONS_SQL_SERVED " AND (f.rungs & p.given) <> 0";

struct making {
	struct db *db;
	const struct server_config *conf;
	int64_t now_s;
	struct table *t;
};

static int
add_channel(struct making *m, const char *id, struct err *e)
{
	struct table_channel *to = &m->t->channels[m->t->nchannels];
	int64_t since = m->now_s - m->conf->metadata_keep_s;
	const char *publication = "";
	AUTO_ROWS r = NULL;
	struct round *round;
	int64_t room;
	int n = rounds_newest(m->db, id, &round, m->t->arena, e);

	if (n < 0)
		return -1;
	if (n == 0) {
		if (channel_state_parse(id, "", &to->state, e) < 0)
			return -1;
	} else {
		to->state = round->state;
		to->signed_s = round->signed_at_s;
		publication = round->publication;
		if (add_views(to, round->views, m->t->arena, e) < 0 ||
		    add_manifests(m->db, to, id, publication, m->t->arena, e) <
			0)
			return -1;
	}
	to->validity = validity_read(m->db, m->conf->state, id);
	room = db_int(m->db, e, -1,
	    "SELECT (SELECT COUNT(*) FROM publication_file f"
	    " JOIN publication p ON p.channel = f.channel"
	    " AND p.id = f.publication WHERE f.channel = $1"
	    " AND p.state IN " PUBLICATIONS_SQL_SERVED ")"
	    " + (SELECT COUNT(*) FROM root WHERE channel = $1)",
	    BIND(V(id)));
	r = db_rows(m->db, e, files_sql, BIND(V(id), V(publication), V(since)));
	if (pushed_rows(r, room, &to->files, m->t->arena, e) < 0)
		return -1;
	m->t->nchannels++;
	return 0;
}

static int
read_ticket_key(struct db *db, struct table *t, struct err *e)
{
	char hex[HEX_SIZE(sizeof(t->ticket_key))];

	if (schema_meta_get(db, "ticket_key", hex, sizeof(hex), e) < 0)
		return -1;
	if (hex_read(t->ticket_key, sizeof(t->ticket_key), hex) < 0)
		return err_set(e, ERR_SYS, "the database has no ticket key");
	return 0;
}

static int
fill(struct making *m, struct err *e)
{
	const char *const *ids;
	int n = channel_list(m->db, &ids, m->t->arena, e);

	if (n < 0 || read_ticket_key(m->db, m->t, e) < 0)
		return -1;
	m->t->channels =
	    arena_array(m->t->arena, (size_t)n + 1, sizeof(*m->t->channels), e);
	if (m->t->channels == NULL)
		return -1;
	m->t->now_s = m->now_s;
	for (int i = 0; i < n; i++)
		if (add_channel(m, ids[i], e) < 0)
			return err_in(e, "table of %s", ids[i]);
	return 0;
}

struct table *
tables_make(struct db *db, const struct server_config *conf, int64_t now_s,
    struct err *e)
{
	struct arena *a = arena_new(2u * TABLE_MAX);
	struct table *t = a == NULL ? NULL : arena_get(a, sizeof(*t), e);
	struct making m = { db, conf, now_s, t };

	if (t == NULL) {
		arena_free(a);
		(void)err_set(e, ERR_SYS, "no memory for the table");
		return NULL;
	}
	t->arena = a;
	if (fill(&m, e) < 0) {
		arena_free(a);
		return NULL;
	}
	return t;
}

int
tables_send(struct store *s, int64_t now_s, struct err *e)
{
	struct table *t = tables_make(s->db, s->conf, now_s, e);
	AUTO_BUF b;
	AUTO_FD fd = -1;
	int n;

	buf_init(&b, TABLE_MAX);
	if (t == NULL)
		return -1;
	t->generation = s->generation + 1;
	n = table_write(t, &b, e);
	table_free(t);
	if (n < 0 || buf_ok(&b, e) < 0 ||
	    (fd = ipc_memfd(buf_bytes(&b), e)) < 0)
		return err_in(e, "table");
	if (outbox_send(s, json_pack("{ss}", "do", "table"), fd, e) < 0)
		return err_in(e, "table");
	fd = -1; /* the outbox has it */
	s->generation++;
	s->table_due = false;
	return 0;
}
