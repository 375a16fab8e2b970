/*
 * When what people must sign anew expires: the root and the publication.
 * Timestamps are not looked at, the server renews them by itself.
 */
#include "server/store/expiry.h"

#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "manifest/role.h"
#include "server/store/blobs.h"

#define DAY_S INT64_C(86400)

const char *
expiry_level(int64_t expires_s, int64_t now_s)
{
	int64_t left_s = expires_s - now_s;

	if (left_s <= 0)
		return "expired";
	if (left_s <= 7 * DAY_S)
		return "7 days";
	if (left_s <= 30 * DAY_S)
		return "30 days";
	return left_s <= 60 * DAY_S ? "60 days" : NULL;
}

/* 0: unknown */
static int64_t
root_expires_s(struct operation *o, const struct channel *c)
{
	struct err e;
	AUTO_ARENA a = arena_new(4 << 20);
	AUTO_ROWS r = db_rows(o->s->db, &e,
	    "SELECT sha256 FROM root WHERE channel = $1 AND version = $2",
	    BIND(V((const char *)c->id), V(c->root_version)));
	const struct role *root;
	const char *sha256;
	struct bytes file;

	if (a == NULL || r == NULL || rows_next(r, &e) <= 0 ||
	    (sha256 = row_text(r, 0, a)) == NULL ||
	    blobs_read(o->s->conf->state, sha256, ROLE_ROOT_MAX, &file, a, &e) <
		0)
		return 0;
	root = role_read(a, ROLE_ROOT, file, ROLE_STRICT, &e);
	return root == NULL ? 0 : root->expires_s;
}

static void
warn(json_t *list, const char *what, int64_t expires_s, int64_t now_s)
{
	const char *level = expiry_level(expires_s, now_s);

	if (level != NULL)
		(void)json_array_append_new(list,
		    json_pack("{ss so ss}", "what", what, "expires",
			json_time(expires_s), "level", level));
}

int
expiry_show(
    json_t *out, struct operation *o, const struct channel *c, struct err *e)
{
	json_t *list = json_array();
	int64_t root_s = root_expires_s(o, c), at_s;
	const char *text = json_string_value(json_object_get(out, "expires"));

	if (list == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if (root_s != 0) {
		warn(list, "root", root_s, o->now_s);
		(void)json_object_set_new(
		    out, "root_expires", json_time(root_s));
	}
	if (text != NULL && time_read(text, &at_s) == 0)
		warn(list, "publication", at_s, o->now_s);
	return json_object_set_new(out, "warnings", list) < 0
	    ? err_set(e, ERR_SYS, "no memory")
	    : 0;
}
