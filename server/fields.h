/*
 * Reading the values of request headers: Range, If-None-Match, Authorization,
 * X-Forwarded-For.  Pure.
 */
#ifndef SLUICE_FIELDS_H
#define SLUICE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum range {
	RANGE_NONE, /* answer with the whole: none asked for, or several, or a
	               unit that is not bytes */
	RANGE_PART,
	RANGE_BAD, /* 416 */
};

/* fields_range - the one range of bytes that a Range value (may be NULL) asks
 * for of size bytes: *from and *len, inside the file. */
enum range fields_range(
    const char *value, int64_t size, int64_t *from, int64_t *len);

/* fields_etag - does If-None-Match (may be NULL) name this tag (without its
 * quotes), weakly or strongly, or "*"? */
bool fields_etag(const char *value, const char *tag);

/* fields_if_range - may the range be served: no If-Range, or exactly "tag"? */
bool fields_if_range(const char *value, const char *tag);

/* fields_bearer - the token of "Bearer <token>" into out; false if there is
 * none or it is longer than room. */
bool fields_bearer(const char *value, char *out, size_t room);

/* fields_forwarded - the last address of X-Forwarded-For, the one that our own
 * proxy added, into out; false if there is none. */
bool fields_forwarded(const char *value, char *out, size_t room);

#endif
