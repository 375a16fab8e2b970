/*
 * The install flow: poll, decide, download or patch, install, test, report.
 * Read update.c from top to bottom to see it whole.
 */
#ifndef SLUICE_CLIENT_UPDATE_H
#define SLUICE_CLIENT_UPDATE_H

#include <stdbool.h>

#include "client/client.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"

/*
 * update_run - inside client_begin.  install: carry the decision out, else
 * only say it.  out is filled as far as it got, also on -1 (ERR_REFUSED where
 * a rule forbids what the channel asks for).
 */
int update_run(struct sluice *s, int flags, bool install,
    struct sluice_result *out, struct err *e) MUST_CHECK;

/* update_rollback - to the kept previous release, without asking anybody. */
int update_rollback(
    struct sluice *s, struct sluice_result *out, struct err *e) MUST_CHECK;

#endif
