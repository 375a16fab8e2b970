/*
 * Threads that take jobs from a counter.
 */
#include "signer/jobs.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#define THREADS_MAX 64

struct pool {
	const struct jobs *jobs;
	atomic_size_t next;
	atomic_bool stop;
	pthread_mutex_t lock; /* of what follows */
	size_t failed;	      /* lowest job that failed; n: none */
	struct err err;
};

static void *
work(void *arg)
{
	struct pool *p = arg;

	while (!atomic_load(&p->stop)) {
		size_t i = atomic_fetch_add(&p->next, 1);
		struct err e = { 0 };

		if (i >= p->jobs->n)
			break;
		if (p->jobs->run(p->jobs->ctx, i, &e) == 0)
			continue;
		atomic_store(&p->stop, true);
		(void)pthread_mutex_lock(&p->lock);
		if (i < p->failed) {
			p->failed = i;
			p->err = e;
		}
		(void)pthread_mutex_unlock(&p->lock);
	}
	return NULL;
}

int
jobs_run(const struct jobs *j, struct err *e)
{
	struct pool p = { .jobs = j, .failed = j->n };
	pthread_t threads[THREADS_MAX];
	size_t want = (size_t)(j->threads < 1 ? 1 : j->threads), n = 0;

	if (want > THREADS_MAX)
		want = THREADS_MAX;
	if (want > j->n)
		want = j->n;
	(void)pthread_mutex_init(&p.lock, NULL);
	/* this thread works too; one that cannot be started is not missed */
	while (n + 1 < want && pthread_create(&threads[n], NULL, work, &p) == 0)
		n++;
	(void)work(&p);
	for (size_t i = 0; i < n; i++)
		(void)pthread_join(threads[i], NULL);
	(void)pthread_mutex_destroy(&p.lock);
	if (p.failed == j->n)
		return 0;
	*e = p.err;
	return -1;
}
