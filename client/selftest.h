/*
 * Commands of the owner: the self-test of a new release under a watchdog, and
 * the restart after a switch.  No shell: words are split at blanks, {} is the
 * folder of the release.  Step 19.
 */
#ifndef SLUICE_CLIENT_SELFTEST_H
#define SLUICE_CLIENT_SELFTEST_H

#include <stdbool.h>
#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

struct selftest {
	const char *command;
	const char *folder;  /* of the release; the child's directory too */
	const char *version; /* SLUICE_RELEASE in its environment */
	bool urgent;	     /* SLUICE_URGENT=1 */
	int64_t limit_s;     /* then it is killed with all its children */
};

/*
 * selftest_run - 0 when it exits with status 0 in time; ERR_REFUSED when it
 * fails, ERR_LIMIT when it takes too long, ERR_SYS when it cannot be started.
 */
int selftest_run(const struct selftest *t, struct err *e) MUST_CHECK;

/* selftest_words - split a command; words (room entries, NULL-terminated) live
 * in buf.  The number, or -1. */
#define SELFTEST_WORDS 64
#define SELFTEST_TEXT  8192
int selftest_words(const char *command, const char *folder,
    char words[static SELFTEST_TEXT], char *argv[static SELFTEST_WORDS + 1],
    struct err *e) MUST_CHECK;

#endif
