/*
 * From a complete slot to the release that counts, or back: pending is
 * persisted before `current` is switched, and committed or taken back after
 * the self-test or the program's own word.  Steps 18 and 19.
 *
 *	pending := r; switch; test      passed: installed := pending
 *	                                failed: switch back; failed := r
 *
 * A kill between any two of these is mended by commit_recover.
 */
#ifndef SLUICE_CLIENT_COMMIT_H
#define SLUICE_CLIENT_COMMIT_H

#include <stdbool.h>

#include "client/client.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"

/* commit_recover - finish what a killed run left; adopt what `current` names
 * where the state does not know it. */
int commit_recover(struct sluice *s, struct err *e) MUST_CHECK;

/* commit_adopt - only the second half; for those who change nothing else. */
int commit_adopt(struct sluice *s, struct err *e) MUST_CHECK;

/*
 * commit_switch - make `to`, whose slot is complete, the installed release.
 * ERR_REFUSED: its self-test failed and the release before is back.
 */
int commit_switch(struct sluice *s, const struct state_release *to, bool urgent,
    struct err *e) MUST_CHECK;

/* commit_started - the program starts; ERR_REFUSED: too often without a word,
 * the release before is back. */
int commit_started(struct sluice *s, struct err *e) MUST_CHECK;

/* commit_confirmed - the program says that it works. */
int commit_confirmed(struct sluice *s, struct err *e) MUST_CHECK;

#endif
