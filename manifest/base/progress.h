/*
 * A line on the terminal that says how far the work is; nothing when standard
 * error is no terminal.  Safe to use from several threads.
 */
#ifndef SLUICE_PROGRESS_H
#define SLUICE_PROGRESS_H

#include <stdint.h>

#include "manifest/base/base.h"

struct progress;

/* progress_new - begin; NULL (which the others take) without a terminal. */
struct progress *progress_new(const char *what, int64_t total_bytes);
/* progress_add - bytes more are done; the signature that digest_fd calls. */
void progress_add(void *progress, int64_t bytes);
/* progress_guess - how long it will take, for as long as nothing is done; once,
 * before anything is.  The line is then drawn every second, whatever happens. */
void progress_guess(struct progress *p, int64_t ms);
/* progress_free - clears the line. */
void progress_free(struct progress *p);

static inline void
progress_freep(struct progress **p)
{
	progress_free(*p);
}
#define AUTO_PROGRESS CLEANUP(progress_freep) struct progress *

#endif
