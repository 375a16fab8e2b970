/*
 * JSON values into structs.  From text to values is json_read.c.
 */
#include "manifest/base/json.h"

#include <string.h>

#include "manifest/base/digest.h"
#include "manifest/base/text.h"

json_t *
json_time(int64_t s)
{
	char text[TIME_TEXT_SIZE];

	if (s == 0)
		return json_null();
	time_write(text, s);
	return json_string(text);
}

static const char *
type_name(const json_t *v)
{
	static const char *const names[] = { [JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string",
		[JSON_INTEGER] = "a number",
		[JSON_REAL] = "a fraction",
		[JSON_TRUE] = "true",
		[JSON_FALSE] = "false",
		[JSON_NULL] = "null" };

	return names[json_typeof(v)];
}

static int
wrong_type(const struct json_field *f, const json_t *v, const char *wanted,
    struct err *e)
{
	return err_set(
	    e, ERR_INPUT, "%s: %s, expected %s", f->key, type_name(v), wanted);
}

static int
read_text(const struct json_field *f, const json_t *v, void *out,
    struct arena *a, struct err *e)
{
	size_t n = json_string_length(v);

	if (!json_is_string(v))
		return wrong_type(f, v, "a string", e);
	if ((int64_t)n < f->min || (int64_t)n > f->max)
		return err_set(e, ERR_INPUT,
		    "%s: %zu bytes long, expected %lld to %lld", f->key, n,
		    (long long)f->min, (long long)f->max);
	*(const char **)out = arena_text(a, json_string_value(v), e);
	return *(const char **)out == NULL ? -1 : 0;
}

static int
read_int(const struct json_field *f, const json_t *v, void *out, struct err *e)
{
	int64_t i;

	if (!json_is_integer(v))
		return wrong_type(f, v, "an integer", e);
	i = json_integer_value(v);
	if (i < f->min || i > f->max)
		return err_set(e, ERR_INPUT, "%s: %lld is not in %lld..%lld",
		    f->key, (long long)i, (long long)f->min, (long long)f->max);
	*(int64_t *)out = i;
	return 0;
}

static int
read_hex(const struct json_field *f, const json_t *v, void *out, struct err *e)
{
	uint8_t bytes[64];

	if (!json_is_string(v))
		return wrong_type(f, v, "hex digits", e);
	if ((size_t)f->max > sizeof(bytes) ||
	    hex_read(bytes, (size_t)f->max, json_string_value(v)) < 0)
		return err_set(e, ERR_INPUT,
		    "%s: not %lld lower-case hex digits", f->key,
		    (long long)f->max * 2);
	memcpy(out, bytes, (size_t)f->max);
	return 0;
}

static int
read_array(const struct json_field *f, const json_t *v, struct err *e)
{
	int64_t n = (int64_t)json_array_size(v);

	if (!json_is_array(v))
		return wrong_type(f, v, "an array", e);
	if (n < f->min || n > f->max)
		return err_set(e, ERR_INPUT,
		    "%s: %lld entries, expected %lld to %lld", f->key,
		    (long long)n, (long long)f->min, (long long)f->max);
	return 0;
}

static int
read_field(const struct json_field *f, const json_t *v, void *out,
    struct arena *a, struct err *e)
{
	switch (f->kind) {
	case JSON_FIELD_TEXT:
		return read_text(f, v, out, a, e);
	case JSON_FIELD_INT:
		return read_int(f, v, out, e);
	case JSON_FIELD_BOOL:
		if (!json_is_boolean(v))
			return wrong_type(f, v, "true or false", e);
		*(bool *)out = json_is_true(v);
		return 0;
	case JSON_FIELD_HEX:
		return read_hex(f, v, out, e);
	case JSON_FIELD_TIME:
		if (!json_is_string(v) ||
		    time_read(json_string_value(v), out) < 0)
			return wrong_type(
			    f, v, "a time as 2026-01-31T00:00:00Z", e);
		return 0;
	case JSON_FIELD_OBJECT:
		if (!json_is_object(v))
			return wrong_type(f, v, "an object", e);
		break;
	case JSON_FIELD_ARRAY:
		if (read_array(f, v, e) < 0)
			return -1;
		break;
	case JSON_FIELD_ANY:
		break;
	}
	*(const json_t **)out = v;
	return 0;
}

static int
unknown_check(
    const json_t *v, const struct json_field *fields, size_t n, struct err *e)
{
	const char *key;
	json_t *child;

	json_object_foreach((json_t *)(uintptr_t)v, key, child)
	{
		bool known = false;
		char safe[80];

		for (size_t i = 0; i < n && !known; i++)
			known = strcmp(fields[i].key, key) == 0;
		if (!known)
			return err_set(e, ERR_INPUT, "unknown key \"%s\"",
			    text_safe(safe, sizeof(safe), key));
	}
	return 0;
}

int
json_struct(const json_t *v, const struct json_field *fields, size_t n,
    bool strict, void *out, struct arena *a, struct err *e)
{
	if (!json_is_object(v))
		return err_set(e, ERR_INPUT, "%s, expected an object",
		    v == NULL ? "nothing" : type_name(v));
	for (size_t i = 0; i < n; i++) {
		const struct json_field *f = &fields[i];
		const json_t *child = json_object_get(v, f->key);

		if (f->optional && (child == NULL || json_is_null(child)))
			continue;
		if (child == NULL)
			return err_set(e, ERR_INPUT, "%s is missing", f->key);
		if (read_field(f, child, (char *)out + f->offset, a, e) < 0)
			return -1;
	}
	return strict ? unknown_check(v, fields, n, e) : 0;
}
