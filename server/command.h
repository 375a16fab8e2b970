/*
 * What command.c (percentages, stops, lifts) and command_pin.c (pins, groups)
 * share.  Everybody else calls command_apply of position.h.
 */
#ifndef SLUICE_SERVER_COMMAND_H
#define SLUICE_SERVER_COMMAND_H

#include "server/position.h"

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
