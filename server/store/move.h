/*
 * Operators' changes of positions, pins and groups: request to command,
 * command to state (command.h), state to round.
 */
#ifndef SLUICE_MOVE_H
#define SLUICE_MOVE_H

#include "server/store/operate.h"

/* move_run - any of percent, halt, resume, rollback, kill, pin, unpin,
 * group-add, group-remove. */
json_t *move_run(struct operation *o, struct err *e) MUST_CHECK;

#endif
