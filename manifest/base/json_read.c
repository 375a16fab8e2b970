/*
 * Strict reading of JSON (RFC 8259) into jansson's values.  jansson's own
 * reader is not used: where memory runs out in the middle of a string it loses
 * bytes of it, or writes past its end.  Here want of memory is an error like
 * any other.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/json.h"
#include "manifest/base/text.h"

struct parser {
	const uint8_t *begin, *at, *end;
	int depth;
	struct err *e;
};

/* A string, decoded. */
struct string {
	char *at;
	size_t len;
};

static void
string_done(struct string *s)
{
	free(s->at);
}
#define AUTO_STRING CLEANUP(string_done) struct string

static json_t *value(struct parser *p);

static int
bad(struct parser *p, const char *why)
{
	return err_set(p->e, ERR_INPUT, "byte %td: %s", p->at - p->begin, why);
}

static int
starved(struct parser *p)
{
	return err_set(p->e, ERR_SYS, "out of memory");
}

static int
peek(const struct parser *p)
{
	return p->at < p->end ? *p->at : -1;
}

static void
skip_blanks(struct parser *p)
{
	while (
	    p->at < p->end && *p->at != 0 && strchr(" \t\n\r", *p->at) != NULL)
		p->at++;
}

/* The next character that is not blank must be this one. */
static int
expect(struct parser *p, char c)
{
	char why[] = "' ' expected";

	skip_blanks(p);
	why[1] = c;
	if (peek(p) != c)
		return bad(p, why);
	p->at++;
	return 0;
}

/* --- strings --- */

/* To the quote that ends it: the bytes between, escapes not decoded. */
static int
find_end(struct parser *p, size_t *len)
{
	const uint8_t *from = p->at;

	for (; peek(p) != '"'; p->at++) {
		if (peek(p) < 0)
			return bad(p, "a string without an end");
		if (peek(p) < 0x20)
			return bad(p, "a control character in a string");
		if (*p->at == '\\' && p->end - p->at > 1)
			p->at++;
	}
	*len = (size_t)(p->at - from);
	p->at = from;
	return 0;
}

/* Four hex digits. */
static int
read_unit(struct parser *p, unsigned *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++, p->at++) {
		int c = peek(p);

		if (c < 0 || !isxdigit(c))
			return bad(p, "not four hex digits");
		*out = *out << 4 |
		    (unsigned)(isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return 0;
}

/* \uXXXX, or two of them for what is past the first plane. */
static int
read_code(struct parser *p, unsigned *code)
{
	unsigned low;

	if (read_unit(p, code) < 0)
		return -1;
	if (*code == 0)
		return bad(p, "\\u0000 is not allowed");
	if (*code < 0xd800 || *code > 0xdfff)
		return 0;
	if (*code > 0xdbff || p->end - p->at < 2 || p->at[0] != '\\' ||
	    p->at[1] != 'u')
		return bad(p, "half of a surrogate pair");
	p->at += 2;
	if (read_unit(p, &low) < 0)
		return -1;
	if (low < 0xdc00 || low > 0xdfff)
		return bad(p, "half of a surrogate pair");
	*code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
	return 0;
}

/* At most four bytes, for an escape of six or twelve. */
static char *
put_utf8(char *to, unsigned c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*to++ = (char)(0xe0 | c >> 12);
		} else {
			*to++ = (char)(0xf0 | c >> 18);
			*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (c & 0x3f));
	return to;
}

/* What follows a backslash; *to moves on. */
static int
read_escape(struct parser *p, char **to)
{
	static const char letters[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	int c = peek(p);
	const char *letter = c <= 0 ? NULL : strchr(letters, c);
	unsigned code;

	if (c != 'u' && letter == NULL)
		return bad(p, "no such escape");
	p->at++;
	if (letter != NULL) {
		*(*to)++ = means[letter - letters];
		return 0;
	}
	if (read_code(p, &code) < 0)
		return -1;
	*to = put_utf8(*to, code);
	return 0;
}

/* After the opening quote; decoded it is never longer. */
static int
string(struct parser *p, struct string *s)
{
	size_t n;
	char *to;

	if (find_end(p, &n) < 0)
		return -1;
	if ((to = s->at = malloc(n + 1)) == NULL)
		return starved(p);
	for (const uint8_t *end = p->at + n; p->at < end;) {
		char c = (char)*p->at++;

		if (c != '\\')
			*to++ = c;
		else if (read_escape(p, &to) < 0)
			return -1;
	}
	p->at++;
	*to = '\0';
	s->len = (size_t)(to - s->at);
	if (!utf8_ok(s->at, s->len))
		return bad(p, "the string is not UTF-8");
	if (s->len > JSON_STRING_MAX)
		return err_set(p->e, ERR_LIMIT,
		    "a string or key is longer than %d bytes", JSON_STRING_MAX);
	return 0;
}

static json_t *
read_string(struct parser *p)
{
	AUTO_STRING s = { NULL, 0 };
	json_t *v;

	p->at++;
	if (string(p, &s) < 0)
		return NULL;
	if ((v = json_stringn_nocheck(s.at, s.len)) == NULL)
		(void)starved(p);
	return v;
}

/* --- numbers and words --- */

static json_t *
read_number(struct parser *p)
{
	bool minus = *p->at == '-';
	json_int_t n = 0;
	json_t *v;

	if (minus)
		p->at++;
	if (peek(p) < '0' || peek(p) > '9') {
		(void)bad(p, "not a value");
		return NULL;
	}
	for (const uint8_t *from = p->at; peek(p) >= '0' && peek(p) <= '9';) {
		int digit = *p->at++ - '0';

		if (p->at - from == 2 && *from == '0') {
			(void)bad(p, "a number that begins with 0");
			return NULL;
		}
		/* downwards: that way there is one more */
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_sub_overflow(n, digit, &n) ||
		    (!minus && n == INT64_MIN)) {
			(void)bad(p, "a number past 64 bits");
			return NULL;
		}
	}
	if (peek(p) == '.' || peek(p) == 'e' || peek(p) == 'E') {
		(void)bad(p, "number with a fraction or exponent");
		return NULL;
	}
	if ((v = json_integer(minus ? n : -n)) == NULL)
		(void)starved(p);
	return v;
}

static json_t *
read_word(struct parser *p)
{
	static const struct {
		const char *word;
		json_t *(*make)(void);
	} words[] = {
		{ "true", json_true },
		{ "false", json_false },
		{ "null", json_null },
	};

	for (size_t i = 0; i < COUNT(words); i++) {
		size_t n = strlen(words[i].word);

		if ((size_t)(p->end - p->at) < n ||
		    memcmp(p->at, words[i].word, n) != 0)
			continue;
		p->at += n;
		return words[i].make();
	}
	(void)bad(p, p->at == p->end ? "the text ends here" : "not a value");
	return NULL;
}

/* --- objects and arrays --- */

static int
read_member(struct parser *p, json_t *object)
{
	AUTO_STRING key = { NULL, 0 };
	json_t *v;

	if (expect(p, '"') < 0 || string(p, &key) < 0)
		return -1;
	if (json_object_get(object, key.at) != NULL) {
		char safe[80];

		return err_set(p->e, ERR_INPUT, "byte %td: key \"%s\" twice",
		    p->at - p->begin, text_safe(safe, sizeof(safe), key.at));
	}
	if (expect(p, ':') < 0 || (v = value(p)) == NULL)
		return -1;
	if (json_object_set_new_nocheck(object, key.at, v) < 0)
		return starved(p);
	return 0;
}

static int
read_element(struct parser *p, json_t *array)
{
	json_t *v = value(p);

	if (v == NULL)
		return -1;
	return json_array_append_new(array, v) < 0 ? starved(p) : 0;
}

/* All of what stands between two brackets, into whole, which is given back. */
static json_t *
read_all(struct parser *p, json_t *whole, char end,
    int (*one)(struct parser *, json_t *))
{
	AUTO_JSON v = whole;

	if (v == NULL) {
		(void)starved(p);
		return NULL;
	}
	if (++p->depth > JSON_DEPTH_MAX) {
		(void)err_set(p->e, ERR_LIMIT,
		    "byte %td: nested deeper than %d", p->at - p->begin,
		    JSON_DEPTH_MAX);
		return NULL;
	}
	p->at++;
	skip_blanks(p);
	if (peek(p) != end) {
		if (one(p, v) < 0)
			return NULL;
		for (skip_blanks(p); peek(p) == ','; skip_blanks(p)) {
			p->at++;
			if (one(p, v) < 0)
				return NULL;
		}
	}
	if (expect(p, end) < 0)
		return NULL;
	p->depth--;
	return json_incref(v);
}

static json_t *
value(struct parser *p)
{
	int c;

	skip_blanks(p);
	c = peek(p);
	if (c == '{')
		return read_all(p, json_object(), '}', read_member);
	if (c == '[')
		return read_all(p, json_array(), ']', read_element);
	if (c == '"')
		return read_string(p);
	if (c == '-' || (c >= '0' && c <= '9'))
		return read_number(p);
	return read_word(p);
}

json_t *
json_read(struct bytes text, size_t max, struct err *e)
{
	struct parser p = { text.at, text.at, text.at, 0, e };
	AUTO_JSON v = NULL;

	if (text.len > max) {
		err_set(e, ERR_LIMIT, "%zu bytes, at most %zu allowed",
		    text.len, max);
		return NULL;
	}
	if (text.len > 0)
		p.end += text.len;
	if ((v = value(&p)) == NULL)
		return NULL;
	skip_blanks(&p);
	if (p.at < p.end) {
		(void)bad(&p, "more than one value");
		return NULL;
	}
	return json_incref(v);
}
