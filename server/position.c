/*
 * The moves of one position on the ladder: pure.  Every move goes up or
 * nowhere, so that a client that met the rung before accepts the rung after.
 * What operators say, and which scopes it concerns, is command.c.
 */
#include "server/position.h"

#include <inttypes.h>

bool
position_on_offer(const struct scope *s, const struct ladder *l)
{
	return ladder_kind(l, s->high) == RUNG_OFFER;
}

int
position_blocks_left(const struct scope *s, const struct ladder *l)
{
	return l->nblocks - 1 - ladder_block(l, s->high);
}

void
position_start(struct scope *s, const struct ladder *l, int percent_bp)
{
	s->low = 0;
	s->high = ladder_rung(l, 0, RUNG_OFFER, 0);
	s->percent_bp = percent_bp;
	s->urgent = false;
	s->own_stop = false;
}

static void
stop_at(struct scope *s, int rung)
{
	s->low = rung;
	s->high = rung;
}

/* next_offer - the offer of the block after high's. */
static int
next_offer(const struct scope *s, const struct ladder *l, struct err *e)
{
	int r = ladder_rung(l, ladder_block(l, s->high) + 1, RUNG_OFFER, 0);

	if (r < 0)
		return err_set(e, ERR_REFUSED,
		    "this is the last block of the publication: publish or "
		    "renew first");
	return r;
}

int
position_take(struct scope *s, const struct ladder *l, struct err *e)
{
	int offer;

	if (!position_on_offer(s, l))
		return 0;
	offer = next_offer(s, l, e);
	if (offer < 0)
		return -1;
	s->low = ladder_rung(l, ladder_block(l, s->high), RUNG_HALT, 0);
	s->high = offer;
	return 0;
}

int
position_halt(struct scope *s, const struct ladder *l, struct err *e)
{
	int halt;

	if (!position_on_offer(s, l))
		return 0;
	halt = ladder_rung(l, ladder_block(l, s->high), RUNG_HALT, 0);
	if (halt < 0)
		return err_set(e, ERR_REFUSED, "no halt above the offer");
	stop_at(s, halt);
	return 0;
}

int
position_rollback(
    struct scope *s, const struct ladder *l, int64_t to_seq, struct err *e)
{
	int64_t to = to_seq;
	int rung;

	if (to == 0 && l->ngood > 0)
		to = l->fallback_seq;
	if (to == 0) /* nothing to go back to: at least nobody else gets it */
		return position_halt(s, l, e);
	if (!ladder_lists(l->good_seq, l->ngood, to))
		return err_set(e, ERR_REFUSED,
		    "no rung of this publication goes back to release %" PRId64
		    ": publish",
		    to);
	rung = ladder_next(l, s->high, RUNG_ROLLBACK, to);
	if (rung < 0)
		return err_set(e, ERR_REFUSED,
		    "no rung back to release %" PRId64 " is left: publish", to);
	stop_at(s, rung);
	return 0;
}

int
position_lift(struct scope *s, const struct ladder *l, struct err *e)
{
	int64_t to = ladder_seq(l, s->high);
	int offer;

	if (position_on_offer(s, l))
		return 0;
	if (ladder_kind(l, s->high) == RUNG_ROLLBACK && to != l->fallback_seq)
		return err_set(e, ERR_REFUSED,
		    "rolled back past the fallback, to release %" PRId64
		    ": publish",
		    to);
	offer = next_offer(s, l, e);
	if (offer < 0)
		return -1;
	s->low = s->high;
	s->high = offer;
	s->urgent = false;
	return 0;
}

/* renewed_rollback - in block 1 of the new ladder, for the rung before. */
static int
renewed_rollback(
    const struct ladder *from, const struct ladder *to, int rung, struct err *e)
{
	int64_t seq = ladder_seq(from, rung);
	int r = ladder_rung(to, 0, RUNG_ROLLBACK, seq);

	if (r < 0)
		return err_set(e, ERR_REFUSED,
		    "the renewal lacks the rollback to release %" PRId64
		    " that is in force",
		    seq);
	return r;
}

int
position_renew(struct scope *s, const struct ladder *from,
    const struct ladder *to, struct err *e)
{
	int low = 0, high;

	switch (ladder_kind(from, s->high)) {
	case RUNG_HOLD:
	case RUNG_HALT:
		stop_at(s, ladder_rung(to, 0, RUNG_HALT, 0));
		return 0;
	case RUNG_ROLLBACK:
		high = renewed_rollback(from, to, s->high, e);
		if (high < 0)
			return -1;
		stop_at(s, high);
		return 0;
	case RUNG_OFFER:
		break;
	}
	if (ladder_kind(from, s->low) == RUNG_ROLLBACK) {
		low = renewed_rollback(from, to, s->low, e);
		if (low < 0)
			return -1;
	}
	high = ladder_next(to, low + 1, RUNG_OFFER, 0);
	if (high < 0)
		return err_set(e, ERR_REFUSED,
		    "the offer was lifted after a rollback: the renewal needs "
		    "more than one block");
	s->low = low;
	s->high = high;
	return 0;
}

void
position_restore(struct scope *s, const struct ladder *l, int rung)
{
	int to;

	/* Nothing happened after the backup, and nothing was under way. */
	if (rung <= s->high &&
	    (!position_on_offer(s, l) || s->percent_bp == 10000))
		return;
	if (rung < s->high)
		rung = s->high;
	to = ladder_next(l, rung + 1, RUNG_HALT, 0);
	if (to < 0 && l->fallback_seq != 0)
		to = ladder_rung(
		    l, l->nblocks - 1, RUNG_ROLLBACK, l->fallback_seq);
	if (to < rung)
		to = ladder_rungs(l) - 1;
	stop_at(s, to);
}
