/*
 * What operators say, as moves of a channel's positions: pure.  command.c has
 * percentages, stops and lifts, command_pin.c pins and groups.
 */
#ifndef SLUICE_SERVER_COMMAND_H
#define SLUICE_SERVER_COMMAND_H

#include "server/position.h"

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

/* --- what the two files share --- */

/* command_wide - it names no platform or group: it is for everybody. */
bool command_wide(const struct command *cmd);

/* command_refused - say whom a refusal is about; returns -1. */
int command_refused(struct err *e, const struct scope *s);

/*
 * command_scope - the scope of a command that names one.  A platform gets its
 * own; a group has one only once it is pinned back, else ERR_REFUSED.
 */
struct scope *command_scope(struct channel_state *c, const struct command *cmd,
    struct err *e) MUST_CHECK;

/* One verb each, without the check of the whole that command_apply makes. */
int command_stop(struct channel_state *c, const struct command *cmd,
    struct err *e) MUST_CHECK;
int command_pin(struct channel_state *c, const struct command *cmd,
    int64_t now_s, struct err *e) MUST_CHECK;
int command_unpin(struct channel_state *c, const struct command *cmd,
    struct err *e) MUST_CHECK;
int command_group(struct channel_state *c, const struct command *cmd,
    int64_t now_s, struct err *e) MUST_CHECK;

#endif
