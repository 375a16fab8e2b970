/*
 * Canonical JSON (OLPC wiki, "Canonical JSON"; the form that TUF signs): keys
 * sorted by code unit, no white space, only '"' and '\' escaped, integers.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/json.h"

static void
canon_string(const char *s, size_t len, struct buf *out)
{
	size_t from = 0;

	buf_byte(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (s[i] != '"' && s[i] != '\\')
			continue;
		buf_add(out, s + from, i - from);
		buf_byte(out, '\\');
		from = i;
	}
	buf_add(out, s + from, len - from);
	buf_byte(out, '"');
}

static int
key_cmp(const void *a, const void *b)
{
	/* strcmp on UTF-8 orders by code point */
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
canon_object(const json_t *v, struct buf *out, struct err *e)
{
	size_t n = json_object_size(v), i = 0;
	AUTO_FREE const char **keys = calloc(n + 1, sizeof(*keys));
	const char *key;
	json_t *child;

	if (keys == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	json_object_foreach((json_t *)(uintptr_t)v, key, child) keys[i++] = key;
	qsort(keys, n, sizeof(*keys), key_cmp);
	buf_byte(out, '{');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_byte(out, ',');
		canon_string(keys[i], strlen(keys[i]), out);
		buf_byte(out, ':');
		if (json_canon(json_object_get(v, keys[i]), out, e) < 0)
			return -1;
	}
	buf_byte(out, '}');
	return 0;
}

static int
canon_array(const json_t *v, struct buf *out, struct err *e)
{
	json_t *child;
	size_t i;

	buf_byte(out, '[');
	json_array_foreach(v, i, child)
	{
		if (i > 0)
			buf_byte(out, ',');
		if (json_canon(child, out, e) < 0)
			return -1;
	}
	buf_byte(out, ']');
	return 0;
}

int
json_canon(const json_t *v, struct buf *out, struct err *e)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		if (canon_object(v, out, e) < 0)
			return -1;
		break;
	case JSON_ARRAY:
		if (canon_array(v, out, e) < 0)
			return -1;
		break;
	case JSON_STRING:
		canon_string(json_string_value(v), json_string_length(v), out);
		break;
	case JSON_INTEGER:
		buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		break;
	case JSON_TRUE:
		buf_text(out, "true");
		break;
	case JSON_FALSE:
		buf_text(out, "false");
		break;
	case JSON_NULL:
		buf_text(out, "null");
		break;
	case JSON_REAL:
		return err_set(e, ERR_INPUT, "canonical JSON has no fractions");
	}
	return buf_ok(out, e);
}

void
json_canon_text(struct bytes canon, struct buf *out)
{
	size_t from = 0;

	for (size_t i = 0; i < canon.len; i++) {
		if (canon.at[i] >= 0x20)
			continue;
		buf_add(out, canon.at + from, i - from);
		if (canon.at[i] == '\n')
			buf_text(out, "\\n");
		else
			buf_printf(out, "\\u%04x", canon.at[i]);
		from = i + 1;
	}
	buf_add(out, canon.at + from, canon.len - from);
}

int
json_write(const json_t *v, struct buf *out, struct err *e)
{
	AUTO_BUF canon;

	buf_init(&canon, out->max);
	if (json_canon(v, &canon, e) < 0 || buf_ok(&canon, e) < 0)
		return -1;
	json_canon_text(buf_bytes(&canon), out);
	return buf_ok(out, e);
}
