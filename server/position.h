/*
 * Positions on the ladder and their moves: pure.  A position is a pair of
 * rungs: whoever is admitted gets high, everybody else low.  It only moves up.
 */
#ifndef SLUICE_POSITION_H
#define SLUICE_POSITION_H

#include "server/channel_state.h"

/* The moves of one scope.  -1 with ERR_REFUSED leaves it as it was. */

/* position_start - a new publication: low hold, high the first offer. */
void position_start(struct scope *s, const struct ladder *l, int percent_bp);

/* position_on_offer - high is an offer. */
bool position_on_offer(const struct scope *s, const struct ladder *l);

/*
 * position_renew - carry a scope over to a renewal's ladder.  ERR_REFUSED when
 * the new ladder lacks the rollback that is in force, or an offer above it.
 */
int position_renew(struct scope *s, const struct ladder *from,
    const struct ladder *to, struct err *e) MUST_CHECK;

/*
 * position_restore - after a restore from a backup, rung being the highest
 * that the brake has signed: an unfinished rollout, and any scope that the
 * brake has gone beyond, goes to the first halt above that rung; none left:
 * to the last rollback to the fallback, else the last rung.
 */
void position_restore(struct scope *s, const struct ladder *l, int rung);

/*
 * position_take - something takes the offer from anyone: low to the halt of
 * high's block, high to the offer of the next block.  Nothing on offer: moves
 * nothing.  Last block: ERR_REFUSED ("publish or renew first").
 */
int position_take(
    struct scope *s, const struct ladder *l, struct err *e) MUST_CHECK;
int position_halt(
    struct scope *s, const struct ladder *l, struct err *e) MUST_CHECK;
/* position_rollback - both to the lowest rung at or above high that goes back
 * to to_seq; 0: the fallback, or where there is none, the halt. */
int position_rollback(struct scope *s, const struct ladder *l, int64_t to_seq,
    struct err *e) MUST_CHECK;
/* position_lift - to the offer of the next block. */
int position_lift(
    struct scope *s, const struct ladder *l, struct err *e) MUST_CHECK;
/* position_blocks_left - blocks above high's; what lifts and takes remain. */
int position_blocks_left(const struct scope *s, const struct ladder *l);

#endif
