/*
 * Threads that take jobs until there are none.
 */
#include "delta/threads.h"

#include <pthread.h>
#include <unistd.h>

#define THREADS 8

static _Thread_local int limit;

void
threads_limit(int n)
{
	limit = n;
}

void
threads_run(void *(*run)(void *), void *arg, size_t jobs)
{
	long cpus = limit > 0 ? limit : sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t threads[THREADS];
	size_t n = 0;

	while (n < THREADS && n + 1 < jobs && (long)n + 1 < cpus &&
	    pthread_create(&threads[n], NULL, run, arg) == 0)
		n++;
	(void)run(arg);
	while (n > 0)
		(void)pthread_join(threads[--n], NULL);
}
