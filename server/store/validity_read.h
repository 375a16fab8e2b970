/*
 * When a channel's documents expire, from the database.
 */
#ifndef SLUICE_VALIDITY_READ_H
#define SLUICE_VALIDITY_READ_H

#include "server/store/context.h"
#include "server/validity.h"

/*
 * validity_read - of the trusted root, the publication in force and the newest
 * signed timestamps.  What cannot be read is 0: status is to be had when
 * things are broken.
 */
struct validity validity_read(
    struct db *db, const char *state, const char *channel);

#endif
