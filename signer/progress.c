/*
 * The progress line.
 */
#include "signer/progress.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/text.h"

#define STEP_MS 100 /* between two drawings */

struct progress {
	pthread_mutex_t lock;
	const char *what;
	int64_t total, done, start_ms, drawn_ms;
	int64_t guess_ms; /* 0: none */
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
	p->start_ms = p->drawn_ms = clock_mono_ms();
	return p;
}

/* What is left, going by the speed so far or by the guess. */
static int64_t
left_ms(const struct progress *p, int64_t ms)
{
	if (p->done > 0)
		return (int64_t)((double)ms / (double)p->done *
		    (double)(p->total - p->done));
	return p->guess_ms - ms;
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
	if (left_ms(p, ms) >= 1000)
		(void)fprintf(stderr, "  about %lld s left",
		    (long long)(left_ms(p, ms) / 1000));
}

void
progress_guess(struct progress *p, int64_t ms)
{
	if (p == NULL)
		return;
	p->guess_ms = ms;
	draw(p, p->start_ms);
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
	now = clock_mono_ms();
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
	(void)fprintf(stderr, "\r\033[K");
	(void)pthread_mutex_destroy(&p->lock);
	free(p);
}
