/*
 * sluiced restored: marks every channel, and says what the database lacks.
 */
#include "server/store/restore.h"

#include <jansson.h>
#include <stdio.h>

#include "manifest/base/clock.h"
#include "manifest/base/json.h"
#include "server/brake.h"
#include "server/store.h"
#include "server/store/audit.h"
#include "server/store/channel.h"
#include "server/store/schema.h"

#define ARENA_MAX (64u << 20)

static void
key_of(char out[static CHANNEL_ID_SIZE + 16], const char *channel)
{
	(void)snprintf(out, CHANNEL_ID_SIZE + 16, "restored %s", channel);
}

int
restore_waits(struct db *db, const char *channel, struct err *e)
{
	char key[CHANNEL_ID_SIZE + 16], value[8];

	key_of(key, channel);
	if (schema_meta_get(db, key, value, sizeof(value), e) < 0)
		return -1;
	return value[0] != '\0';
}

int
restore_done(struct db *db, const char *channel, struct err *e)
{
	char key[CHANNEL_ID_SIZE + 16];

	key_of(key, channel);
	return db_do(db, e, "DELETE FROM meta WHERE key = $1",
		   BIND(V((const char *)key))) < 0
	    ? -1
	    : 0;
}

/* What the brake remembers of a channel, beside what the database has. */
static json_t *
compare(const struct server_config *conf, const struct channel *c)
{
	char dir[4096];
	struct err e = { .kind = ERR_NONE };
	AUTO_JSON ask = json_pack("{ss ss}", "do", "state", "channel", c->id);
	AUTO_JSON state = NULL;

	(void)snprintf(dir, sizeof(dir), "%s/brake", conf->state);
	state = brake_answer(dir, ask, clock_now_s(), &e);
	if (state == NULL)
		return json_pack("{ss sI ss}", "channel", c->id, "m",
		    (json_int_t)c->state.ladder.m, "error", e.msg);
	return json_pack("{ss sI sO}", "channel", c->id, "m",
	    (json_int_t)c->state.ladder.m, "brake_m",
	    json_object_get(state, "m"));
}

static int
mark(struct db *db, const char *channel, struct err *e)
{
	char key[CHANNEL_ID_SIZE + 16];
	struct audit row = { .at_s = clock_now_s(),
		.who = "sluiced restored",
		.verb = "restored",
		.channel = channel,
		.arguments = "{}",
		.reason = "",
		.before = "",
		.after = "" };

	key_of(key, channel);
	return schema_meta_put(db, key, "1", e) < 0 ? -1
						    : audit_add(db, &row, e);
}

static int
mark_all(struct db *db, const struct server_config *conf, json_t *list,
    struct arena *a, struct err *e)
{
	const char *const *ids;
	const struct channel *c;
	int n = channel_list(db, &ids, a, e);

	for (int i = 0; i < n; i++) {
		if ((c = channel_load(db, ids[i], a, e)) == NULL)
			return -1;
		/* a mirror has no positions of its own */
		if (c->mirror)
			continue;
		if (mark(db, c->id, e) < 0)
			return -1;
		if (json_array_append_new(list, compare(conf, c)) < 0)
			return err_set(e, ERR_SYS, "no memory");
	}
	return n < 0 ? -1 : 0;
}

json_t *
store_restored(const struct server_config *conf, struct err *e)
{
	AUTO_ARENA a = arena_new(ARENA_MAX);
	json_t *list = json_array();
	AUTO_DB db = NULL;
	AUTO_TX tx = NULL;

	if (a == NULL || list == NULL)
		(void)err_set(e, ERR_SYS, "no memory");
	else if (schema_open(&db, conf->state, DB_MUST_EXIST, e) == 0 &&
	    (tx = tx_begin(db, e)) != NULL &&
	    mark_all(db, conf, list, a, e) == 0 && tx_commit(&tx, e) == 0)
		return list;
	json_decref(list);
	return NULL;
}
