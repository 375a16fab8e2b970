/*
 * Health reports and poll counts: validated, gathered, many committed in one
 * transaction; a report is acknowledged only after the commit.  Counts are by
 * channel, version, event and day.
 *
 * A report's way: client/report.c -> POST /v1/health -> front (relay.c) ->
 * health_report -> health_commit (loop.c calls it) -> outbox.c -> front: 202.
 * health_counts is what show.c answers sluicectl status with.
 *
 * Reports are shown, and nothing moves by them: halting, rolling back and going
 * on are what operators do.  Tickets are issued and counted all the same, so
 * that there are old ones when reports come to vote.
 */
#ifndef SLUICE_HEALTH_H
#define SLUICE_HEALTH_H

#include "server/store/context.h"

struct reports;

/* health_new - the gatherer of s->reports; NULL when memory is out. */
struct reports *health_new(void);
void health_free(struct reports *r);

/* health_report, health_polls - one message of front.  A bad report is
 * refused at once, a good one is answered by health_commit. */
void health_report(struct store *s, const json_t *ask);
void health_polls(struct store *s, const json_t *ask);

/* health_commit - write what has been gathered and answer; once per turn of
 * the loop. */
void health_commit(struct store *s);

/* health_counts - a channel's counts of the last days, as JSON:
 * {"polls":[{"day","version","os","arch","n"}],
 *  "reports":[{"day","version","event","n","tickets"}]}. */
json_t *health_counts(struct db *db, const char *channel, int64_t days,
    int64_t now_s, struct err *e) MUST_CHECK;

#endif
