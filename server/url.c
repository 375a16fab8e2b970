/*
 * Reading request targets.
 */
#include "server/url.h"

#include <stdbool.h>
#include <string.h>

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The next byte of s (at most len long) with percent-encoding undone; *used
 * gets how many bytes it took.  -1: malformed. */
static int
decode(const char *s, size_t len, size_t *used)
{
	int high, low;

	*used = 1;
	if (s[0] != '%')
		return (unsigned char)s[0];
	if (len < 3 || (high = hex_digit(s[1])) < 0 ||
	    (low = hex_digit(s[2])) < 0)
		return -1;
	*used = 3;
	return high << 4 | low;
}

static bool
path_byte(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' ||
	    c == '+' || c == '~';
}

/* No empty segment, no "." and no "..". */
static bool
segments_ok(const char *path)
{
	const char *at = path + 1;

	while (*at != 0) {
		size_t n = strcspn(at, "/");

		if (n == 0 || (n == 1 && at[0] == '.') ||
		    (n == 2 && at[0] == '.' && at[1] == '.'))
			return false;
		at += n;
		/* a slash must be followed by something */
		if (*at == '/' && *++at == 0)
			return false;
	}
	return true;
}

static int
read_path(struct url *u, const char *raw, size_t len, struct err *e)
{
	size_t at = 0, used;

	if (len == 0 || raw[0] != '/')
		return err_set(e, ERR_INPUT, "the path must start with /");
	for (size_t i = 0; i < len; i += used) {
		int c = decode(raw + i, len - i, &used);

		/* an encoded slash would be a slash in disguise */
		if (c == '/' && used == 1) {
			u->path[at++] = '/';
			continue;
		}
		if (c < 0 || !path_byte(c))
			return err_set(e, ERR_INPUT, "malformed path");
		u->path[at++] = (char)c;
	}
	u->path[at] = 0;
	if (!segments_ok(u->path))
		return err_set(e, ERR_INPUT, "malformed path");
	return 0;
}

/* Decode raw[0..len) to u->query + at, NUL-terminated; the next free byte, or
 * 0 with e set. */
static size_t
read_word(struct url *u, size_t at, const char *raw, size_t len, struct err *e)
{
	size_t used;

	for (size_t i = 0; i < len; i += used) {
		int c = decode(raw + i, len - i, &used);

		if (c < 0x20 || c == 0x7f) {
			(void)err_set(e, ERR_INPUT, "malformed query");
			return 0;
		}
		u->query[at++] = (char)c;
	}
	u->query[at++] = 0;
	return at;
}

static int
read_pair(struct url *u, size_t *at, const char *raw, size_t len, struct err *e)
{
	const char *equals = memchr(raw, '=', len);
	size_t key_len = equals != NULL ? (size_t)(equals - raw) : len;
	size_t value_at, end;
	const char *key = u->query + *at;

	if (u->npairs == URL_PAIRS_MAX)
		return err_set(e, ERR_LIMIT, "too many query parameters");
	if (key_len == 0 || equals == NULL)
		return err_set(e, ERR_INPUT, "malformed query");
	if ((value_at = read_word(u, *at, raw, key_len, e)) == 0 ||
	    (end = read_word(u, value_at, equals + 1, len - key_len - 1, e)) ==
		0)
		return -1;
	if (url_query(u, key) != NULL)
		return err_set(e, ERR_INPUT, "a query parameter twice");
	u->pairs[u->npairs].key = key;
	u->pairs[u->npairs++].value = u->query + value_at;
	*at = end;
	return 0;
}

int
url_read(struct url *u, const char *raw, struct err *e)
{
	size_t len = strnlen(raw, URL_MAX + 1), path_len = strcspn(raw, "?");
	size_t at = 0;

	u->npairs = 0;
	u->path[0] = 0;
	if (len > URL_MAX)
		return err_set(e, ERR_LIMIT, "the request target is too long");
	if (read_path(u, raw, path_len, e) < 0)
		return -1;
	raw += path_len;
	/* decoding only shrinks, and each mark leaves room for its NUL but the
	 * last, for which the array has one byte more */
	while (*raw == '?' || *raw == '&') {
		size_t n = strcspn(++raw, "&");

		if (n > 0 && read_pair(u, &at, raw, n, e) < 0)
			return -1;
		raw += n;
	}
	return 0;
}

const char *
url_query(const struct url *u, const char *key)
{
	for (size_t i = 0; i < u->npairs; i++)
		if (strcmp(u->pairs[i].key, key) == 0)
			return u->pairs[i].value;
	return NULL;
}
