/*
 * The guard of request headers.  libmicrohttpd lets through what smugglers
 * use: two lengths, a length beside an encoding, blanks in names, bare
 * carriage returns.  The guard sees every field before anything is believed;
 * what it refuses costs the connection.  Pure.
 */
#ifndef SLUICE_GUARD_H
#define SLUICE_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUARD_FIELDS_MAX 64
#define GUARD_VALUE_MAX	 4096

struct guard {
	unsigned fields, hosts, lengths, encodings;
	int64_t content_length; /* -1: none */
	bool bad;
};

void guard_init(struct guard *g);

/* guard_field - look at one field as it was received; false: stop. */
bool guard_field(struct guard *g, const char *name, size_t name_len,
    const char *value, size_t value_len);

/*
 * guard_end - 0 if the request may go on, else the status to refuse it with:
 * 400 malformed, 411 a body of unknown length, 431 too many fields, 505 not
 * HTTP/1.0 or 1.1.
 */
int guard_end(const struct guard *g, const char *version);

#endif
