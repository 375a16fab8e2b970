/*
 * The state of one channel: its ladder, positions, pins and groups, which are
 * all that the choice and the moves need.  Pure, with its form as JSON; no
 * storage, no clock, no sockets.
 */
#ifndef SLUICE_CHANNEL_STATE_H
#define SLUICE_CHANNEL_STATE_H

#include <jansson.h>
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

/*
 * channel_state_take_in - a new publication or a renewal: positions, dials.  A
 * new one ends the scopes of platforms and groups; pins and admitted groups
 * stay.  repairs holds the versions that its deltas name; add others with
 * channel_state_repair.
 */
int channel_state_take_in(struct channel_state *c, const struct ladder *l,
    const struct manifest *offer, bool renewal, struct err *e) MUST_CHECK;

/* channel_state_scope - that a command or client of this name has; NULL. */
struct scope *channel_state_scope(
    struct channel_state *c, enum scope_kind kind, const char *name);

/* channel_state_scope_own - the same, made as a copy of the channel's if need
 * be. */
struct scope *channel_state_scope_own(struct channel_state *c,
    enum scope_kind kind, const char *name, struct err *e) MUST_CHECK;

/* channel_state_repair - a version whose clients pass the percentage. */
int channel_state_repair(
    struct channel_state *c, const char *version, struct err *e) MUST_CHECK;

/* channel_state_restore - position_restore for every scope. */
void channel_state_restore(struct channel_state *c, int rung);

/* channel_state_stop_floor - bring stop_floor up to date after a move. */
void channel_state_stop_floor(struct channel_state *c);

/* channel_state_pin_holds - the pin of exactly this name is below what is on
 * offer. */
bool channel_state_pin_holds(
    const struct channel_state *c, enum scope_kind kind, const char *name);

/* channel_state_write / channel_state_read - as JSON: in the table, and as the
 * database keeps it. */
json_t *channel_state_write(
    const struct channel_state *c, struct err *e) MUST_CHECK;
int channel_state_read(
    const json_t *v, struct channel_state *c, struct err *e) MUST_CHECK;

#endif
