/*
 * The error value: one kind, one sentence.  It lives on the caller's stack,
 * allocates nothing and never has to be freed.
 *
 * Every function that can fail returns -1 (or NULL) with its last parameter
 * filled; the setters return -1 so that failing is one line.
 */
#ifndef SLUICE_ERR_H
#define SLUICE_ERR_H

#include "manifest/base/base.h"

enum err_kind {
	ERR_NONE,
	ERR_USAGE,    /* the command line or the configuration is wrong */
	ERR_INPUT,    /* a document, a message or a file is malformed */
	ERR_AUTH,     /* a signature, key, digest or token was refused */
	ERR_REFUSED,  /* well-formed, but a rule of the product says no */
	ERR_MISSING,  /* the named thing does not exist */
	ERR_CONFLICT, /* the named thing exists already, or moved on */
	ERR_LIMIT,    /* a size, rate or depth limit was met */
	ERR_SYS,      /* the machine failed: disk, memory, network */
};

struct err {
	enum err_kind kind;
	char msg[512];
};

/* err_set - set kind and message, replacing what was there; the user and
 * password of a URL are left out of it, as in the others.  Returns -1. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
    PRINTF(3, 4);

/* err_sys - as err_set with ERR_SYS; appends ": " and strerror(errno). */
int err_sys(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* err_in - prefix the message with "<text>: ", keeping the kind; a message
 * that begins with it already stays as it is. */
int err_in(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* err_exit - exit status for a kind: 0 none, 1 refused, 2 could not tell. */
int err_exit(enum err_kind kind);

/* err_name - the kind as a word ("input", "auth" ...), never NULL. */
const char *err_name(enum err_kind kind);

/* err_kind_named - the kind of a word made by err_name, which is an error:
 * ERR_SYS if it is unknown, or "none". */
enum err_kind err_kind_named(const char *name);

#endif
