/*
 * Starting the check of a publication that has arrived whole, and acting on
 * what it finds.  The check itself is judge.h: it runs in a child behind a
 * fence of its own, so that what a pushed document can break is that child.
 */
#ifndef SLUICE_INTAKE_CHECK_H
#define SLUICE_INTAKE_CHECK_H

#include "server/store/context.h"

/* intake_check_start - start the child; ERR_INPUT while files are missing. */
int intake_check_start(struct store *s, const char *channel, const char *id,
    struct err *e) MUST_CHECK;

/* intake_check_resume - at start: check anew what was being checked, so that whoever
 * pushed it and waits gets an answer. */
int intake_check_resume(struct store *s, struct err *e) MUST_CHECK;

/* intake_check_done - the child has ended: its answer, or NULL and why it failed.
 * The publication is switched to, or refused. */
void intake_check_done(struct store *s, const struct job *done,
    const json_t *answer, const struct err *why);

#endif
