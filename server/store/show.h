/*
 * What operators see: JSON of a channel's state, of a client's choice, of
 * versions in the field, of history.  Reads only.
 */
#ifndef SLUICE_SHOW_H
#define SLUICE_SHOW_H

#include "server/store/operate.h"

json_t *show_status(struct operation *o, struct err *e) MUST_CHECK;
json_t *show_channels(struct operation *o, struct err *e) MUST_CHECK;
json_t *show_why(struct operation *o, struct err *e) MUST_CHECK;
json_t *show_versions(struct operation *o, struct err *e) MUST_CHECK;
json_t *show_history(struct operation *o, struct err *e) MUST_CHECK;

/* show_state - positions, dials, pins and the plan's bound of a channel. */
json_t *show_state(struct db *db, const struct channel *c, int64_t now_s,
    struct err *e) MUST_CHECK;

#endif
