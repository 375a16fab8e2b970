/*
 * Inside "signed": keys, and the roles that name them.
 */
#include <string.h>

#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "manifest/role_body.h"

int
role_body_keys(const struct reading *in, json_t *keys, const struct key **to,
    size_t *n, struct err *e)
{
	size_t most = in->strict ? ROLE_KEYS_MAX : ROLE_FOREIGN_KEYS;
	const char *id;
	json_t *v;
	struct key *out;

	if (!json_is_object(keys) || json_object_size(keys) > most)
		return err_set(e, ERR_INPUT,
		    "keys: not an object of at most %zu keys", most);
	out = arena_array(in->a, json_object_size(keys), sizeof *out, e);
	if (out == NULL)
		return -1;
	*to = out;
	*n = 0;
	json_object_foreach(keys, id, v)
	{
		if (key_read(&out[*n], id, v, in->strict, in->a, e) == 0)
			++*n;
		else if (in->strict || e->kind != ERR_INPUT)
			return err_in(e, "keys");
		/* else: a key of a kind that we cannot use, so it never counts */
	}
	return 0;
}

struct role_fields {
	const json_t *keyids;
	int64_t threshold;
};

static const struct json_field role_fields[] = {
	JSON_F(JSON_FIELD_ARRAY, struct role_fields, keyids, false, 0,
	    ROLE_KEYS_MAX),
	JSON_INT(struct role_fields, threshold, 1, ROLE_KEYS_MAX),
};

static const struct json_field foreign_fields[] = {
	JSON_F(JSON_FIELD_ARRAY, struct role_fields, keyids, false, 0,
	    ROLE_FOREIGN_IDS),
	JSON_INT(struct role_fields, threshold, 1, ROLE_FOREIGN_IDS),
};

static int
read_keyid(const struct reading *in, struct role_keys *rk, const json_t *v,
    struct err *e)
{
	const char *id = json_string_value(v);
	char shown[KEYID_SIZE];

	if (id == NULL)
		return err_set(e, ERR_INPUT, "a key ID is not a string");
	text_safe(shown, sizeof shown, id);
	for (size_t i = 0; i < rk->n; i++)
		if (strcmp(rk->keyids[i], id) == 0)
			return err_set(
			    e, ERR_INPUT, "key %s is named twice", shown);
	if (in->strict && role_key(in->r, id) == NULL)
		return err_set(e, ERR_INPUT, "key %s is not in keys", shown);
	if ((id = arena_text(in->a, id, e)) == NULL)
		return -1;
	rk->keyids[rk->n++] = id;
	return 0;
}

int
role_body_role(const struct reading *in, struct role_keys *rk, const json_t *v,
    struct err *e)
{
	struct role_fields f = { 0 };
	const json_t *id;
	size_t i, n;

	if (json_struct(v, in->strict ? role_fields : foreign_fields,
		COUNT(role_fields), in->strict, &f, in->a, e) < 0)
		return -1;
	n = json_array_size(f.keyids);
	rk->keyids = arena_array(in->a, n, sizeof *rk->keyids, e);
	if (rk->keyids == NULL)
		return -1;
	json_array_foreach(
	    f.keyids, i, id) if (read_keyid(in, rk, id, e) < 0) return -1;
	rk->threshold = (int)f.threshold;
	if (in->strict && f.threshold > (int64_t)n)
		return err_set(e, ERR_INPUT, "threshold %d, but only %zu keys",
		    rk->threshold, n);
	return 0;
}
