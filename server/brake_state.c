/*
 * The brake's memory of a channel: the trusted root, the publication, the last
 * round.  One file, read for every message and replaced before an answer
 * leaves, so that there is no other copy to disagree with.
 */
#include "server/brake_state.h"

#include <stdio.h>
#include <string.h>

#include "manifest/base/buf.h"
#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "server/brake.h"

#define SCHEMA	  "sluice-brake/1"
#define STATE_MAX (ROLE_ROOT_MAX + 64 * 1024)

int
brake_state_open(struct brake_state *s, const char *dir, const char *channel,
    struct arena *a, struct err *e)
{
	const char *slash = strchr(channel, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - channel);

	memset(s, 0, sizeof(*s));
	s->top = -1;
	if (slash == NULL || len > PRODUCT_MAX ||
	    strlen(slash + 1) > PRODUCT_MAX)
		return err_set(e, ERR_USAGE, "a channel is PRODUCT/CHANNEL");
	memcpy(s->product, channel, len);
	memcpy(s->channel, slash + 1, strlen(slash + 1) + 1);
	if (!name_ok(s->product, PRODUCT_MAX) ||
	    !name_ok(s->channel, PRODUCT_MAX))
		return err_set(e, ERR_USAGE, "a channel is PRODUCT/CHANNEL");
	s->folder = arena_printf(a, e, "%s/%s/%s", dir, s->product, s->channel);
	return s->folder == NULL ? -1 : 0;
}

/* --- reading ------------------------------------------------------------- */

struct state_doc {
	const char *schema;
	int64_t round, round_m, signed_at_s, expires_s, m, top, not_before_s;
	int64_t early;
	const json_t *rungs, *root;
};

static const struct json_field state_fields[] = {
	JSON_TEXT(struct state_doc, schema, 1, 32),
	JSON_INT(struct state_doc, round, 0, INT32_MAX),
	JSON_INT(struct state_doc, round_m, 0, INT32_MAX),
	JSON_INT(struct state_doc, signed_at_s, 0, INT64_MAX),
	JSON_INT(struct state_doc, expires_s, 0, INT64_MAX),
	JSON_INT(struct state_doc, m, 0, INT32_MAX),
	JSON_INT(struct state_doc, top, -1, LADDER_MAX - 1),
	JSON_INT(struct state_doc, not_before_s, 0, INT64_MAX),
	JSON_INT(struct state_doc, early, 0, UINT32_MAX),
	JSON_F(JSON_FIELD_ARRAY, struct state_doc, rungs, false, 0, LADDER_MAX),
	JSON_F(JSON_FIELD_OBJECT, struct state_doc, root, false, 0, 0),
};

static const struct json_field rung_fields[] = {
	JSON_INT(struct brake_rung, length, 1, ROLE_SNAPSHOT_MAX),
	JSON_F(JSON_FIELD_HEX, struct brake_rung, sha256, false, SHA256_SIZE,
	    SHA256_SIZE),
};

static const struct role *
read_root(const json_t *v, struct arena *a, struct err *e)
{
	AUTO_BUF text;

	buf_init(&text, ROLE_ROOT_MAX);
	if (json_write(v, &text, e) < 0 || buf_ok(&text, e) < 0)
		return NULL;
	return role_read(a, ROLE_ROOT, buf_bytes(&text), ROLE_STRICT, e);
}

static int
read_doc(struct brake_state *s, const json_t *v, struct arena *a, struct err *e)
{
	struct state_doc d = { 0 };

	if (json_struct(v, state_fields, COUNT(state_fields), true, &d, a, e) <
	    0)
		return -1;
	if (strcmp(d.schema, SCHEMA) != 0)
		return err_set(e, ERR_INPUT, "schema %s is unknown", d.schema);
	s->round = d.round;
	s->round_m = d.round_m;
	s->signed_at_s = d.signed_at_s;
	s->expires_s = d.expires_s;
	s->m = d.m;
	s->top = (int)d.top;
	s->not_before_s = d.not_before_s;
	s->early = (uint32_t)d.early;
	s->nrungs = (int)json_array_size(d.rungs);
	for (int i = 0; i < s->nrungs; i++) {
		if (json_struct(json_array_get(d.rungs, (size_t)i), rung_fields,
			COUNT(rung_fields), true, &s->rungs[i], a, e) < 0)
			return err_in(e, "rung %d", i);
	}
	s->root = read_root(d.root, a, e);
	return s->root == NULL ? -1 : 0;
}

int
brake_state_read(struct brake_state *s, const char *dir, const char *channel,
    struct arena *a, struct err *e)
{
	AUTO_JSON v = NULL;
	struct bytes text;
	char *path;

	if (brake_state_open(s, dir, channel, a, e) < 0)
		return -1;
	path = file_path(a, e, s->folder, "state.json");
	if (path == NULL)
		return -1;
	if (file_read(a, path, STATE_MAX, &text, e) < 0) {
		if (e->kind == ERR_MISSING)
			err_set(e, ERR_MISSING,
			    "%s: the brake trusts no root of it yet", channel);
		return -1;
	}
	v = json_read(text, STATE_MAX, e);
	if (v == NULL || read_doc(s, v, a, e) < 0)
		return err_in(e, "%s", path);
	return 0;
}

/* --- writing ------------------------------------------------------------- */

static json_t *
rungs_json(const struct brake_state *s)
{
	json_t *out = json_array();

	for (int i = 0; i < s->nrungs; i++) {
		char hex[SHA256_HEX_SIZE];

		hex_write(hex, s->rungs[i].sha256, SHA256_SIZE);
		json_array_append_new(out,
		    json_pack("{sI ss}", "length",
			(json_int_t)s->rungs[i].length, "sha256", hex));
	}
	return out;
}

static json_t *
state_json(const struct brake_state *s, struct err *e)
{
	json_t *root = json_read(s->root->file, ROLE_ROOT_MAX, e);
	json_t *v;

	if (root == NULL)
		return NULL;
	v = json_pack("{ss sI sI sI sI sI si sI sI so so}", "schema", SCHEMA,
	    "round", (json_int_t)s->round, "round_m", (json_int_t)s->round_m,
	    "signed_at_s", (json_int_t)s->signed_at_s, "expires_s",
	    (json_int_t)s->expires_s, "m", (json_int_t)s->m, "top", s->top,
	    "not_before_s", (json_int_t)s->not_before_s, "early",
	    (json_int_t)s->early, "rungs", rungs_json(s), "root", root);
	if (v == NULL)
		err_set(e, ERR_SYS, "no memory");
	return v;
}

int
brake_state_write(const struct brake_state *s, struct err *e)
{
	AUTO_JSON v = state_json(s, e);
	AUTO_BUF text;
	char path[4096];
	int n;

	buf_init(&text, STATE_MAX);
	if (v == NULL || json_write(v, &text, e) < 0 || buf_ok(&text, e) < 0)
		return -1;
	n = snprintf(path, sizeof(path), "%s/state.json", s->folder);
	if (n < 0 || (size_t)n >= sizeof(path))
		return err_set(e, ERR_LIMIT, "%s: path too long", s->folder);
	return file_replace(path, text.at, text.len, 0600, e);
}

/* --- the first root ------------------------------------------------------ */

static int
trust_first(struct brake_state *s, const struct role *root, struct err *e)
{
	AUTO_BRAKE_KEY key = { 0 };

	if (strcmp(root->product, s->product) != 0 ||
	    strcmp(root->channel, s->channel) != 0)
		return err_set(e, ERR_REFUSED, "it is the root of %s/%s",
		    root->product, root->channel);
	if (role_verify_own(root, e) < 0 ||
	    brake_key_load(&key, s, root, e) < 0)
		return -1;
	s->root = root;
	return brake_state_write(s, e);
}

int
brake_trust(const char *dir, const char *product, const char *channel,
    const char *root_path, struct err *e)
{
	AUTO_ARENA a = arena_new(BRAKE_ARENA_MAX);
	const struct role *root;
	struct brake_state s;
	struct bytes file;
	char *both;

	if (a == NULL)
		return err_set(e, ERR_SYS, "no memory");
	both = arena_printf(a, e, "%s/%s", product, channel);
	if (both == NULL ||
	    file_read(a, root_path, ROLE_ROOT_MAX, &file, e) < 0)
		return -1;
	root = role_read(a, ROLE_ROOT, file, ROLE_STRICT, e);
	if (root == NULL)
		return err_in(e, "%s", root_path);
	if (brake_state_read(&s, dir, both, a, e) == 0) {
		if (s.root->file.len == file.len &&
		    memcmp(s.root->file.at, file.at, file.len) == 0)
			return 0;
		return err_set(e, ERR_CONFLICT,
		    "%s: the brake trusts root %lld of it already", both,
		    (long long)s.root->version);
	}
	if (e->kind != ERR_MISSING || brake_state_open(&s, dir, both, a, e) < 0)
		return -1;
	if (trust_first(&s, root, e) < 0)
		return err_in(e, "%s", root_path);
	return 0;
}
