/*
 * JSON: values are jansson's; a strict reader of our own, and a writer of
 * canonical JSON (OLPC: sorted keys, no spaces, only '"' and '\' escaped).
 */
#ifndef SLUICE_JSON_H
#define SLUICE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/buf.h"
#include "manifest/base/err.h"

#define JSON_DEPTH_MAX	16
#define JSON_STRING_MAX 65536

/*
 * json_read - one JSON value that fills the bytes: UTF-8, no duplicate keys,
 * no trailing bytes, integers only, at most max bytes, JSON_DEPTH_MAX deep,
 * no NUL in strings.  Returns a reference that the caller releases
 * (AUTO_JSON), or NULL with ERR_INPUT/ERR_LIMIT, ERR_SYS without memory: what
 * could not be read is not what is malformed.
 */
json_t *json_read(struct bytes text, size_t max, struct err *e) MUST_CHECK;

/* json_canon - append the canonical form. */
int json_canon(const json_t *v, struct buf *out, struct err *e) MUST_CHECK;

/*
 * json_canon_text - append canonical bytes as they stand in a file: control
 * characters, which the canonical form leaves as they are, JSON wants escaped
 * (the newlines of a PEM key, in practice).
 */
void json_canon_text(struct bytes canon, struct buf *out);

/*
 * json_write - both: what json_read takes again, whatever strings are in it.
 * Not jansson's writer, which leaves out part of a key where memory runs out.
 */
int json_write(const json_t *v, struct buf *out, struct err *e) MUST_CHECK;

/* json_time - Unix seconds as RFC 3339 UTC text; 0, "never", as null. */
json_t *json_time(int64_t s);

#define AUTO_JSON CLEANUP(json_decrefp) json_t *

/*
 * Declarative reading of an object into a struct: each field has a type and
 * bounds; text is copied to the arena.  JSON_OPT makes a field optional (the
 * target keeps its value when absent).  JSON null counts as absent for
 * optional fields.
 */
enum json_kind {
	JSON_FIELD_TEXT,   /* const char * */
	JSON_FIELD_INT,	   /* int64_t */
	JSON_FIELD_BOOL,   /* bool */
	JSON_FIELD_HEX,	   /* uint8_t[max] from hex of exactly max bytes */
	JSON_FIELD_TIME,   /* int64_t Unix seconds from RFC 3339 UTC */
	JSON_FIELD_ANY,	   /* const json_t *, borrowed from the parent */
	JSON_FIELD_OBJECT, /* as ANY, but must be an object */
	JSON_FIELD_ARRAY, /* as ANY, but must be an array of min..max entries */
};

struct json_field {
	const char *key;
	enum json_kind kind;
	bool optional;
	size_t offset;
	int64_t min, max; /* value, string length, or entries */
};

#define JSON_F(kind, st, member, opt, min, max)                    \
	{                                                          \
#member, kind, opt, offsetof(st, member), min, max \
	}
#define JSON_TEXT(st, m, min, max) \
	JSON_F(JSON_FIELD_TEXT, st, m, false, min, max)
#define JSON_INT(st, m, min, max) JSON_F(JSON_FIELD_INT, st, m, false, min, max)

/*
 * json_struct - read object v into out.  strict: a key that no field names is
 * ERR_INPUT, else it is ignored.  Messages name the key.
 */
int json_struct(const json_t *v, const struct json_field *fields, size_t n,
    bool strict, void *out, struct arena *a, struct err *e) MUST_CHECK;

#endif
