/*
 * Channel rows, read and written whole.
 */
#include "server/store/channel.h"

#include <stdio.h>
#include <string.h>

#include "manifest/base/json.h"
#include "server/table.h"

#define STATE_MAX (1024 * 1024)

int
channel_split(const char *id, char product[static PRODUCT_MAX + 1],
    char channel[static PRODUCT_MAX + 1], struct err *e)
{
	const char *slash = strchr(id, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - id);

	if (len == 0 || len > PRODUCT_MAX || strlen(slash + 1) > PRODUCT_MAX)
		return err_set(
		    e, ERR_INPUT, "'%.40s' is not PRODUCT/CHANNEL", id);
	memcpy(product, id, len);
	product[len] = '\0';
	(void)snprintf(channel, PRODUCT_MAX + 1, "%s", slash + 1);
	if (!name_ok(product, PRODUCT_MAX) || !name_ok(channel, PRODUCT_MAX))
		return err_set(
		    e, ERR_INPUT, "'%.40s' is not PRODUCT/CHANNEL", id);
	return 0;
}

const char *
channel_state_text(
    const struct channel_state *s, struct arena *a, struct err *e)
{
	AUTO_BUF b;
	AUTO_JSON v = NULL;

	buf_init(&b, STATE_MAX);
	v = channel_state_write(s, e);
	if (v == NULL || json_write(v, &b, e) < 0 || buf_ok(&b, e) < 0)
		return NULL;
	return arena_text(a, buf_str(&b), e);
}

int
channel_state_parse(
    const char *id, const char *text, struct channel_state *out, struct err *e)
{
	struct bytes b = { (const uint8_t *)text, strlen(text) };
	AUTO_JSON v = NULL;

	memset(out, 0, sizeof(*out));
	if (channel_split(id, out->product, out->channel, e) < 0)
		return -1;
	if (b.len == 0)
		return 0;
	v = json_read(b, STATE_MAX, e);
	if (v == NULL || channel_state_read(v, out, e) < 0)
		return err_in(e, "state of %s", id);
	return 0;
}

struct channel *
channel_load(struct db *db, const char *id, struct arena *a, struct err *e)
{
	AUTO_ROWS r = db_rows(db, e,
	    "SELECT root_version, round, publication, state, mirror"
	    " FROM channel WHERE id = $1",
	    BIND(V(id)));
	struct channel *c = arena_get(a, sizeof(*c), e);
	const char *state;
	int n;

	if (r == NULL || c == NULL || (n = rows_next(r, e)) < 0)
		return NULL;
	if (n == 0) {
		(void)err_set(e, ERR_MISSING, "there is no channel %.130s", id);
		return NULL;
	}
	(void)snprintf(c->id, sizeof(c->id), "%s", id);
	c->root_version = row_int(r, 0);
	c->round = row_int(r, 1);
	row_copy(r, 2, c->publication, sizeof(c->publication));
	c->mirror = row_int(r, 4) != 0;
	if ((state = row_text(r, 3, a)) == NULL) {
		(void)err_set(e, ERR_SYS, "no memory for channel %s", id);
		return NULL;
	}
	return channel_state_parse(id, state, &c->state, e) < 0 ? NULL : c;
}

int
channel_save(struct db *db, const struct channel *c, struct err *e)
{
	AUTO_ARENA a = arena_new(STATE_MAX + 4096);
	const char *state;

	if (a == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if ((state = channel_state_text(&c->state, a, e)) == NULL)
		return -1;
	if (db_do(db, e,
		"UPDATE channel SET root_version = $2, round = $3,"
		" publication = $4, state = $5 WHERE id = $1",
		BIND(V(c->id), V(c->root_version), V(c->round),
		    V(c->publication), V(state))) != 1)
		return err_in(e, "save channel %s", c->id);
	return 0;
}

int
channel_list(
    struct db *db, const char *const **out, struct arena *a, struct err *e)
{
	int64_t room =
	    db_int(db, e, -1, "SELECT COUNT(*) FROM channel", NO_BIND);
	AUTO_ROWS r =
	    db_rows(db, e, "SELECT id FROM channel ORDER BY id", NO_BIND);
	const char **list;
	int n = 0, more;

	if (room < 0 || r == NULL ||
	    (list = arena_array(a, (size_t)room + 1, sizeof(*list), e)) == NULL)
		return -1;
	while ((more = rows_next(r, e)) > 0 && n < room)
		if ((list[n++] = row_text(r, 0, a)) == NULL)
			return err_set(e, ERR_SYS, "no memory");
	*out = list;
	return more < 0 ? -1 : n;
}
