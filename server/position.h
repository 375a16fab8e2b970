/*
 * Positions on the ladder and the moves that operators make: pure.  A position
 * is a pair of rungs: whoever is admitted gets high, everybody else low.  It
 * only moves up.  No storage, no clock, no sockets.
 */
#ifndef SLUICE_POSITION_H
#define SLUICE_POSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "manifest/ladder.h"
#include "manifest/manifest.h"

#define SCOPES_MAX 128 /* positions of one channel */
#define GROUPS_MAX 64
#define PINS_MAX   LADDER_MAX

enum scope_kind {
	SCOPE_CHANNEL,
	SCOPE_PLATFORM,
	SCOPE_GROUP
};

/* One position with its dials: the channel's, a platform's own, or that of a
 * group that is pinned back. */
struct scope {
	enum scope_kind kind;
	char name[PLATFORM_MAX + 1]; /* "" for the channel; "linux-x86_64" */
	int low, high;		     /* rung indices; low <= high */
	int percent_bp;
	bool urgent;   /* killed: leave it now */
	bool own_stop; /* a halt or rollback of its own: a channel-wide
	                  lift passes it by */
};

/* A pin: a scope stays on low while what is on offer is newer than seq. */
struct pin {
	enum scope_kind kind;
	char name[PLATFORM_MAX + 1];
	int64_t seq;
};

/* All that the choice and the moves need of one channel. */
struct channel_state {
	char product[PRODUCT_MAX + 1], channel[PRODUCT_MAX + 1];
	struct ladder ladder; /* m = 0: nothing published */
	char offer_version[72];
	/* of the offer's manifest */
	char salt[HEX_SIZE(SALT_BYTES)];
	int control_bp;
	struct stage plan[MANIFEST_STAGES_MAX];
	size_t nplan;
	int64_t start_s;			/* manifest_start */
	int64_t not_before_s;			/* 0: none */
	char repairs[MANIFEST_REPAIRS_MAX][72]; /* versions repaired */
	size_t nrepairs;
	/* the operator's */
	struct scope scopes[SCOPES_MAX]; /* [0] is the channel */
	size_t nscopes;
	struct pin pins[PINS_MAX];
	size_t npins;
	char groups[GROUPS_MAX][PRODUCT_MAX + 1]; /* admitted by name */
	size_t ngroups;
	/*
	 * Clients of unknown platform get no rung below this: the highest that
	 * a platform's own halt or rollback stands for, taken at or above the
	 * channel's high, so that it stops them whatever the channel's block.
	 * 0: none; kept after the lift, because nobody may be moved down.
	 */
	int stop_floor;
	/*
	 * A mirror: its views come from bundles and nothing moves it here.
	 * Everybody gets mirror_rung, the only one with a timestamp.
	 */
	bool mirror;
	int mirror_rung;
};

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

/*
 * Operator commands on a channel: a command without a scope is the channel's
 * and moves each scope by itself.  All or nothing.
 */
enum command_verb {
	COMMAND_PERCENT,
	COMMAND_HALT,
	COMMAND_RESUME,
	COMMAND_ROLLBACK,
	COMMAND_KILL,
	COMMAND_PIN,
	COMMAND_UNPIN,
	COMMAND_GROUP_ADD,
	COMMAND_GROUP_REMOVE,
};
struct command {
	enum command_verb verb;
	enum scope_kind kind; /* SCOPE_CHANNEL, or a platform or group */
	const char *name;     /* of the platform or group */
	int percent_bp;
	int64_t seq; /* rollback, kill: target, 0 the fallback; pin: release */
	bool back;   /* pin --back */
};
/*
 * command_apply - change state.  now_s bounds "percent" by the signed plan;
 * the refusal names the bound and when it rises.
 */
int command_apply(struct channel_state *c, const struct command *cmd,
    int64_t now_s, struct err *e) MUST_CHECK;

/*
 * state_take_in - a new publication or a renewal: positions, dials.  A new one
 * ends the scopes of platforms and groups; pins and admitted groups stay.
 * repairs holds the versions that its deltas name; add others with
 * state_repair.
 */
int state_take_in(struct channel_state *c, const struct ladder *l,
    const struct manifest *offer, bool renewal, struct err *e) MUST_CHECK;

/* state_scope - the scope that a command or client of this name has; NULL. */
struct scope *state_scope(
    struct channel_state *c, enum scope_kind kind, const char *name);

/* state_scope_own - the same, made as a copy of the channel's if need be. */
struct scope *state_scope_own(struct channel_state *c, enum scope_kind kind,
    const char *name, struct err *e) MUST_CHECK;

/* state_repair - a version whose clients pass the percentage. */
int state_repair(
    struct channel_state *c, const char *version, struct err *e) MUST_CHECK;

/* state_restore - position_restore for every scope. */
void state_restore(struct channel_state *c, int rung);

/* state_stop_floor - bring stop_floor up to date after a move. */
void state_stop_floor(struct channel_state *c);

/* state_pin_holds - the pin of exactly this name is below what is on offer. */
bool state_pin_holds(
    const struct channel_state *c, enum scope_kind kind, const char *name);

#endif
