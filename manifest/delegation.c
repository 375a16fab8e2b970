/*
 * Delegated roles: reading them, and which paths are theirs.
 */
#include "manifest/delegation.h"

#include <stdio.h>
#include <string.h>

#include "manifest/base/json.h"
#include "manifest/base/text.h"

#define NAME_MAX_BYTES TARGET_PATH_MAX
#define BIT_LENGTH_MAX 32
#define SUFFIX_SIZE    16 /* "-", 8 hex digits, NUL */

struct fields {
	const char *name;
	bool terminating;
	const json_t *paths, *path_hash_prefixes;
};

static const struct json_field fields[] = {
	JSON_TEXT(struct fields, name, 1, NAME_MAX_BYTES),
	JSON_F(JSON_FIELD_BOOL, struct fields, terminating, false, 0, 0),
	JSON_F(JSON_FIELD_ARRAY, struct fields, paths, true, 0, INT32_MAX),
	JSON_F(JSON_FIELD_ARRAY, struct fields, path_hash_prefixes, true, 0,
	    INT32_MAX),
};

static int
read_strings(const struct reading *in, const json_t *list, const char ***out,
    size_t *n, struct err *e)
{
	const json_t *v;
	size_t i;

	*out = arena_array(in->a, json_array_size(list), sizeof **out, e);
	if (*out == NULL)
		return -1;
	json_array_foreach(list, i, v)
	{
		if (!json_is_string(v))
			return err_set(
			    e, ERR_INPUT, "a path or prefix is no string");
		(*out)[i] = arena_text(in->a, json_string_value(v), e);
		if ((*out)[i] == NULL)
			return -1;
	}
	*n = json_array_size(list);
	return 0;
}

/* Its file would take the place of the top-level one. */
static bool
is_top_level(const char *name)
{
	for (int k = 0; k < ROLE_KINDS; k++)
		if (strcmp(name, role_name((enum role_kind)k)) == 0)
			return true;
	return false;
}

static int
read_role(const struct reading *in, struct delegation *d, const json_t *v,
    struct err *e)
{
	struct fields f = { 0 };
	char shown[64];

	if (json_struct(v, fields, COUNT(fields), false, &f, in->a, e) < 0)
		return -1;
	text_safe(shown, sizeof shown, f.name);
	if (is_top_level(f.name))
		return err_set(
		    e, ERR_INPUT, "%s: the name of a top-level role", shown);
	if ((f.paths == NULL) == (f.path_hash_prefixes == NULL))
		return err_set(e, ERR_INPUT,
		    "%s: needs one of paths and path_hash_prefixes", shown);
	if (role_body_role(in, &d->keys, v, e) < 0)
		return err_in(e, "%s", shown);
	d->name = f.name;
	d->terminating = f.terminating;
	return f.paths != NULL
	    ? read_strings(in, f.paths, &d->paths, &d->npaths, e)
	    : read_strings(
		  in, f.path_hash_prefixes, &d->prefixes, &d->nprefixes, e);
}

/* Names are looked at once each: a set of what was there before. */
static int
check_names(const struct delegations *d, struct err *e)
{
	AUTO_JSON seen = json_object();
	char shown[64];

	for (size_t i = 0; i < d->nroles; i++) {
		const char *name = d->roles[i].name;

		if (json_object_get(seen, name) != NULL)
			return err_set(e, ERR_INPUT, "%s: delegated to twice",
			    text_safe(shown, sizeof shown, name));
		if (json_object_set_new(seen, name, json_true()) < 0)
			return err_set(e, ERR_SYS, "out of memory");
	}
	return 0;
}

static int
read_roles(const struct reading *in, struct delegations *d, const json_t *roles,
    struct err *e)
{
	struct delegation *out;
	const json_t *v;
	size_t i;

	if (!json_is_array(roles))
		return err_set(e, ERR_INPUT, "roles is not an array");
	out = arena_array(in->a, json_array_size(roles), sizeof *out, e);
	if (out == NULL)
		return -1;
	json_array_foreach(roles, i, v)
	{
		if (read_role(in, &out[i], v, e) < 0)
			return err_in(e, "role %zu", i);
	}
	d->roles = out;
	d->nroles = json_array_size(roles);
	return check_names(d, e);
}

struct succinct {
	const char *name_prefix;
	int64_t bit_length;
};

static const struct json_field succinct_fields[] = {
	JSON_TEXT(struct succinct, name_prefix, 1, NAME_MAX_BYTES),
	JSON_INT(struct succinct, bit_length, 1, BIT_LENGTH_MAX),
};

/* TAP 15 */
static int
read_succinct(const struct reading *in, struct delegations *d, const json_t *v,
    struct err *e)
{
	struct delegation *all = arena_get(in->a, sizeof *all, e);
	struct succinct f = { 0 };

	if (all == NULL ||
	    json_struct(v, succinct_fields, COUNT(succinct_fields), false, &f,
		in->a, e) < 0 ||
	    role_body_role(in, &all->keys, v, e) < 0)
		return -1;
	all->name = f.name_prefix;
	all->terminating = true;
	d->roles = all;
	d->nroles = 1;
	d->bit_length = (int)f.bit_length;
	return 0;
}

/* null is as good as nothing. */
static const json_t *
member(const json_t *v, const char *name)
{
	const json_t *m = json_object_get(v, name);

	return json_is_null(m) ? NULL : m;
}

const struct delegations *
delegation_read(const struct reading *in, const json_t *v, struct err *e)
{
	struct delegations *d = arena_get(in->a, sizeof *d, e);
	const json_t *roles = member(v, "roles");
	const json_t *succinct = member(v, "succinct_roles");
	int rc;

	if (d == NULL)
		return NULL;
	if (!json_is_object(v) || (roles == NULL) == (succinct == NULL)) {
		err_set(e, ERR_INPUT, "needs one of roles and succinct_roles");
		return NULL;
	}
	if (role_body_keys(
		in, json_object_get(v, "keys"), &d->keys, &d->nkeys, e) < 0)
		return NULL;
	rc = roles != NULL ? read_roles(in, d, roles, e)
			   : read_succinct(in, d, succinct, e);
	return rc < 0 ? NULL : d;
}

/* --- whose is a path --- */

static const char *
next_character(const char *s)
{
	do
		s++;
	while (((unsigned char)*s & 0xc0) == 0x80);
	return s;
}

/* One '*' to go back to is enough: a later one may take what it took. */
bool
delegation_matches(const char *pattern, const char *path)
{
	const char *star = NULL, *from = NULL;

	while (*path != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			from = path;
		} else if (*pattern == '?' && *path != '/') {
			pattern++;
			path = next_character(path);
		} else if (*pattern != '?' && *pattern == *path) {
			pattern++;
			path++;
			if (path[-1] == '/')
				star = NULL;
		} else if (star != NULL && *from != '/') {
			pattern = star;
			path = from = next_character(from);
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static bool
is_delegated(const struct delegation *d, const char *path, const char *hash)
{
	for (size_t i = 0; i < d->npaths; i++)
		if (delegation_matches(d->paths[i], path))
			return true;
	for (size_t i = 0; i < d->nprefixes; i++)
		if (strncmp(hash, d->prefixes[i], strlen(d->prefixes[i])) == 0)
			return true;
	return false;
}

/* The bin is the first bits of the hash; all names are of one length. */
static int
bin(const struct delegations *d, const uint8_t hash[static SHA256_SIZE],
    struct delegation *out, struct arena *a, struct err *e)
{
	uint32_t first = (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 |
	    (uint32_t)hash[2] << 8 | hash[3];
	char suffix[SUFFIX_SIZE];

	*out = d->roles[0];
	(void)snprintf(suffix, sizeof suffix, "-%0*x", (d->bit_length + 3) / 4,
	    (unsigned)(first >> (32 - d->bit_length)));
	out->name = arena_printf(a, e, "%s%s", d->roles[0].name, suffix);
	return out->name == NULL ? -1 : 1;
}

int
delegation_next(const struct delegations *d, const char *path, size_t *at,
    struct delegation *out, struct arena *a, struct err *e)
{
	uint8_t hash[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];

	sha256(hash, path, strlen(path));
	if (d->bit_length > 0)
		return (*at)++ == 0 ? bin(d, hash, out, a, e) : 0;
	hex_write(hex, hash, sizeof hash);
	while (*at < d->nroles) {
		const struct delegation *r = &d->roles[(*at)++];

		if (!is_delegated(r, path, hex))
			continue;
		*out = *r;
		return 1;
	}
	return 0;
}
