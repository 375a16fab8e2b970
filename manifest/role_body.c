/*
 * Inside "signed": x-sluice, root, the files that snapshot, timestamp and
 * targets list.  Form only.  Keys and roles are role_keys.c.
 */
#include "manifest/role_body.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "manifest/cohort.h"
#include "manifest/delegation.h"
#include "manifest/manifest.h"

#define SEQ_MAX ((int64_t)1 << 53) /* others read numbers as doubles */

int
role_body_lower(char *out, size_t room, const char *text)
{
	size_t n = strlen(text);

	if (n >= room)
		return -1;
	for (size_t i = 0; i <= n; i++)
		out[i] = (char)tolower((unsigned char)text[i]);
	return 0;
}

/* --- x-sluice --- */

struct extra {
	const char *product, *channel;
	int64_t signed_at_s, cap_bp, pin_seq;
	bool urgent, offline;
};

static const struct json_field extra_fields[] = {
	JSON_TEXT(struct extra, product, 1, PRODUCT_MAX),
	JSON_TEXT(struct extra, channel, 1, PRODUCT_MAX),
};

static const struct json_field timestamp_fields[] = {
	{ "signed_at", JSON_FIELD_TIME, false,
	    offsetof(struct extra, signed_at_s), 0, 0 },
	JSON_INT(struct extra, cap_bp, 0, BP_ALL),
	JSON_F(JSON_FIELD_INT, struct extra, pin_seq, true, 1, SEQ_MAX),
	JSON_F(JSON_FIELD_BOOL, struct extra, urgent, true, 0, 0),
	JSON_F(JSON_FIELD_BOOL, struct extra, offline, true, 0, 0),
};

static int
read_minisign(const struct reading *in, const json_t *list, struct err *e)
{
	struct role *r = in->r;
	const json_t *v;
	size_t i;

	if (list == NULL)
		return 0;
	if (!json_is_array(list) || json_array_size(list) > ROLE_MINISIGN_MAX)
		return err_set(e, ERR_INPUT,
		    "minisign: not an array of at most %d keys",
		    ROLE_MINISIGN_MAX);
	json_array_foreach(list, i, v)
	{
		const char *text = json_string_value(v);
		struct minisign_key *k = &r->minisign[r->nminisign];

		if (text == NULL || strlen(text) != MINISIGN_KEY_TEXT)
			return err_set(e, ERR_INPUT,
			    "minisign: entry %zu is not a key", i);
		if (minisign_key_read(k, text, e) < 0)
			return err_in(e, "minisign: entry %zu", i);
		for (size_t j = 0; j < r->nminisign; j++)
			if (memcmp(&r->minisign[j], k, sizeof *k) == 0)
				return err_set(e, ERR_INPUT,
				    "minisign: the same key twice");
		r->nminisign++;
	}
	return 0;
}

int
role_body_extra(const struct reading *in, const json_t *xs, struct err *e)
{
	struct extra x = { 0 };
	struct role *r = in->r;

	if (json_struct(
		xs, extra_fields, COUNT(extra_fields), false, &x, in->a, e) < 0)
		return -1;
	if (!name_ok(x.product, PRODUCT_MAX) ||
	    !name_ok(x.channel, PRODUCT_MAX))
		return err_set(
		    e, ERR_INPUT, "product or channel is not a name");
	r->product = x.product;
	r->channel = x.channel;
	if (r->kind == ROLE_ROOT)
		return read_minisign(in, json_object_get(xs, "minisign"), e);
	if (r->kind != ROLE_TIMESTAMP)
		return 0;
	if (json_struct(xs, timestamp_fields, COUNT(timestamp_fields), false,
		&x, in->a, e) < 0)
		return -1;
	r->signed_at_s = x.signed_at_s;
	r->cap_bp = (int)x.cap_bp;
	r->pin_seq = x.pin_seq;
	r->urgent = x.urgent;
	r->offline = x.offline;
	return 0;
}

/* --- root --- */

static int
read_root(const struct reading *in, json_t *signed_, struct err *e)
{
	const json_t *roles = json_object_get(signed_, "roles");
	const json_t *consistent =
	    json_object_get(signed_, "consistent_snapshot");

	in->r->consistent = json_is_true(consistent);
	if (consistent != NULL && !json_is_boolean(consistent))
		return err_set(e, ERR_INPUT,
		    "consistent_snapshot is neither true nor false");
	if (in->strict && !in->r->consistent)
		return err_set(e, ERR_INPUT, "consistent_snapshot is not true");
	if (role_body_keys(in, json_object_get(signed_, "keys"), &in->r->keys,
		&in->r->nkeys, e) < 0)
		return -1;
	for (int k = 0; k < ROLE_KINDS; k++) {
		const char *name = role_name((enum role_kind)k);

		if (role_body_role(in, &in->r->roles[k],
			json_object_get(roles, name), e) < 0)
			return err_in(e, "roles: %s", name);
	}
	return 0;
}

/* What a document says of a file's digests. */
struct hashes {
	bool sha256;
	uint8_t at256[SHA256_SIZE];
	const uint8_t *sha512;
	bool first512;
};

static int
read_digest(const struct reading *in, const json_t *v, uint8_t *out, size_t n,
    struct err *e)
{
	const char *text = json_string_value(v);
	char lower[SHA512_HEX_SIZE];

	if (text == NULL)
		return err_set(e, ERR_INPUT, "hashes: not a string");
	if (!in->strict && role_body_lower(lower, sizeof lower, text) == 0)
		text = lower;
	if (hex_read(out, n, text) < 0)
		return err_set(e, ERR_INPUT,
		    "hashes: sha%zu is not %zu bytes in lower-case hex", 8 * n,
		    n);
	return 0;
}

/*
 * sha256 in ours; of others sha512 will do, and what we cannot compute is left
 * alone beside one of the two.
 */
static int
read_hashes(
    const struct reading *in, json_t *v, struct hashes *h, struct err *e)
{
	const char *name;
	uint8_t *out;
	json_t *text;

	json_object_foreach(v, name, text)
	{
		if (strcmp(name, "sha256") == 0) {
			h->sha256 = true;
			if (read_digest(in, text, h->at256, SHA256_SIZE, e) < 0)
				return -1;
		} else if (strcmp(name, "sha512") == 0 && !in->strict) {
			out = arena_get(in->a, SHA512_SIZE, e);
			if (out == NULL ||
			    read_digest(in, text, out, SHA512_SIZE, e) < 0)
				return -1;
			h->sha512 = out;
			h->first512 = !h->sha256;
		}
	}
	if (!h->sha256 && h->sha512 == NULL)
		return err_set(e, ERR_INPUT, "hashes: sha256 is missing");
	return 0;
}

/* --- snapshot and timestamp --- */

struct meta_fields {
	int64_t version, length;
	json_t *hashes;
};

static const struct json_field meta_fields[] = {
	JSON_INT(struct meta_fields, version, 1, ROLE_VERSION_MAX),
	JSON_F(JSON_FIELD_INT, struct meta_fields, length, true, 0, SEQ_MAX),
	JSON_F(JSON_FIELD_OBJECT, struct meta_fields, hashes, true, 0, 0),
};

static int
read_metafile(const struct reading *in, struct metafile *m, const char *name,
    const json_t *v, struct err *e)
{
	struct meta_fields f = { .length = -1 };
	struct hashes h = { 0 };

	if (strlen(name) > TARGET_PATH_MAX ||
	    (in->strict && !name_ok(name, 255)))
		return err_set(e, ERR_INPUT, "not the name of a document");
	if (json_struct(
		v, meta_fields, COUNT(meta_fields), false, &f, in->a, e) < 0)
		return -1;
	if (in->strict && f.length < 0)
		return err_set(e, ERR_INPUT, "length is missing");
	if ((in->strict || f.hashes != NULL) &&
	    read_hashes(in, f.hashes, &h, e) < 0)
		return -1;
	m->hashed = h.sha256;
	memcpy(m->sha256, h.at256, sizeof m->sha256);
	m->sha512 = h.sha512;
	m->version = f.version;
	m->length = f.length;
	return (m->name = arena_text(in->a, name, e)) == NULL ? -1 : 0;
}

static int
read_meta(const struct reading *in, json_t *signed_, struct err *e)
{
	json_t *meta = json_object_get(signed_, "meta"), *v;
	bool timestamp = in->r->kind == ROLE_TIMESTAMP;
	const char *name, *must = timestamp ? "snapshot.json" : "targets.json";
	struct metafile *out;
	char shown[64];

	if (!json_is_object(meta))
		return err_set(e, ERR_INPUT, "meta is not an object");
	if (json_object_get(meta, must) == NULL)
		return err_set(e, ERR_INPUT, "meta: %s is missing", must);
	if (in->strict && timestamp && json_object_size(meta) != 1)
		return err_set(e, ERR_INPUT, "meta: more than %s", must);
	out = arena_array(in->a, json_object_size(meta), sizeof *out, e);
	if (out == NULL)
		return -1;
	in->r->meta = out;
	json_object_foreach(meta, name,
	    v) if (read_metafile(in, &out[in->r->nmeta++], name, v, e) <
	    0) return err_in(e, "meta: %s",
	    text_safe(shown, sizeof shown, name));
	return 0;
}

/* --- targets --- */

static bool
is_dots(const char *part, size_t n)
{
	return (n == 1 && part[0] == '.') ||
	    (n == 2 && part[0] == '.' && part[1] == '.');
}

/*
 * A path that may stand in a URL: no part of it leads up or away.  Ours are
 * made of names and may stand on disk; others may have any text.
 */
static bool
path_ok(const char *path, bool strict)
{
	char part[256];
	size_t all = strnlen(path, TARGET_PATH_MAX + 1);

	if (all == 0 || all > TARGET_PATH_MAX)
		return false;
	for (;;) {
		size_t n = strcspn(path, "/");

		if (is_dots(path, n))
			return false;
		if (strict) {
			if (n >= sizeof part)
				return false;
			memcpy(part, path, n);
			part[n] = '\0';
			if (!name_ok(part, sizeof part - 1))
				return false;
		}
		if (path[n] == '\0')
			return true;
		path += n + 1;
	}
}

struct target_fields {
	int64_t length;
	json_t *hashes;
};

static const struct json_field target_fields[] = {
	JSON_INT(struct target_fields, length, 0, SEQ_MAX),
	JSON_F(JSON_FIELD_OBJECT, struct target_fields, hashes, false, 0, 0),
};

static int
read_target(const struct reading *in, struct target *t, const char *path,
    const json_t *v, struct err *e)
{
	struct target_fields f = { 0 };
	struct hashes h = { 0 };

	if (!path_ok(path, in->strict))
		return err_set(e, ERR_INPUT, "not an allowed path");
	if (json_struct(v, target_fields, COUNT(target_fields), false, &f,
		in->a, e) < 0)
		return -1;
	if (read_hashes(in, f.hashes, &h, e) < 0)
		return -1;
	memcpy(t->sha256, h.at256, sizeof t->sha256);
	t->sha512 = h.sha512;
	t->only512 = !h.sha256;
	t->first512 = h.first512;
	t->length = f.length;
	return (t->path = arena_text(in->a, path, e)) == NULL ? -1 : 0;
}

static int
target_cmp(const void *a, const void *b)
{
	return strcmp(
	    ((const struct target *)a)->path, ((const struct target *)b)->path);
}

static int
read_delegations(const struct reading *in, json_t *signed_, struct err *e)
{
	json_t *v = json_object_get(signed_, "delegations");

	if (v == NULL || json_is_null(v))
		return 0;
	if ((in->r->delegations = delegation_read(in, v, e)) == NULL)
		return err_in(e, "delegations");
	return 0;
}

static int
read_targets(const struct reading *in, json_t *signed_, struct err *e)
{
	json_t *targets = json_object_get(signed_, "targets"), *v;
	const char *path;
	struct target *out;
	char shown[128];

	if (!json_is_object(targets))
		return err_set(e, ERR_INPUT, "targets is not an object");
	out = arena_array(in->a, json_object_size(targets), sizeof *out, e);
	if (out == NULL)
		return -1;
	json_object_foreach(targets, path, v)
	{
		struct target *t = &out[in->r->ntargets];

		if (read_target(in, t, path, v, e) == 0)
			in->r->ntargets++;
		else if (in->strict || e->kind != ERR_INPUT)
			return err_in(e, "targets: %s",
			    text_safe(shown, sizeof shown, path));
		/* else: a target that we could not check is none to us */
	}
	qsort(out, in->r->ntargets, sizeof *out, target_cmp);
	in->r->targets = out;
	return in->strict ? 0 : read_delegations(in, signed_, e);
}

int
role_body(const struct reading *in, json_t *signed_, struct err *e)
{
	switch (in->r->kind) {
	case ROLE_ROOT:
		return read_root(in, signed_, e);
	case ROLE_TIMESTAMP:
	case ROLE_SNAPSHOT:
		return read_meta(in, signed_, e);
	case ROLE_TARGETS:
		return read_targets(in, signed_, e);
	}
	return err_set(e, ERR_INPUT, "unknown kind of document");
}
