/*
 * Reading pkcs11: URIs.
 */
#include "signer/tokenuri.h"

#include <string.h>

#include "manifest/base/text.h"
#include "manifest/base/verb.h"

#define SCHEME "pkcs11:"

static const struct attribute {
	const char *name;
	size_t offset, room;
	char part; /* 'p' path, 'q' query */
} attributes[] = {
#define TEXT(name, member, part)                                 \
	{                                                        \
		name, offsetof(struct tokenuri, member),         \
		    sizeof(((struct tokenuri *)0)->member), part \
	}
	TEXT("token", token, 'p'),
	TEXT("manufacturer", manufacturer, 'p'),
	TEXT("serial", serial, 'p'),
	TEXT("model", model, 'p'),
	TEXT("object", object, 'p'),
	TEXT("type", type, 'p'),
	TEXT("module-path", module_path, 'q'),
#undef TEXT
};

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent-decoding of len characters; the bytes that came out, or -1. */
static ssize_t
decode(uint8_t *out, size_t room, const char *at, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int c = (unsigned char)at[i];

		if (c == '%') {
			int high = i + 2 < len ? digit(at[i + 1]) : -1;
			int low = high < 0 ? -1 : digit(at[i + 2]);

			if (low < 0)
				return -1;
			c = high * 16 + low;
			i += 2;
		}
		if (n == room)
			return -1;
		out[n++] = (uint8_t)c;
	}
	return (ssize_t)n;
}

static int
put_text(struct tokenuri *u, const struct attribute *x, const char *at,
    size_t len, struct err *e)
{
	char *to = (char *)u + x->offset;
	ssize_t n;

	if (*to != '\0')
		return err_set(e, ERR_USAGE, "%s is there twice", x->name);
	n = decode((uint8_t *)to, x->room - 1, at, len);
	if (n <= 0 || memchr(to, '\0', (size_t)n) != NULL)
		return err_set(e, ERR_USAGE, "a bad %s", x->name);
	to[n] = '\0';
	return 0;
}

static int
put_id(struct tokenuri *u, const char *at, size_t len, struct err *e)
{
	ssize_t n;

	if (u->nid > 0)
		return err_set(e, ERR_USAGE, "id is there twice");
	n = decode(u->id, sizeof(u->id), at, len);
	if (n <= 0)
		return err_set(e, ERR_USAGE, "a bad id");
	u->nid = (size_t)n;
	return 0;
}

static int
put_slot(struct tokenuri *u, const char *at, size_t len, struct err *e)
{
	char text[24] = { 0 };

	if (u->slot >= 0 || len >= sizeof(text))
		return err_set(e, ERR_USAGE, "a bad slot-id");
	memcpy(text, at, len);
	if (int_read(text, 0, INT64_C(0xffffffff), &u->slot) < 0)
		return err_set(e, ERR_USAGE, "a bad slot-id");
	return 0;
}

/* One NAME=VALUE. */
static int
put(struct tokenuri *u, char part, const char *at, size_t len, struct err *e)
{
	const char *eq = memchr(at, '=', len);
	size_t name = eq == NULL ? len : (size_t)(eq - at);
	const char *value = eq == NULL ? at + len : eq + 1;
	size_t rest = (size_t)(at + len - value);
	char shown[32] = { 0 };

	if (part == 'p' && name == 2 && memcmp(at, "id", 2) == 0)
		return put_id(u, value, rest, e);
	if (part == 'p' && name == 7 && memcmp(at, "slot-id", 7) == 0)
		return put_slot(u, value, rest, e);
	for (size_t i = 0; i < COUNT(attributes); i++) {
		if (attributes[i].part == part &&
		    strlen(attributes[i].name) == name &&
		    memcmp(attributes[i].name, at, name) == 0)
			return put_text(u, &attributes[i], value, rest, e);
	}
	if (name >= 4 && memcmp(at, "pin-", 4) == 0) {
		verb_hint("the PIN comes from --pass-fd, a systemd credential"
			  " or the terminal");
		return err_set(e, ERR_USAGE, "a PIN has no place in the URI");
	}
	memcpy(shown, at, name < sizeof(shown) - 1 ? name : sizeof(shown) - 1);
	return err_set(
	    e, ERR_USAGE, "%s is not known here", shown[0] ? shown : "\"\"");
}

static int
put_all(
    struct tokenuri *u, char part, const char *at, size_t len, struct err *e)
{
	char between = part == 'p' ? ';' : '&';

	while (len > 0) {
		const char *end = memchr(at, between, len);
		size_t n = end == NULL ? len : (size_t)(end - at);

		if (put(u, part, at, n, e) < 0)
			return -1;
		n += end != NULL;
		at += n;
		len -= n;
	}
	return 0;
}

int
tokenuri_read(struct tokenuri *out, const char *text, struct err *e)
{
	const char *query;
	size_t path;

	memset(out, 0, sizeof(*out));
	out->slot = -1;
	if (strncmp(text, SCHEME, strlen(SCHEME)) != 0)
		return err_set(e, ERR_USAGE, "not a pkcs11: URI");
	text += strlen(SCHEME);
	query = strchr(text, '?');
	path = query == NULL ? strlen(text) : (size_t)(query - text);
	if (put_all(out, 'p', text, path, e) < 0 ||
	    (query != NULL &&
		put_all(out, 'q', query + 1, strlen(query + 1), e) < 0))
		return err_in(e, "pkcs11 URI");
	if (out->type[0] != '\0' && strcmp(out->type, "private") != 0 &&
	    strcmp(out->type, "public") != 0)
		return err_set(e, ERR_USAGE,
		    "pkcs11 URI: type=%s is not a key that signs", out->type);
	if (out->object[0] == '\0' && out->nid == 0)
		return err_set(
		    e, ERR_USAGE, "pkcs11 URI: which key? object= or id=");
	return 0;
}
