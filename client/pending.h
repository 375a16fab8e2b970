/*
 * The pending release: from a complete slot to the release that counts, or
 * back.  It is persisted before `current` is switched, and committed or taken
 * back after the self-test or the program's own word.  Steps 18 and 19.
 *
 *	pending := r; switch; test      passed: installed := pending
 *	                                failed: switch back; failed := r
 *
 * A kill between any two of these is mended by pending_recover.
 */
#ifndef SLUICE_CLIENT_PENDING_H
#define SLUICE_CLIENT_PENDING_H

#include <stdbool.h>

#include "client/client.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"

/* pending_recover - finish what a killed run left; adopt what `current` names
 * where the state does not know it. */
int pending_recover(struct sluice *s, struct err *e) MUST_CHECK;

/* pending_adopt - only the second half; for those who change nothing else. */
int pending_adopt(struct sluice *s, struct err *e) MUST_CHECK;

/*
 * pending_switch - make `to`, whose slot is complete, the installed release.
 * ERR_REFUSED: its self-test failed and the release before is back.
 */
int pending_switch(struct sluice *s, const struct state_release *to,
    bool urgent, struct err *e) MUST_CHECK;

/* pending_started - the program starts; ERR_REFUSED: too often without a word,
 * the release before is back. */
int pending_started(struct sluice *s, struct err *e) MUST_CHECK;

/* pending_confirmed - the program says that it works. */
int pending_confirmed(struct sluice *s, struct err *e) MUST_CHECK;

#endif
