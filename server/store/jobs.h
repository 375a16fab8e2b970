/*
 * Children that do the long and the dangerous work: hashing uploads, checking
 * publications.  A child has no descriptor of the store but the pipe for its
 * one answer, {"ok":true,...} or {"ok":false,"kind","error"}.
 */
#ifndef SLUICE_STORE_JOBS_H
#define SLUICE_STORE_JOBS_H

#include "server/store/context.h"

/* What a child does; its answer is a new reference, NULL with e. */
typedef json_t *job_run(const struct store *s, const struct job *j,
    const void *input, struct err *e);

/*
 * jobs_start - fork a child that runs fn on input.  about has kind, deadline
 * and whom it concerns.  ERR_SYS when too many are at work.
 */
int jobs_start(struct store *s, const struct job *about, job_run *fn,
    const void *input, struct err *e) MUST_CHECK;

/*
 * jobs_read - take what a child has written.  1: it has ended, *done and
 * *answer (new reference) are set and it is off the list; 0: not yet; -1: it
 * failed, *done and e are set and it is off the list.
 */
int jobs_read(struct store *s, size_t index, struct job *done, json_t **answer,
    struct err *e) MUST_CHECK;

/* jobs_expire - kill children past their deadline (jobs_read then fails). */
void jobs_expire(struct store *s);
/* jobs_stop - kill and reap all. */
void jobs_stop(struct store *s);

/* jobs_find - whether one is at work on this. */
bool jobs_find(const struct store *s, enum job_kind kind, const char *id);

#endif
