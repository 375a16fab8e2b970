/*
 * Work on all CPUs, or on as many as the caller's thread may use.
 */
#ifndef SLUICE_THREADS_H
#define SLUICE_THREADS_H

#include <stddef.h>

/* threads_run - run(arg) on as many threads as there are jobs and CPUs, this one
 * included; one that cannot be started is not missed. */
void threads_run(void *(*run)(void *), void *arg, size_t jobs);

/* threads_limit - the most that threads_run uses when this thread calls it; 0:
 * no limit. */
void threads_limit(int n);

#endif
