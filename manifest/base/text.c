/*
 * Text encodings and strict scalars.
 */
#include "manifest/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
hex_write(char *out, const uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		*out++ = hex_digits[at[i] >> 4];
		*out++ = hex_digits[at[i] & 15];
	}
	*out = 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int
hex_read(uint8_t *out, size_t len, const char *text)
{
	for (size_t i = 0; i < len; i++) {
		int hi = hex_digit(text[2 * i]);
		int lo = hi < 0 ? -1 : hex_digit(text[2 * i + 1]);

		if (lo < 0)
			return -1;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return text[2 * len] == 0 ? 0 : -1;
}

void
base64_write(char *out, const uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)at[i] << 16;

		if (i + 1 < len)
			v |= (uint32_t)at[i + 1] << 8;
		if (i + 2 < len)
			v |= at[i + 2];
		*out++ = base64_digits[v >> 18];
		*out++ = base64_digits[v >> 12 & 63];
		*out++ = i + 1 < len ? base64_digits[v >> 6 & 63] : '=';
		*out++ = i + 2 < len ? base64_digits[v & 63] : '=';
	}
	*out = 0;
}

static int
base64_digit(char c)
{
	const char *at = c == 0 ? NULL : strchr(base64_digits, c);

	return at == NULL ? -1 : (int)(at - base64_digits);
}

/* One group of four; returns the bytes in it, or -1. */
static int
base64_group(const char *t, uint8_t out[static 3], bool last)
{
	int d[4], n = 3;

	for (int i = 0; i < 4; i++)
		d[i] = base64_digit(t[i]);
	if (last && t[3] == '=') {
		d[3] = 0;
		n = 2;
		if (t[2] == '=') {
			d[2] = 0;
			n = 1;
		}
	}
	if (d[0] < 0 || d[1] < 0 || d[2] < 0 || d[3] < 0)
		return -1;
	out[0] = (uint8_t)(d[0] << 2 | d[1] >> 4);
	out[1] = (uint8_t)((d[1] & 15) << 4 | d[2] >> 2);
	out[2] = (uint8_t)((d[2] & 3) << 6 | d[3]);
	/* one encoding only: the unused bits are zero */
	if ((n == 1 && out[1] != 0) || (n == 2 && out[2] != 0))
		return -1;
	return n;
}

int
base64_read(uint8_t *out, size_t room, size_t *len, const char *text)
{
	size_t n = strlen(text), done = 0;

	if (n % 4 != 0)
		return -1;
	for (size_t i = 0; i < n; i += 4) {
		uint8_t group[3];
		int got = base64_group(text + i, group, i + 4 == n);

		if (got < 0 || (size_t)got > room - done)
			return -1;
		memcpy(out + done, group, (size_t)got);
		done += (size_t)got;
	}
	*len = done;
	return 0;
}

int
int_read(const char *text, int64_t min, int64_t max, int64_t *out)
{
	bool negative = text[0] == '-';
	const char *s = text + negative;
	int64_t v = 0;

	if (*s == 0 || (s[0] == '0' && (s[1] != 0 || negative)))
		return -1;
	for (; *s != 0; s++) {
		if (*s < '0' || *s > '9' || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_sub_overflow(v, *s - '0', &v))
			return -1;
	}
	/* counted downwards, because INT64_MIN has no positive */
	if (!negative && __builtin_sub_overflow(0, v, &v))
		return -1;
	if (v < min || v > max)
		return -1;
	*out = v;
	return 0;
}

/* A number with a one-letter unit. */
static int
unit_read(const char *text, const char *units, const int64_t *factors,
    int64_t max, int64_t *out)
{
	char digits[24];
	size_t n = strlen(text);
	const char *u;
	int64_t v, factor = 1;

	if (n == 0 || n >= sizeof(digits))
		return -1;
	memcpy(digits, text, n + 1);
	u = strchr(units, digits[n - 1]);
	if (u != NULL) {
		factor = factors[u - units];
		digits[n - 1] = 0;
	}
	if (int_read(digits, 0, INT64_MAX, &v) < 0 ||
	    __builtin_mul_overflow(v, factor, &v) || v > max)
		return -1;
	*out = v;
	return 0;
}

int
size_read(const char *text, int64_t max, int64_t *out)
{
	static const int64_t factors[] = { 1 << 10, 1 << 20, 1 << 30 };

	return unit_read(text, "KMG", factors, max, out);
}

int
duration_read(const char *text, int64_t max_s, int64_t *out_s)
{
	static const int64_t factors[] = { 1, 60, 3600, 86400, 604800 };

	return unit_read(text, "smhdw", factors, max_s, out_s);
}

int
percent_read(const char *text, int *out_bp)
{
	char whole[8];
	const char *dot = strchr(text, '.');
	size_t n = dot == NULL ? strlen(text) : (size_t)(dot - text);
	int64_t v, part = 0;

	if (n == 0 || n >= sizeof(whole))
		return -1;
	memcpy(whole, text, n);
	whole[n] = 0;
	if (int_read(whole, 0, 100, &v) < 0)
		return -1;
	if (dot != NULL) {
		size_t digits = strlen(dot + 1);

		if (digits < 1 || digits > 2)
			return -1;
		for (size_t i = 1; i <= 2; i++) {
			char c = i <= digits ? dot[i] : '0';

			if (c < '0' || c > '9')
				return -1;
			part = part * 10 + (c - '0');
		}
	}
	if (v * 100 + part > 10000)
		return -1;
	*out_bp = (int)(v * 100 + part);
	return 0;
}

bool
name_ok(const char *s, size_t max)
{
	size_t n = strlen(s);

	if (n == 0 || n > max || s[0] == '.' || s[0] == '-')
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			(c >= '0' && c <= '9') || c == '.' || c == '_' ||
			c == '+' || c == '-'))
			return false;
	}
	return true;
}

/* Length of the well-formed sequence at s (n bytes left), 0 if malformed. */
static size_t
utf8_step(const uint8_t *s, size_t n)
{
	size_t len;
	uint32_t c;

	if (s[0] < 0x80)
		return s[0] == 0 ? 0 : 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf) {
		len = 2;
		c = s[0] & 0x1f;
	} else if ((s[0] & 0xf0) == 0xe0) {
		len = 3;
		c = s[0] & 0x0f;
	} else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		len = 4;
		c = s[0] & 0x07;
	} else {
		return 0;
	}
	if (n < len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if ((len == 3 && (c < 0x800 || (c >= 0xd800 && c <= 0xdfff))) ||
	    (len == 4 && (c < 0x10000 || c > 0x10ffff)))
		return 0;
	return len;
}

bool
utf8_ok(const void *at, size_t len)
{
	const uint8_t *s = at;

	for (size_t i = 0; i < len;) {
		size_t step = utf8_step(s + i, len - i);

		if (step == 0)
			return false;
		i += step;
	}
	return true;
}

char *
text_safe(char *out, size_t room, const char *s)
{
	size_t n = strlen(s), used = 0;

	for (size_t i = 0; i < n;) {
		const uint8_t *at = (const uint8_t *)s + i;
		size_t step = utf8_step(at, n - i);
		/* C1 controls are two bytes: c2 80 .. c2 9f */
		bool bad = step == 0 || at[0] < 0x20 || at[0] == 0x7f ||
		    (at[0] == 0xc2 && at[1] < 0xa0);

		if (used + (bad ? 1 : step) >= room)
			break;
		if (bad)
			out[used++] = '?';
		else
			for (size_t k = 0; k < step; k++)
				out[used++] = (char)at[k];
		i += step == 0 ? 1 : step;
	}
	out[used] = 0;
	return out;
}

char *
size_text(char *out, size_t room, int64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double v = (double)bytes;
	size_t u = 0;

	if (bytes < 1024) {
		(void)snprintf(out, room, "%lld B", (long long)bytes);
		return out;
	}
	for (v /= 1024; v >= 1024 && u + 1 < COUNT(units); u++)
		v /= 1024;
	(void)snprintf(out, room, "%.1f %s", v, units[u]);
	return out;
}

size_t
url_length(const char *url)
{
	size_t n = strlen(url);

	while (n > 0 && url[n - 1] == '/')
		n--;
	return n;
}

char *
percent_encode(struct arena *a, const char *text, struct err *e)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789-._~";
	char *out = arena_get(a, 3 * strlen(text) + 1, e), *at = out;

	for (; out != NULL && *text != 0; text++) {
		if (strchr(plain, *text) != NULL)
			*at++ = *text;
		else
			at += snprintf(at, 4, "%%%02X", (unsigned char)*text);
	}
	return out;
}
