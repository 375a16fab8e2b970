/*
 * The switch from one publication to the next, in an order that survives being
 * killed at any point:
 *
 *   1. prepared   one transaction records the facts and the files
 *   2. adopt      the brake takes root and snapshots; from here on it signs
 *                 nothing of the publication before
 *   3. switched   one transaction: publication, positions, release history,
 *                 roots, audit and the round
 *   4. signed     the round's views; then the table goes to front
 *
 * Killed before 2: the old publication goes on, the new one is finished at
 * start.  Between 2 and 3: the old one is still served with what was signed
 * for it; at start the row says "prepared", adopt is repeated (the brake takes
 * the same publication twice) and 3 follows.  After 3: the round is signed at
 * start.  Nothing in between can be seen from outside.
 */
#ifndef SLUICE_SWITCH_H
#define SLUICE_SWITCH_H

#include "server/store/context.h"

/* switch_prepare - step 1, with the facts of judge_run. */
int switch_prepare(struct store *s, const char *channel, const char *id,
    const json_t *facts, struct err *e) MUST_CHECK;

/* switch_finish - steps 2 to 4 of a prepared publication.  ERR_SYS and
 * ERR_LIMIT leave it prepared: switch_retry tries again; any other error has
 * refused it. */
int switch_finish(struct store *s, const char *channel, const char *id,
    struct err *e) MUST_CHECK;

/* switch_refuse - record why a publication was not taken. */
int switch_refuse(struct store *s, const char *channel, const char *id,
    const struct err *why, struct err *e) MUST_CHECK;

/* switch_retry - finish what switch_finish left prepared. */
int switch_retry(
    struct store *s, const char *channel, struct err *e) MUST_CHECK;

/* switch_resume - at start: what was prepared is finished, rounds follow the
 * brake's. */
int switch_resume(struct store *s, struct err *e) MUST_CHECK;

#endif
