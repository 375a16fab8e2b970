/*
 * The command tables: finding the verb, its help, its errors.  Options are in
 * args.c.
 */
#include "manifest/base/verb.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/args.h"
#include "manifest/base/text.h"

static char hint[400];

void
verb_hint(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(hint, sizeof(hint), fmt, ap);
	va_end(ap);
}

static void
print_opts(FILE *f, const struct opt *opts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char left[64];
		const struct opt *o = &opts[i];

		(void)snprintf(left, sizeof(left), "%s%c%s--%s%s%s",
		    o->letter ? "-" : "  ", o->letter ? o->letter : ' ',
		    o->letter ? ", " : " ", o->name, o->value ? " " : "",
		    o->value ? o->value : "");
		(void)fprintf(f, "  %-30s %s\n", left, o->help);
	}
}

static void
print_usage(FILE *f, const struct program *p)
{
	(void)fprintf(f,
	    "%s - %s\n\nusage: %s VERB [OPTION...] [ARGUMENT...]\n\n", p->name,
	    p->about, p->name);
	for (size_t i = 0; i < p->nverbs; i++) {
		const struct verb *v = &p->verbs[i];
		char left[64];

		(void)snprintf(left, sizeof(left), "%s %s", v->name, v->args);
		(void)fprintf(f, "  %-30s %s\n", left, v->help);
	}
	if (p->nopts > 0) {
		(void)fprintf(f, "\noptions of every verb:\n");
		print_opts(f, p->opts, p->nopts);
	}
	(void)fprintf(f, "\n  %-30s %s\n  %-30s %s\n", "VERB --help",
	    "options of one verb", "--version", "print the version");
}

static void
print_verb(FILE *f, const struct program *p, const struct verb *v)
{
	(void)fprintf(f, "usage: %s %s [OPTION...] %s\n\n%s\n", p->name,
	    v->name, v->args, v->help);
	if (v->nopts + p->nopts > 0)
		(void)fprintf(f, "\n");
	print_opts(f, v->opts, v->nopts);
	print_opts(f, p->opts, p->nopts);
}

/* Shell completion asks with --verbs: one word per line. */
static void
print_words(const struct program *p)
{
	for (size_t i = 0; i < p->nverbs; i++) {
		const struct verb *v = &p->verbs[i];

		(void)printf("%s", v->name);
		for (size_t k = 0; k < v->nopts; k++)
			(void)printf(" --%s", v->opts[k].name);
		for (size_t k = 0; k < p->nopts; k++)
			(void)printf(" --%s", p->opts[k].name);
		(void)printf("\n");
	}
}

/* The verb that the first words name; *used words are it. */
static const struct verb *
find_verb(const struct program *p, int argc, char **argv, int *used)
{
	const struct verb *best = NULL;

	for (size_t i = 0; i < p->nverbs; i++) {
		const struct verb *v = &p->verbs[i];
		const char *space = strchr(v->name, ' ');

		if (space == NULL && strcmp(v->name, argv[0]) == 0) {
			if (best == NULL) {
				best = v;
				*used = 1;
			}
		} else if (space != NULL && argc > 1 &&
		    strlen(argv[0]) == (size_t)(space - v->name) &&
		    strncmp(argv[0], v->name, strlen(argv[0])) == 0 &&
		    strcmp(argv[1], space + 1) == 0) {
			*used = 2;
			return v;
		}
	}
	return best;
}

/* v: the verb that failed; NULL: none was found. */
static int
fail(const struct program *p, const struct verb *v, const struct err *e)
{
	char safe[sizeof(e->msg)];

	(void)fflush(stdout);
	(void)fprintf(stderr, "%s: error: %s\n", p->name,
	    text_safe(safe, sizeof(safe), e->msg));
	if (hint[0] != 0)
		(void)fprintf(stderr, "%s: hint: %s\n", p->name, hint);
	if (v != NULL && p->plain != NULL && strcmp(v->name, p->plain) == 0)
		return 1;
	return err_exit(e->kind);
}

/* Say which verbs there are that begin with the word; all of them in --help. */
static int
no_verb(const struct program *p, const char *word, struct err *e)
{
	char list[300] = "", safe[80];
	size_t n = strlen(word), used = 0;

	for (size_t i = 0; i < p->nverbs && used < sizeof(list); i++) {
		const char *name = p->verbs[i].name;

		if (strncmp(name, word, n) == 0 && name[n] == ' ')
			used +=
			    (size_t)snprintf(list + used, sizeof(list) - used,
				"%s%s", used == 0 ? "" : ", ", name);
	}
	verb_hint("%s --help lists the verbs", p->name);
	(void)text_safe(safe, sizeof(safe), word);
	if (used == 0)
		return err_set(
		    e, ERR_USAGE, "no such verb or option: %s", safe);
	return err_set(e, ERR_USAGE, "%s is only the first word of a verb: %s",
	    safe, list);
}

/* Options of the program may stand before the verb: skip to it. */
static int
verb_at(const struct program *p, int argc, char **argv)
{
	int i = 1;

	while (i < argc && argv[i][0] == '-') {
		int step = args_skip(p->opts, p->nopts, argv[i]);

		if (step == 0)
			return i;
		i += step;
	}
	return i;
}

static int
early(const struct program *p, int argc, char **argv)
{
	if (argc < 2) {
		print_usage(stderr, p);
		return 2;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_usage(stdout, p);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		(void)printf("%s %s\n", p->name, SLUICE_VERSION);
		return 0;
	}
	if (strcmp(argv[1], "--verbs") == 0) {
		print_words(p);
		return 0;
	}
	return -1;
}

int
verb_main(const struct program *p, int argc, char **argv)
{
	struct err e = { 0 };
	struct args args;
	const struct verb *v = NULL;
	int at, used = 0, rc = early(p, argc, argv);

	if (rc >= 0)
		return rc;
	at = verb_at(p, argc, argv);
	if (at < argc)
		v = find_verb(p, argc - at, argv + at, &used);
	if (v == NULL) {
		if (at < argc) {
			(void)no_verb(p, argv[at], &e);
		} else {
			verb_hint("%s --help lists the verbs", p->name);
			err_set(&e, ERR_USAGE, "a verb is missing");
		}
		return fail(p, NULL, &e);
	}
	rc = args_parse(&args, p, v, at, used, argc, argv, &e);
	if (rc == 1) {
		print_verb(stdout, p, v);
		rc = 0;
	} else if (rc == 0) {
		rc = v->run(&args, &e);
	} else {
		verb_hint("%s %s --help lists its options", p->name, v->name);
	}
	args_done(&args);
	if (rc < 0)
		return fail(p, v, &e);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)err_sys(&e, "cannot write to standard output");
		return fail(p, v, &e);
	}
	return rc;
}
