/*
 * The one configuration reader.
 */
#include "manifest/base/conf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/file.h"
#include "manifest/base/text.h"

static int
set_value(void *out, const struct conf_key *k, const char *value,
    struct arena *a, struct err *e)
{
	char *at = (char *)out + k->offset;
	int64_t v = 0;
	int rc = 0;

	switch (k->type) {
	case CONF_TEXT:
		if ((int64_t)strlen(value) < k->min ||
		    (int64_t)strlen(value) > k->max)
			return err_set(e, ERR_USAGE,
			    "%s: %lld to %lld characters expected", k->name,
			    (long long)k->min, (long long)k->max);
		*(const char **)(void *)at = arena_text(a, value, e);
		return *(const char **)(void *)at == NULL ? -1 : 0;
	case CONF_BOOL:
		if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
			return err_set(e, ERR_USAGE,
			    "%s = %.80s: yes or no expected", k->name, value);
		*(bool *)at = value[0] == 'y';
		return 0;
	case CONF_INT:
		rc = int_read(value, k->min, k->max, &v);
		break;
	case CONF_SIZE:
		rc = size_read(value, k->max, &v);
		break;
	case CONF_DURATION:
		rc = duration_read(value, k->max, &v);
		break;
	}
	if (rc < 0 || v < k->min)
		return err_set(e, ERR_USAGE, "%s = %.80s: not in %lld..%lld%s",
		    k->name, value, (long long)k->min, (long long)k->max,
		    k->type == CONF_DURATION ? " seconds (or 90s, 15m, 4h, 7d)"
			: k->type == CONF_SIZE ? " bytes (or 64K, 16M, 1G)"
					       : "");
	*(int64_t *)(void *)at = v;
	return 0;
}

static char *
trim(char *s)
{
	size_t n;

	while (isspace((unsigned char)*s))
		s++;
	for (n = strlen(s); n > 0 && isspace((unsigned char)s[n - 1]); n--)
		s[n - 1] = 0;
	return s;
}

struct reader {
	void *out;
	const struct conf_key *keys;
	size_t n;
	struct arena *a;
	bool *seen;
};

static int
read_line(struct reader *r, char *line, struct err *e)
{
	char *at = trim(line), *equals, *key, *value;

	if (*at == 0 || *at == '#')
		return 0;
	equals = strchr(at, '=');
	if (equals == NULL)
		return err_set(e, ERR_USAGE, "not \"key = value\": %.80s", at);
	*equals = 0;
	key = trim(at);
	value = trim(equals + 1);
	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->keys[i].name, key) != 0)
			continue;
		if (r->seen[i])
			return err_set(e, ERR_USAGE, "%s is set twice", key);
		r->seen[i] = true;
		return set_value(r->out, &r->keys[i], value, r->a, e);
	}
	return err_set(e, ERR_USAGE, "unknown key: %.80s", key);
}

static int
read_file(struct reader *r, const char *path, bool required, struct err *e)
{
	struct bytes text;
	char *line, *next;
	int number = 0;

	if (file_read(r->a, path, CONF_FILE_MAX, &text, e) < 0)
		return e->kind == ERR_MISSING && !required ? 0 : -1;
	if (!utf8_ok(text.at, text.len))
		return err_set(e, ERR_USAGE, "%s: not UTF-8 text", path);
	line = arena_text(r->a, (const char *)text.at, e);
	if (line == NULL)
		return -1;
	for (; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = 0;
		number++;
		if (read_line(r, line, e) < 0)
			return err_in(e, "%s:%d", path, number);
	}
	return 0;
}

static int
read_environment(struct reader *r, const char *prefix, struct err *e)
{
	for (size_t i = 0; i < r->n; i++) {
		char name[96];
		const char *value;
		size_t k, p = strlen(prefix);

		memcpy(name, prefix, p);
		name[p] = '_';
		for (k = 0; r->keys[i].name[k] != 0; k++)
			name[p + 1 + k] =
			    (char)toupper((unsigned char)r->keys[i].name[k]);
		name[p + 1 + k] = 0;
		value = getenv(name);
		if (value != NULL &&
		    set_value(r->out, &r->keys[i], value, r->a, e) < 0)
			return err_in(e, "environment %s", name);
	}
	return 0;
}

int
conf_read(void *out, const struct conf_key *keys, size_t n, const char *path,
    bool required, const char *prefix, struct arena *a, struct err *e)
{
	struct reader r = { out, keys, n, a,
		arena_array(a, n + 1, sizeof(bool), e) };

	if (r.seen == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (keys[i].def != NULL &&
		    set_value(out, &keys[i], keys[i].def, a, e) < 0)
			return err_in(e, "default");
	if (path != NULL && read_file(&r, path, required, e) < 0)
		return -1;
	return prefix == NULL ? 0 : read_environment(&r, prefix, e);
}

void
conf_print(FILE *f, const void *conf, const struct conf_key *keys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct conf_key *k = &keys[i];
		const char *at = (const char *)conf + k->offset;

		(void)fprintf(f, "# %s\n", k->help);
		if (k->type == CONF_TEXT) {
			const char *s = *(const char *const *)(const void *)at;

			(void)fprintf(f, "%s%s = %s\n", s == NULL ? "# " : "",
			    k->name, s == NULL ? "" : s);
		} else if (k->type == CONF_BOOL) {
			(void)fprintf(f, "%s = %s\n", k->name,
			    *(const bool *)at ? "yes" : "no");
		} else {
			(void)fprintf(f, "%s = %lld%s\n", k->name,
			    (long long)*(const int64_t *)(const void *)at,
			    k->type == CONF_DURATION ? "s" : "");
		}
	}
}
