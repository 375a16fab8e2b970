/*
 * The one configuration reader: lines "key = value", '#' comments.  A table
 * binds each key to a field, with bounds, default and one line of meaning; the
 * same table prints the effective configuration and is compared with the man
 * page by lint.  Environment PREFIX_KEY overrides the file.  Unknown and
 * repeated keys are errors that name file and line.
 */
#ifndef SLUICE_CONF_H
#define SLUICE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"

enum conf_type {
	CONF_TEXT,     /* const char *, arena; NULL when the default is NULL */
	CONF_INT,      /* int64_t */
	CONF_SIZE,     /* int64_t bytes, suffix K M G */
	CONF_DURATION, /* int64_t seconds, suffix s m h d w */
	CONF_BOOL,     /* bool: yes, no */
};

struct conf_key {
	const char *name;
	enum conf_type type;
	size_t offset;
	int64_t min, max; /* numbers; for text: length bounds */
	const char *def;  /* as it would stand in the file; NULL: none */
	const char *help;
};

#define CONF_FILE_MAX 65536

/*
 * conf_read - fill out (a struct described by keys) from defaults, then the
 * file (path NULL: none; required: whether a missing file is an error), then
 * the environment (prefix as "SLUICE").
 */
int conf_read(void *out, const struct conf_key *keys, size_t n,
    const char *path, bool required, const char *prefix, struct arena *a,
    struct err *e) MUST_CHECK;

/* conf_print - every key with its effective value and its meaning. */
void conf_print(
    FILE *f, const void *conf, const struct conf_key *keys, size_t n);

#endif
