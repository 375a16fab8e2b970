/*
 * After the database was put back from a backup: what an operator says once
 * (sluiced restored), kept until each channel has acted on it.  Acting is
 * adopt.c's, when the brake has said how far it had gone.
 */
#ifndef SLUICE_RESTORE_H
#define SLUICE_RESTORE_H

#include "server/store/db.h"

/* restore_waits - 1 if the channel has yet to be moved, 0, -1. */
int restore_waits(struct db *db, const char *channel, struct err *e) MUST_CHECK;
/* restore_done - in the transaction that moves it. */
int restore_done(struct db *db, const char *channel, struct err *e) MUST_CHECK;

#endif
