/*
 * The install flow: poll, decide, download or patch, install, test, report.
 * Read update.c from top to bottom to see it whole.  This is the client
 * algorithm, to whose steps comments in this folder refer by number:
 *
 *    1  the trusted root, or the one that came with the product   poll.c
 *    2  one time for the whole run: the later of the clock's and the
 *       last that was signed
 *    3  newer roots, one by one; 4  the last has not expired,  refresh.c
 *       and what was signed by keys that it replaced is forgotten
 *    5  timestamp; 6  its time is remembered, at most a day ahead
 *    7  snapshot; 8  targets; 9  manifest: right product, channel, digests;
 *       its dates are judged in decide.c
 *   10  the floor rises; all of this is on disk before it is acted upon
 *   11  whatever the manifest takes away is not installed        decide.c
 *   12  a lower release: only with a permission that fits, or by hand
 *   13  a higher one: not above the pin, not by a lower version
 *   14  percentage, group, by hand
 *   15  the artifact for this platform; a delta that starts here
 *   16  download, resumed where it broke                       download.c
 *   17  size and digest, in a slot of its own         patch.c, install.c
 *   18  pending is written, then `current` switched           pending.c
 *   19  self-test, or the program's own word; back if it fails
 *   20  report                                                 report.c
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
