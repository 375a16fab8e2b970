/*
 * Text encodings and strict scalars: hex, base64, integers, times, names.
 * All parsers take the whole string or refuse it.
 */
#ifndef SLUICE_TEXT_H
#define SLUICE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"

#define HEX_SIZE(n)    (2 * (n) + 1)		 /* with NUL */
#define BASE64_SIZE(n) ((((n) + 2) / 3) * 4 + 1) /* with NUL */
#define TIME_TEXT_SIZE 21			 /* 2026-01-31T00:00:00Z */

/* hex_write - lower-case hex of len bytes; out has HEX_SIZE(len) bytes. */
void hex_write(char *out, const uint8_t *at, size_t len);
/* hex_read - exactly len bytes from 2 len lower-case digits.  0 or -1. */
int hex_read(uint8_t *out, size_t len, const char *text);

/* base64_write - standard alphabet with padding; BASE64_SIZE(len) bytes. */
void base64_write(char *out, const uint8_t *at, size_t len);
/* base64_read - canonical standard base64; *len is set.  0 or -1. */
int base64_read(uint8_t *out, size_t room, size_t *len, const char *text);

/* int_read - decimal, no sign but a leading '-', in min..max.  0 or -1. */
int int_read(const char *text, int64_t min, int64_t max, int64_t *out);

/* size_read - bytes with an optional suffix K, M, G (powers of 1024). */
int size_read(const char *text, int64_t max, int64_t *out);

/* duration_read - seconds with an optional suffix s, m, h, d, w. */
int duration_read(const char *text, int64_t max_s, int64_t *out_s);

/* percent_read - "25", "12.5" or "0.01" percent into basis points 0..10000 */
int percent_read(const char *text, int *out_bp);

/* time_read - RFC 3339 UTC "YYYY-MM-DDTHH:MM:SSZ" to Unix seconds. */
int time_read(const char *text, int64_t *out_s);
/*
 * time_read_any - as others write RFC 3339: with a fraction of a second, which
 * is dropped, and in any zone ("2021-12-18T13:28:12.99-06:00").
 */
int time_read_any(const char *text, int64_t *out_s);
/* time_write - the reverse; seconds must lie in years 1970..9999. */
void time_write(char out[static TIME_TEXT_SIZE], int64_t unix_s);

/*
 * name_ok - product, channel, os, arch, group or file name as it may stand in
 * a path: 1..max bytes of [A-Za-z0-9._+-], not starting with '.' or '-'.
 */
bool name_ok(const char *s, size_t max);

/* utf8_ok - well-formed UTF-8 (no surrogates, no overlong forms, no NUL). */
bool utf8_ok(const void *at, size_t len);

/*
 * text_safe - copy for a terminal or a log: control and non-UTF-8 bytes become
 * '?'.  Always terminates; truncates to room.  Returns out.
 */
char *text_safe(char *out, size_t room, const char *s);

/* url_length - length of a URL without the slashes at its end. */
size_t url_length(const char *url);

/* percent_encode - all but [A-Za-z0-9._~-] as %XX: as a text may stand in a
 * query, a path or a file name. */
char *percent_encode(
    struct arena *a, const char *text, struct err *e) MUST_CHECK;

/* size_text - "1.5 MiB" for people; returns out. */
char *size_text(char *out, size_t room, int64_t bytes);

#endif
