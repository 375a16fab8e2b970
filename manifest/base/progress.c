/*
 * The progress line.
 */
#include "manifest/base/progress.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/text.h"

#define STEP_MS 100 /* between two drawings */

struct progress {
	pthread_mutex_t lock;
	const char *what;
	int64_t total, done, start_ms, drawn_ms;
	int64_t guess_ms; /* 0: none */
	int64_t last_ms;  /* when something was done */
	/* where single steps are long: somebody who draws every second */
	pthread_t ticker;
	pthread_cond_t end;
	bool ticking, ended;
};

struct progress *
progress_new(const char *what, int64_t total_bytes)
{
	struct progress *p;

	if (!isatty(STDERR_FILENO) || (p = calloc(1, sizeof(*p))) == NULL)
		return NULL;
	(void)pthread_mutex_init(&p->lock, NULL);
	p->what = what;
	p->total = total_bytes;
	p->start_ms = p->drawn_ms = p->last_ms = clock_mono_ms();
	return p;
}

/* What is left, going by the speed so far or by the guess. */
static int64_t
left_ms(const struct progress *p, int64_t now_ms)
{
	double took = (double)(p->last_ms - p->start_ms);

	if (p->done == 0)
		return p->guess_ms - (now_ms - p->start_ms);
	return (int64_t)(took / (double)p->done *
		   (double)(p->total - p->done)) -
	    (now_ms - p->last_ms);
}

static void
draw(const struct progress *p, int64_t now_ms)
{
	char done[32], total[32], rate[32];
	int64_t ms = now_ms - p->start_ms;

	(void)size_text(done, sizeof(done), p->done);
	(void)size_text(total, sizeof(total), p->total);
	(void)size_text(rate, sizeof(rate), ms > 0 ? p->done * 1000 / ms : 0);
	(void)fprintf(stderr, "\r\033[K%s  %d %%  %s of %s", p->what,
	    p->total > 0 ? (int)(p->done * 100 / p->total) : 100, done, total);
	if (p->done > 0)
		(void)fprintf(stderr, "  %s/s", rate);
	if (left_ms(p, now_ms) >= 1000)
		(void)fprintf(stderr, "  about %lld s left",
		    (long long)(left_ms(p, now_ms) / 1000));
}

static void *
tick(void *arg)
{
	struct progress *p = arg;

	(void)pthread_mutex_lock(&p->lock);
	while (!p->ended) {
		int64_t now = clock_mono_ms();
		struct timespec t = { .tv_sec = now / 1000 + 1,
			.tv_nsec = now % 1000 * 1000000 };

		draw(p, now);
		(void)pthread_cond_clockwait(
		    &p->end, &p->lock, CLOCK_MONOTONIC, &t);
	}
	(void)pthread_mutex_unlock(&p->lock);
	return NULL;
}

void
progress_guess(struct progress *p, int64_t ms)
{
	if (p == NULL)
		return;
	p->guess_ms = ms;
	(void)pthread_cond_init(&p->end, NULL);
	p->ticking = pthread_create(&p->ticker, NULL, tick, p) == 0;
}

void
progress_add(void *progress, int64_t bytes)
{
	struct progress *p = progress;
	int64_t now;

	if (p == NULL)
		return;
	(void)pthread_mutex_lock(&p->lock);
	p->done += bytes;
	now = p->last_ms = clock_mono_ms();
	if (now - p->drawn_ms >= STEP_MS) {
		p->drawn_ms = now;
		draw(p, now);
	}
	(void)pthread_mutex_unlock(&p->lock);
}

void
progress_free(struct progress *p)
{
	if (p == NULL)
		return;
	if (p->ticking) {
		(void)pthread_mutex_lock(&p->lock);
		p->ended = true;
		(void)pthread_cond_signal(&p->end);
		(void)pthread_mutex_unlock(&p->lock);
		(void)pthread_join(p->ticker, NULL);
	}
	(void)fprintf(stderr, "\r\033[K");
	(void)pthread_mutex_destroy(&p->lock);
	free(p);
}
