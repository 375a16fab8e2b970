/*
 * Judging header fields, RFC 9110 section 5 and RFC 9112 section 6.
 */
#include "server/guard.h"

#include <string.h>
#include <strings.h>

#include "manifest/base/text.h"

void
guard_init(struct guard *g)
{
	*g = (struct guard){ .content_length = -1 };
}

/* tchar of RFC 9110: a name with a blank before its colon is an attack. */
static bool
name_ok_here(const char *s, size_t len)
{
	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = s[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || c == '-')
			continue;
		if (c == 0 || strchr("!#$%&'*+.^_`|~", c) == NULL)
			return false;
	}
	return true;
}

static bool
value_ok(const char *s, size_t len)
{
	if (len > GUARD_VALUE_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static bool
is(const char *name, size_t len, const char *what)
{
	return len == strlen(what) && strncasecmp(name, what, len) == 0;
}

static bool
read_length(struct guard *g, const char *value, size_t len)
{
	char text[20];

	/* int_read takes a leading '-', which the range excludes */
	if (len == 0 || len >= sizeof(text))
		return false;
	memcpy(text, value, len);
	text[len] = 0;
	return text[0] != '-' &&
	    int_read(text, 0, INT64_MAX, &g->content_length) == 0;
}

bool
guard_field(struct guard *g, const char *name, size_t name_len,
    const char *value, size_t value_len)
{
	g->fields++;
	if (value == NULL)
		value_len = 0;
	if (!name_ok_here(name, name_len) || !value_ok(value, value_len) ||
	    g->fields > GUARD_FIELDS_MAX)
		g->bad = true;
	else if (is(name, name_len, "Host"))
		g->hosts++;
	else if (is(name, name_len, "Transfer-Encoding"))
		g->encodings++;
	else if (is(name, name_len, "Content-Length")) {
		g->lengths++;
		if (!read_length(g, value, value_len))
			g->bad = true;
	}
	return !g->bad;
}

int
guard_end(const struct guard *g, const char *version)
{
	bool old = strcmp(version, "HTTP/1.0") == 0;

	if (!old && strcmp(version, "HTTP/1.1") != 0)
		return 505;
	if (g->fields > GUARD_FIELDS_MAX)
		return 431;
	if (g->bad || g->lengths > 1 || g->hosts > 1 || (!old && g->hosts != 1))
		return 400;
	if (g->encodings > 0 && (g->lengths > 0 || g->encodings > 1 || old))
		return 400;
	/* nobody who sends us something does not know how long it is */
	return g->encodings > 0 ? 411 : 0;
}
