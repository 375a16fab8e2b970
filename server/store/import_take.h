/*
 * Taking in what was read of a bundle: its files become blobs, then all else
 * rows in one transaction.  From then on the table that front serves from has
 * the bundle's documents, timestamp last.
 */
#ifndef SLUICE_IMPORT_TAKE_H
#define SLUICE_IMPORT_TAKE_H

#include <jansson.h>

#include "server/config.h"
#include "server/store/db.h"

struct import_take {
	const struct server_config *conf;
	struct db *db;
	const json_t *facts; /* of import_read */
	struct arena *a;
	int64_t now_s;
};

/* import_take - a channel that has this bundle already stays as it is. */
int import_take(const struct import_take *w, struct err *e) MUST_CHECK;

#endif
