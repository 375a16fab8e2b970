/*
 * Log lines in logfmt.  One write per line, so that processes do not mix.
 */
#include "manifest/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "manifest/base/text.h"

static const char *process = "sluice";
static enum log_level lowest = LOG_LEVEL_INFO;

static const char *const level_names[] = { "error", "warn", "info" };
static const char *const journal[] = { "<3>", "<4>", "<6>" };

enum log_level
log_level_named(const char *name)
{
	if (strcmp(name, "error") == 0)
		return LOG_LEVEL_ERROR;
	return strcmp(name, "warn") == 0 ? LOG_LEVEL_WARN : LOG_LEVEL_INFO;
}

void
log_open(const char *name, enum log_level min)
{
	process = name;
	lowest = min;
}

static size_t
add(char *line, size_t at, size_t room, const char *s)
{
	size_t n = strlen(s);

	if (n > room - at)
		n = room - at;
	memcpy(line + at, s, n);
	return at + n;
}

/* Values with spaces, quotes or "=" are quoted; control bytes become '?'. */
static size_t
add_value(char *line, size_t at, size_t room, const char *s)
{
	char safe[512];

	text_safe(safe, sizeof(safe), s);
	if (safe[0] != 0 && strpbrk(safe, " \"=\\") == NULL)
		return add(line, at, room, safe);
	at = add(line, at, room, "\"");
	for (const char *c = safe; *c != 0; c++) {
		char one[3] = { *c, 0, 0 };

		if (*c == '"' || *c == '\\') {
			one[0] = '\\';
			one[1] = *c;
		}
		at = add(line, at, room, one);
	}
	return add(line, at, room, "\"");
}

void
log_line(enum log_level level, const char *event,
    const struct log_field *fields, size_t n)
{
	char line[2048];
	size_t at = 0, room = sizeof(line) - 1;
	char number[24];

	if (level > lowest)
		return;
	if (getenv("JOURNAL_STREAM") != NULL)
		at = add(line, at, room, journal[level]);
	at = add(line, at, room, "level=");
	at = add(line, at, room, level_names[level]);
	at = add(line, at, room, " process=");
	at = add(line, at, room, process);
	at = add(line, at, room, " event=");
	at = add(line, at, room, event);
	for (size_t i = 0; i < n; i++) {
		at = add(line, at, room, " ");
		at = add(line, at, room, fields[i].key);
		at = add(line, at, room, "=");
		if (fields[i].val.type == VAL_INT) {
			(void)snprintf(number, sizeof(number), "%lld",
			    (long long)fields[i].val.i);
			at = add(line, at, room, number);
		} else {
			at = add_value(line, at, room,
			    fields[i].val.s == NULL ? "-" : fields[i].val.s);
		}
	}
	line[at++] = '\n';
	if (write(STDERR_FILENO, line, at) < 0)
		return; /* nowhere left to say so */
}
