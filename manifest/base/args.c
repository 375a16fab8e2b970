/*
 * Options and arguments of one verb.  Values are checked where they are read,
 * so that getters cannot fail.
 */
#include "manifest/base/args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/text.h"

/* Values are kept per option: OPT_LIST_MAX slots each, verb's then program's*/
struct parsed {
	const struct program *p;
	const struct verb *v;
	size_t *counts;
};

static const struct opt *
opt_at(const struct program *p, const struct verb *v, size_t i)
{
	return i < v->nopts ? &v->opts[i] : &p->opts[i - v->nopts];
}

/* Does word name this option?  *value points behind "=" or is NULL. */
static bool
opt_match(const struct opt *o, const char *word, const char **value)
{
	size_t n = strlen(o->name);

	*value = NULL;
	if (word[0] == '-' && word[1] != '-')
		return o->letter != 0 && word[1] == o->letter && word[2] == 0;
	if (strncmp(word, "--", 2) != 0 || strncmp(word + 2, o->name, n) != 0)
		return false;
	if (word[2 + n] == '=')
		*value = word + 2 + n + 1;
	return word[2 + n] == 0 || word[2 + n] == '=';
}

int
args_skip(const struct opt *opts, size_t n, const char *word)
{
	const char *value;

	for (size_t i = 0; i < n; i++)
		if (opt_match(&opts[i], word, &value))
			return opts[i].type == OPT_FLAG || value != NULL ? 1
									 : 2;
	return 0;
}

static int
value_check(const struct opt *o, const char *value, struct err *e)
{
	int64_t v;
	int bp;
	const char *wanted = NULL;

	switch (o->type) {
	case OPT_INT:
		if (int_read(value, 0, INT64_MAX, &v) < 0)
			wanted = "a whole number";
		break;
	case OPT_DURATION:
		if (duration_read(value, INT64_MAX / 1000, &v) < 0)
			wanted = "a duration as 90s, 15m, 24h, 7d";
		break;
	case OPT_PERCENT:
		if (percent_read(value, &bp) < 0)
			wanted = "a percentage from 0 to 100, at most two "
				 "decimals";
		break;
	case OPT_FLAG:
	case OPT_TEXT:
	case OPT_LIST:
		break;
	}
	if (wanted == NULL)
		return 0;
	/* where a descriptor belongs people type the secret itself */
	if (strlen(o->name) > 3 &&
	    strcmp(o->name + strlen(o->name) - 3, "-fd") == 0)
		return err_set(e, ERR_USAGE,
		    "--%s: the number of a descriptor belongs here", o->name);
	return err_set(
	    e, ERR_USAGE, "--%s %.80s: not %s", o->name, value, wanted);
}

static int
take_opt(struct args *a, const struct parsed *ps, size_t i, const char *value,
    struct err *e)
{
	const struct opt *o = opt_at(ps->p, ps->v, i);
	size_t most = o->type == OPT_LIST ? OPT_LIST_MAX : 1;

	if (ps->counts[i] >= most)
		return err_set(e, ERR_USAGE,
		    most == 1 ? "--%s is given twice"
			      : "--%s is given too often",
		    o->name);
	if (o->type != OPT_FLAG && value_check(o, value, e) < 0)
		return -1;
	a->values[i * OPT_LIST_MAX + ps->counts[i]++] = value;
	return 0;
}

/* One option word; *at moves past a separate value. */
static int
parse_opt(struct args *a, const struct parsed *ps, int *at, int argc,
    char **argv, struct err *e)
{
	size_t n = ps->v->nopts + ps->p->nopts;
	const char *word = argv[*at], *value;

	for (size_t i = 0; i < n; i++) {
		const struct opt *o = opt_at(ps->p, ps->v, i);

		if (!opt_match(o, word, &value))
			continue;
		if (o->type == OPT_FLAG) {
			if (value != NULL)
				return err_set(e, ERR_USAGE,
				    "--%s takes no value", o->name);
			value = "";
		} else if (value == NULL) {
			if (*at + 1 >= argc)
				return err_set(e, ERR_USAGE,
				    "--%s needs a value: %s", o->name,
				    o->value);
			value = argv[++*at];
		}
		return take_opt(a, ps, i, value, e);
	}
	return err_set(
	    e, ERR_USAGE, "%s: no such option: %.80s", ps->v->name, word);
}

static int
count_check(const struct args *a, const struct verb *v, struct err *e)
{
	if (a->argc < v->min_args)
		return err_set(e, ERR_USAGE, "%s needs: %s", v->name, v->args);
	if (v->max_args >= 0 && a->argc > v->max_args)
		return err_set(e, ERR_USAGE, "%s: one argument too many: %.80s",
		    v->name, a->argv[v->max_args]);
	return 0;
}

int
args_parse(struct args *a, const struct program *p, const struct verb *v,
    int at, int used, int argc, char **argv, struct err *e)
{
	size_t n = v->nopts + p->nopts;
	struct parsed ps = { p, v, calloc(n + 1, sizeof(size_t)) };
	bool rest = false;
	int rc = 0;

	*a = (struct args){ .verb = v, .priv = p };
	a->values = calloc((n + 1) * OPT_LIST_MAX, sizeof(*a->values));
	a->argv = calloc((size_t)argc + 1, sizeof(*a->argv));
	if (ps.counts == NULL || a->values == NULL || a->argv == NULL)
		rc = err_set(e, ERR_SYS, "out of memory");
	for (int i = 1; rc == 0 && i < argc; i++) {
		const char *word = argv[i];

		if (i >= at && i < at + used)
			continue;
		if (rest || word[0] != '-' || word[1] == 0)
			a->argv[a->argc++] = argv[i];
		else if (strcmp(word, "--") == 0)
			rest = true;
		else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
			rc = 1;
		else
			rc = parse_opt(a, &ps, &i, argc, argv, e);
	}
	free(ps.counts);
	return rc != 0 ? rc : count_check(a, v, e);
}

void
args_done(struct args *a)
{
	free(a->values);
	free(a->argv);
}

/* The first slot of an option. */
static const char **
slots(const struct args *a, const char *name, enum opt_type *type)
{
	const struct program *p = a->priv;
	size_t n = a->verb->nopts + p->nopts;

	for (size_t i = 0; i < n; i++) {
		const struct opt *o = opt_at(p, a->verb, i);

		if (strcmp(o->name, name) == 0) {
			*type = o->type;
			return &a->values[i * OPT_LIST_MAX];
		}
	}
	(void)fprintf(stderr, "undeclared option %s\n", name);
	abort();
}

bool
args_flag(const struct args *a, const char *name)
{
	enum opt_type type;

	return slots(a, name, &type)[0] != NULL;
}

const char *
args_text(const struct args *a, const char *name, const char *none)
{
	enum opt_type type;
	const char *s = slots(a, name, &type)[0];

	return s == NULL ? none : s;
}

int64_t
args_int(const struct args *a, const char *name, int64_t none)
{
	enum opt_type type;
	const char *s = slots(a, name, &type)[0];
	int64_t v = none;
	int bp;

	if (s == NULL)
		return none;
	if (type == OPT_PERCENT)
		return percent_read(s, &bp) < 0 ? none : bp;
	if (type == OPT_DURATION)
		return duration_read(s, INT64_MAX / 1000, &v) < 0 ? none : v;
	return int_read(s, 0, INT64_MAX, &v) < 0 ? none : v;
}

const char *const *
args_list(const struct args *a, const char *name, size_t *n)
{
	enum opt_type type;
	const char **s = slots(a, name, &type);

	for (*n = 0; *n < OPT_LIST_MAX && s[*n] != NULL; ++*n)
		;
	return s;
}
