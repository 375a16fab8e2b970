/*
 * Reading header values.  What is malformed is as if it were not there, where
 * RFC 9110 allows that.
 */
#include "server/fields.h"

#include <string.h>
#include <strings.h>

#include "manifest/base/text.h"

/* Decimal digits at *s into *out; false if there are none or too many. */
static bool
digits(const char **s, int64_t *out)
{
	char text[20];
	size_t n = strspn(*s, "0123456789");

	if (n == 0 || n >= sizeof(text))
		return false;
	memcpy(text, *s, n);
	text[n] = 0;
	*s += n;
	/* leading zeros are legal here and nowhere else */
	n = strspn(text, "0");
	if (text[n] == 0)
		n--;
	return int_read(text + n, 0, INT64_MAX, out) == 0;
}

enum range
fields_range(const char *value, int64_t size, int64_t *from, int64_t *len)
{
	int64_t first = -1, last = -1;

	if (value == NULL || strncasecmp(value, "bytes=", 6) != 0 ||
	    strchr(value, ',') != NULL)
		return RANGE_NONE;
	value += 6;
	if (*value != '-' && !digits(&value, &first))
		return RANGE_NONE;
	if (*value++ != '-')
		return RANGE_NONE;
	if (*value != 0 && !digits(&value, &last))
		return RANGE_NONE;
	if (*value != 0 || (first < 0 && last < 0) ||
	    (first >= 0 && last >= 0 && last < first))
		return RANGE_NONE;
	if (first < 0) { /* the last N bytes */
		*from = last < size ? size - last : 0;
		*len = size - *from;
		return *len > 0 ? RANGE_PART : RANGE_BAD;
	}
	if (first >= size)
		return RANGE_BAD;
	if (last < 0 || last >= size)
		last = size - 1;
	*from = first;
	*len = last - first + 1;
	return RANGE_PART;
}

bool
fields_etag(const char *value, const char *tag)
{
	size_t n = strlen(tag);

	while (value != NULL && *value != 0) {
		value += strspn(value, " \t,");
		if (*value == '*')
			return true;
		if (value[0] == 'W' && value[1] == '/')
			value += 2;
		if (*value != '"')
			return false;
		if (strncmp(value + 1, tag, n) == 0 && value[n + 1] == '"')
			return true;
		value = strchr(value + 1, '"');
		if (value != NULL)
			value++;
	}
	return false;
}

bool
fields_if_range(const char *value, const char *tag)
{
	size_t n = strlen(tag);

	return value == NULL ||
	    (value[0] == '"' && strncmp(value + 1, tag, n) == 0 &&
		strcmp(value + 1 + n, "\"") == 0);
}

bool
fields_bearer(const char *value, char *out, size_t room)
{
	size_t n;

	if (value == NULL || strncasecmp(value, "Bearer ", 7) != 0)
		return false;
	value += 7;
	value += strspn(value, " ");
	n = strcspn(value, " \t");
	if (n == 0 || value[n] != 0 || n >= room)
		return false;
	memcpy(out, value, n + 1);
	return true;
}

bool
fields_forwarded(const char *value, char *out, size_t room)
{
	const char *last;
	size_t n;

	if (value == NULL)
		return false;
	last = strrchr(value, ',');
	last = last != NULL ? last + 1 : value;
	last += strspn(last, " \t");
	n = strcspn(last, " \t");
	if (n == 0 || n >= room)
		return false;
	memcpy(out, last, n);
	out[n] = 0;
	return true;
}
