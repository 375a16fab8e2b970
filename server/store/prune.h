/*
 * Retention: drops old publications' metadata, abandoned pushes and files that
 * nothing names any more.  Kept: whatever any rung of the publication in force
 * names, the files that its deltas start from, what pinned releases are made
 * of, and pushes that are still open.
 */
#ifndef SLUICE_PRUNE_H
#define SLUICE_PRUNE_H

#include "server/config.h"
#include "server/store/db.h"

struct prune {
	int64_t now_s;
	bool dry_run;
};

struct pruned {
	int64_t publications, files, bytes;
};

int prune_run(struct db *db, const struct server_config *conf,
    const struct prune *p, struct pruned *out, struct err *e) MUST_CHECK;

#endif
