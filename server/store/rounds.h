/*
 * Rounds: every change and every refresh is one.  A round is a row with the
 * state that it signs, so that whoever signs it gets the same bytes; it takes
 * effect once the brake has signed its views and front has the table.
 */
#ifndef SLUICE_ROUNDS_H
#define SLUICE_ROUNDS_H

#include "server/choice.h"
#include "server/store/context.h"

struct round {
	int64_t round, signed_at_s, expires_s;
	char publication[SHA256_HEX_SIZE];
	struct channel_state state;
	const char *views; /* JSON; "" until signed */
};

/*
 * rounds_start - add the row and note it in c; in the transaction that makes
 * the change (the caller saves c).  A channel without a publication has none.
 */
struct round_start {
	const char *why;
	int64_t now_s, validity_s;
};
int rounds_start(struct db *db, struct channel *c, const struct round_start *r,
    struct err *e) MUST_CHECK;

/*
 * rounds_sign - have the newest round signed, if it is not yet.  confirm: a
 * person has said that a clock far ahead is right.  On -1 the row stays, what
 * was signed before stays in force, and a later call tries again.
 */
int rounds_sign(struct store *s, const char *channel, bool confirm,
    struct err *e) MUST_CHECK;

/* rounds_newest - the newest signed round of a channel, in the arena; 1, or 0
 * if there is none. */
int rounds_newest(struct db *db, const char *channel, struct round **out,
    struct arena *a, struct err *e) MUST_CHECK;

/*
 * rounds_keep - every channel: sign what is unsigned, start a round where the
 * refresh is due or time has changed a view.  Sets s->table_due.  A channel
 * that fails is logged and does not hold up the others.
 */
int rounds_keep(struct store *s, int64_t now_s, struct err *e) MUST_CHECK;

/* rounds_fast_forward - after the brake's last round, which a database from a
 * backup may be behind of: at start, and when the brake refuses one. */
int rounds_fast_forward(struct db *db, const char *channel, int64_t round,
    struct err *e) MUST_CHECK;

#endif
