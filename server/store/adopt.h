/*
 * Handing a publication to the brake, and following the brake where it is
 * ahead of the database (which may come from a backup).
 */
#ifndef SLUICE_ADOPT_H
#define SLUICE_ADOPT_H

#include "server/store/context.h"

/* adopt_publication - the brake takes the publication; repeating is safe. */
int adopt_publication(struct store *s, const struct channel *c, const char *id,
    const json_t *facts, struct err *e) MUST_CHECK;

/*
 * adopt_follow - at start and after each switch: the next round is above the brake's last.  Where
 * the brake has gone beyond the positions of this database, unfinished
 * rollouts go to the halt above; where it has a publication that this database
 * lacks, that is logged: it must be pushed again.
 */
int adopt_follow(
    struct store *s, const char *channel, struct err *e) MUST_CHECK;

/* adopt_check - ERR_CONFLICT while the brake holds a publication that the
 * database (one from a backup) lacks: nothing of ours would be signed, but the
 * history would no longer be the one that the lost publication builds on. */
int adopt_check(
    struct store *s, const struct channel *c, struct err *e) MUST_CHECK;

#endif
