/*
 * Parsing of one verb's command line; only verb.c calls this.  The getters
 * that verbs use are in verb.h.
 */
#ifndef SLUICE_ARGS_H
#define SLUICE_ARGS_H

#include "manifest/base/verb.h"

/* args_skip - words that an option of this table takes: 1, 2, or 0 if it is
 * none of them. */
int args_skip(const struct opt *opts, size_t n, const char *word);

/*
 * args_parse - everything of argv but the verb, which stands at `at` and takes
 * `used` words.  0; 1 when --help was asked; -1 with ERR_USAGE.  args_done
 * must follow in every case.
 */
int args_parse(struct args *a, const struct program *p, const struct verb *v,
    int at, int used, int argc, char **argv, struct err *e) MUST_CHECK;
void args_done(struct args *a);

#endif
