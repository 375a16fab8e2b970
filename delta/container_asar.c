/*
 * asar, Electron's archive: four lengths, a JSON tree of names, then the files.
 *
 *	u32 4, u32 size of header, u32 size - 4, u32 length of the text, text
 *	{"files":{"a":{"size":3,"offset":"0"},"b":{"files":{...}}}}
 *
 * The text has megabytes and folders as deep as node_modules are, more than
 * documents of ours may: read here, for its names, sizes and offsets alone.
 */
#include <string.h>

#include "delta/container.h"
#include "delta/core/number.h"

#define HEADER	 16
#define TEXT_MAX ((uint64_t)64 << 20)
#define DEEP	 128 /* objects and arrays */

struct asar {
	struct container *c;
	const uint8_t *at, *end; /* of the text */
	uint64_t base;		 /* where offsets count from */
	uint8_t path[CONTAINER_NAME];
	unsigned depth;
};

static void
blank(struct asar *a)
{
	while (a->at < a->end &&
	    (*a->at == ' ' || *a->at == '\t' || *a->at == '\n' ||
		*a->at == '\r'))
		a->at++;
}

/* The next byte but blanks, if it is this one. */
static bool
token(struct asar *a, uint8_t c)
{
	blank(a);
	if (a->at == a->end || *a->at != c)
		return false;
	a->at++;
	return true;
}

/* A string as it stands: names are only compared with one another. */
static bool
string(struct asar *a, struct bytes *out)
{
	if (!token(a, '"'))
		return false;
	out->at = a->at;
	for (; a->at < a->end && *a->at != '"'; a->at++)
		if (*a->at == '\\' && a->end - a->at > 1)
			a->at++;
	out->len = (size_t)(a->at - out->at);
	return token(a, '"');
}

/* Digits of a number or of a string. */
static bool
digits(struct bytes text, uint64_t *out)
{
	size_t i;

	*out = 0;
	for (i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9' || *out >> 56 != 0)
			return false;
		*out = *out * 10 + (uint64_t)(text.at[i] - '0');
	}
	return i > 0;
}

/* A number or a word, up to what may follow it. */
static struct bytes
scalar(struct asar *a)
{
	struct bytes out;

	blank(a);
	out.at = a->at;
	while (a->at < a->end && strchr(",]} \t\r\n", *a->at) == NULL)
		a->at++;
	out.len = (size_t)(a->at - out.at);
	return out;
}

/* Any value that does not matter. */
static bool
skip(struct asar *a)
{
	struct bytes text;
	unsigned depth = 0;

	do {
		blank(a);
		if (a->at == a->end)
			return false;
		switch (*a->at) {
		case '"':
			if (!string(a, &text))
				return false;
			break;
		case '{':
		case '[':
			depth++;
			a->at++;
			break;
		case '}':
		case ']':
			if (depth == 0)
				return false;
			depth--;
			a->at++;
			break;
		case ',':
		case ':':
			if (depth == 0)
				return false;
			a->at++;
			break;
		default:
			if (scalar(a).len == 0)
				return false;
		}
	} while (depth > 0);
	return true;
}

static bool folder(struct asar *a, size_t path);

/* What a name stands for: a folder, or a file with size and offset. */
static bool
node(struct asar *a, size_t path)
{
	struct entry m = { 0 };
	struct bytes key, text;
	bool sized = false, placed = false, more;

	if (!token(a, '{'))
		return false;
	if (token(a, '}'))
		return true;
	do {
		if (!string(a, &key) || !token(a, ':'))
			return false;
		if (key.len == 5 && memcmp(key.at, "files", 5) == 0) {
			if (!folder(a, path))
				return false;
		} else if (key.len == 4 && memcmp(key.at, "size", 4) == 0) {
			sized = digits(scalar(a), &m.size);
		} else if (key.len == 6 && memcmp(key.at, "offset", 6) == 0) {
			placed = string(a, &text) && digits(text, &m.off);
		} else if (!skip(a)) {
			return false;
		}
		more = token(a, ',');
	} while (more);
	/* what lies outside, unpacked, has no offset */
	if (sized && placed && m.off <= UINT64_MAX / 2) {
		m.off += a->base;
		container_add(a->c, (struct bytes){ a->path, path }, &m);
	}
	return token(a, '}');
}

/* {"name":node,...}; the first path bytes of the path lead to it. */
static bool
folder(struct asar *a, size_t path)
{
	struct bytes name;
	size_t n;

	if (!token(a, '{') || ++a->depth > DEEP / 2)
		return false;
	if (!token(a, '}')) {
		do {
			if (!string(a, &name) || !token(a, ':') ||
			    name.len + 1 > sizeof(a->path) - path)
				return false;
			n = path;
			if (n > 0)
				a->path[n++] = '/';
			memcpy(a->path + n, name.at, name.len);
			if (!node(a, n + name.len))
				return false;
		} while (token(a, ','));
		if (!token(a, '}'))
			return false;
	}
	a->depth--;
	return true;
}

bool
container_asar(struct container *c)
{
	const uint8_t *h = container_bytes(c, 0, HEADER);
	struct asar a = { .c = c };
	uint64_t header, text;

	if (h == NULL || number_u32(h) != 4)
		return false;
	header = number_u32(h + 4);
	text = number_u32(h + 12);
	if (header < 8 || number_u32(h + 8) != header - 4 ||
	    text > header - 8 || text > TEXT_MAX || text == 0 ||
	    container_bytes(c, HEADER, text) == NULL || h[HEADER] != '{')
		return false;
	a.at = h + HEADER;
	a.end = a.at + text;
	a.base = 8 + header;
	(void)node(&a, 0);
	return true;
}
