/*
 * The command tables of all programs: options and verbs are data; usage,
 * --help, --version, completion and errors come from them.
 *
 *	static const struct opt opts[] = {
 *		{ "reason", 'r', OPT_TEXT, "TEXT", "why (kept in the audit log)" },
 *	};
 *	static const struct verb verbs[] = {
 *		{ "halt", "CHANNEL", "take the offer away", halt_cmd,
 *		    opts, COUNT(opts), 1, 1 },
 *	};
 *	return verb_main(&program, argc, argv);
 *
 * Manners: results on standard output, everything else on standard error as
 * "PROGRAM: error: ..." and at most one "PROGRAM: hint: ..." line; exit status
 * 0 yes, 1 refused, 2 could not tell (usage errors included), but for the one
 * verb that a program may name as plain: it fails with 1.
 */
#ifndef SLUICE_VERB_H
#define SLUICE_VERB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

enum opt_type {
	OPT_FLAG, /* no value */
	OPT_TEXT,
	OPT_INT,      /* >= 0 */
	OPT_DURATION, /* seconds with suffix */
	OPT_PERCENT,  /* basis points */
	OPT_LIST,     /* text, may be repeated (at most OPT_LIST_MAX) */
};

#define OPT_LIST_MAX 64

struct opt {
	const char *name; /* long name without "--" */
	char letter;	  /* 0: none */
	enum opt_type type;
	const char *value; /* name of the value in the usage; NULL for flags */
	const char *help;
};

/* The parsed command line of one verb. */
struct args {
	const struct verb *verb;
	int argc; /* positional arguments */
	char **argv;
	const char **values; /* by option, flattened; use the getters */
	const void *priv;
};

struct verb {
	const char *name; /* may hold a space: "channel add" */
	const char *args; /* positional arguments for the usage line */
	const char *help; /* one line */
	/*
	 * run - does the work.  Returns the exit status (>= 0), or -1 with e
	 * set: the message is printed and the status is err_exit(e->kind).
	 */
	int (*run)(const struct args *args, struct err *e);
	const struct opt *opts;
	size_t nopts;
	int min_args, max_args; /* max -1: any */
};

struct program {
	const char *name;
	const char *about; /* one line */
	const struct verb *verbs;
	size_t nverbs;
	const struct opt *opts; /* options of every verb */
	size_t nopts;
	const char *plain; /* a verb that fails with 1 for whatever reason */
};

/* verb_main - parse, dispatch, print errors.  Returns the exit status. */
int verb_main(const struct program *p, int argc, char **argv);

/* Getters by long name; asking for an undeclared option aborts. */
bool args_flag(const struct args *a, const char *name);
const char *args_text(const struct args *a, const char *name, const char *none);
int64_t args_int(const struct args *a, const char *name, int64_t none);
/* args_list - the values of an OPT_LIST option; *n may be 0. */
const char *const *args_list(const struct args *a, const char *name, size_t *n);

/* verb_hint - one line printed after the error message, if it fails. */
void verb_hint(const char *fmt, ...) PRINTF(1, 2);

#endif
