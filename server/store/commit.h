/*
 * Checking a publication that has arrived whole: in a child behind a fence of
 * its own, so that what a pushed document can break is that child.
 */
#ifndef SLUICE_COMMIT_H
#define SLUICE_COMMIT_H

#include "server/store/context.h"

/* commit_start - start the child; ERR_INPUT while files are missing. */
int commit_start(struct store *s, const char *channel, const char *id,
    struct err *e) MUST_CHECK;

/* commit_resume - at start: check anew what was being checked, so that whoever
 * pushed it and waits gets an answer. */
int commit_resume(struct store *s, struct err *e) MUST_CHECK;

/* commit_done - the child has ended: its answer, or NULL and why it failed.
 * The publication is switched to, or refused. */
void commit_done(struct store *s, const struct job *done, const json_t *answer,
    const struct err *why);

#endif
