/*
 * Room on the disk that only operators' changes take: whatever else fills it, a
 * release can be halted.  A file of RESERVE_SIZE beside the database holds the
 * room; it is given up for the first change on a full disk, and made again
 * once there is room for it twice.
 */
#ifndef SLUICE_RESERVE_H
#define SLUICE_RESERVE_H

#include "server/store/context.h"

#define RESERVE_SIZE ((int64_t)8 << 20)

/* reserve_keep - make the file where there is room; at start and at times. */
void reserve_keep(struct store *s);

/* reserve_use - before an operator's change: give it up if the disk is full. */
void reserve_use(struct store *s);

/* reserve_open - whether what is left of it belongs to operators alone: it was
 * given up and is not there again. */
bool reserve_open(const struct store *s);

#endif
