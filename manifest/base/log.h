/*
 * Log lines: logfmt, one event per line, to standard error.  Event names are
 * constants and are documented in sluiced(8).  Under systemd the priority
 * prefix <n> is added.
 *
 *	log_info("poll", F("channel", name), F("rung", index));
 */
#ifndef SLUICE_LOG_H
#define SLUICE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/base.h"

enum val_type {
	VAL_INT,
	VAL_TEXT
};

/* A value for logs and for SQL. */
struct val {
	enum val_type type;
	int64_t i;
	const char *s; /* NULL is SQL's NULL */
};

struct log_field {
	const char *key;
	struct val val;
};

static inline struct val
val_int(int64_t i)
{
	return (struct val){ VAL_INT, i, NULL };
}
static inline struct val
val_text(const char *s)
{
	return (struct val){ VAL_TEXT, 0, s };
}

#define V(x) \
	_Generic((x), char * : val_text, const char * : val_text, default : val_int)(x)
#define F(k, v)           \
	{                 \
		(k), V(v) \
	}

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO
};

/* log_level_named - "error", "warn"; anything else is info. */
enum log_level log_level_named(const char *name);

/* log_open - name the process; lines below min are dropped. */
void log_open(const char *process, enum log_level min);

void log_line(enum log_level level, const char *event,
    const struct log_field *fields, size_t n);

#define LOG_FIELDS(...)                            \
	(const struct log_field[]){ __VA_ARGS__ }, \
	    COUNT(((const struct log_field[]){ __VA_ARGS__ }))
#define log_info(ev, ...) log_line(LOG_LEVEL_INFO, ev, LOG_FIELDS(__VA_ARGS__))
#define log_warn(ev, ...) log_line(LOG_LEVEL_WARN, ev, LOG_FIELDS(__VA_ARGS__))
#define log_error(ev, ...) \
	log_line(LOG_LEVEL_ERROR, ev, LOG_FIELDS(__VA_ARGS__))

#endif
