/*
 * When a channel's documents expire, from the database.
 */
#ifndef SLUICE_EXPIRES_H
#define SLUICE_EXPIRES_H

#include "server/store/context.h"
#include "server/validity.h"

/*
 * expires_read - of the trusted root, the publication in force and the newest
 * signed timestamps.  What cannot be read is 0: status is to be had when
 * things are broken.
 */
struct validity expires_read(
    struct db *db, const char *state, const char *channel);

#endif
