/*
 * The error value.  Messages are cut, never overflow.
 */
#include "manifest/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
	[ERR_NONE] = "none",
	[ERR_USAGE] = "usage",
	[ERR_INPUT] = "input",
	[ERR_AUTH] = "auth",
	[ERR_REFUSED] = "refused",
	[ERR_MISSING] = "missing",
	[ERR_CONFLICT] = "conflict",
	[ERR_LIMIT] = "limit",
	[ERR_SYS] = "sys",
};

/* Messages end up in logs: a user and password of a URL do not. */
static void
hide_password(char *msg)
{
	char *at = msg;
	size_t n;

	/* in standard C: the core of deltas is built with this file */
	while ((at = strstr(at, "://")) != NULL) {
		at += strlen("://");
		n = strcspn(at, "/?# ");
		while (n > 0 && at[n - 1] != '@')
			n--;
		memmove(at, at + n, strlen(at + n) + 1);
	}
}

int
err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;
	char msg[sizeof(e->msg)];

	/* the old message may be one of the arguments */
	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	hide_password(msg);
	e->kind = kind;
	memcpy(e->msg, msg, sizeof(msg));
	return -1;
}

int
err_sys(struct err *e, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	char msg[sizeof(e->msg)];

	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	hide_password(msg);
	e->kind = saved == ENOENT ? ERR_MISSING : ERR_SYS;
	(void)snprintf(
	    e->msg, sizeof(e->msg), "%.300s: %s", msg, strerror(saved));
	return -1;
}

int
err_in(struct err *e, const char *fmt, ...)
{
	va_list ap;
	char old[sizeof(e->msg)], prefix[sizeof(e->msg)];
	size_t n;

	va_start(ap, fmt);
	(void)vsnprintf(prefix, sizeof(prefix), fmt, ap);
	va_end(ap);
	hide_password(prefix);
	memcpy(old, e->msg, sizeof(old));
	n = strlen(prefix);
	if (strncmp(old, prefix, n) == 0 && old[n] == ':')
		return -1;
	(void)snprintf(e->msg, sizeof(e->msg), "%.190s: %.310s", prefix, old);
	return -1;
}

int
err_exit(enum err_kind kind)
{
	switch (kind) {
	case ERR_NONE:
		return 0;
	case ERR_INPUT:
	case ERR_AUTH:
	case ERR_REFUSED:
	case ERR_CONFLICT:
	case ERR_LIMIT:
		return 1;
	case ERR_USAGE:
	case ERR_MISSING:
	case ERR_SYS:
		return 2;
	}
	return 2;
}

const char *
err_name(enum err_kind kind)
{
	return (size_t)kind < COUNT(names) ? names[kind] : "sys";
}

enum err_kind
err_kind_named(const char *name)
{
	/* from the first error on: who says that nothing failed is not asked */
	for (size_t i = ERR_NONE + 1; i < COUNT(names); i++)
		if (strcmp(names[i], name) == 0)
			return (enum err_kind)i;
	return ERR_SYS;
}
