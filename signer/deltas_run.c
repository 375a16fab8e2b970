/*
 * Making deltas side by side within a budget of memory and time.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "delta/delta.h"
#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/progress.h"
#include "manifest/cohort.h"
#include "signer/deltas.h"
#include "signer/jobs.h"

struct run {
	struct deltas *d;
	struct delta_job **order;
	size_t n;
	struct progress *progress;
	int side_by_side;
	int64_t cpu_ms;	      /* when it began */
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t room;
	int64_t used; /* bytes of memory */
	int64_t done, running;
	size_t left; /* jobs */
};

/* --- what the full download costs ----------------------------------------- */

static int
pack_file(ZSTD_CCtx *z, int fd, int64_t *out)
{
	static _Thread_local char in[1 << 16], packed[1 << 17];
	ssize_t n;

	do {
		ZSTD_inBuffer from = { in, 0, 0 };
		size_t left;

		if ((n = TEMP_FAILURE_RETRY(read(fd, in, sizeof(in)))) < 0)
			return -1;
		from.size = (size_t)n;
		do {
			ZSTD_outBuffer to = { packed, sizeof(packed), 0 };

			left = ZSTD_compressStream2(z, &to, &from,
			    n == 0 ? ZSTD_e_end : ZSTD_e_continue);
			if (ZSTD_isError(left))
				return -1;
			*out += (int64_t)to.pos;
		} while (from.pos < from.size || (n == 0 && left > 0));
	} while (n > 0);
	return 0;
}

/* The size as zstd -3 makes it, or as it is where that is no less. */
static int
pack_one(void *ctx, size_t i, struct err *e)
{
	struct delta_job *j = ((struct run *)ctx)->order[i];
	ZSTD_CCtx *z;
	AUTO_FD fd = -1;
	int rc;

	j->packed = 0;
	if ((fd = open(j->sum->from, O_RDONLY | O_CLOEXEC)) < 0)
		return err_sys(e, "%s", j->sum->from);
	if ((z = ZSTD_createCCtx()) == NULL)
		return err_sys(e, "compressing");
	rc = pack_file(z, fd, &j->packed);
	(void)ZSTD_freeCCtx(z);
	if (rc < 0)
		return err_sys(e, "compressing %s", j->sum->from);
	if (j->packed > j->sum->size)
		j->packed = j->sum->size;
	return 0;
}

/* Each new file once, for its first job; the others take it over. */
static int
pack(struct run *r, struct err *e)
{
	struct run first = { .order =
				 calloc(r->n + 1, sizeof(struct delta_job *)) };
	struct jobs jobs = { pack_one, &first, 0, r->d->threads };
	int rc;

	if (first.order == NULL)
		return err_sys(e, "deltas");
	for (size_t i = 0; i < r->n; i++) {
		size_t k = 0;

		while (k < jobs.n && first.order[k]->sum != r->order[i]->sum)
			k++;
		if (k == jobs.n)
			first.order[jobs.n++] = r->order[i];
	}
	rc = jobs_run(&jobs, e);
	for (size_t i = 0; rc == 0 && i < r->n; i++)
		for (size_t k = 0; k < jobs.n; k++)
			if (first.order[k]->sum == r->order[i]->sum)
				r->order[i]->packed = first.order[k]->packed;
	free(first.order);
	return rc;
}

/* --- one ------------------------------------------------------------------ */

/* Wait until there is memory for it; false: there is no time. */
static bool
begin(struct run *r, struct delta_job *j)
{
	struct deltaplan_time t = { .budget_ms = r->d->ask.time_s * 1000 };
	int threads;
	bool go;

	(void)pthread_mutex_lock(&r->lock);
	while (r->used > 0 && r->used + j->how.memory > r->d->ask.memory)
		(void)pthread_cond_wait(&r->room, &r->lock);
	t.spent_ms = clock_cpu_ms() - r->cpu_ms;
	t.done = r->done;
	t.running = r->running;
	if ((go = deltaplan_in_time(&t, j->sum->size))) {
		r->used += j->how.memory;
		r->running += j->sum->size;
	}
	/* threads that would be idle help those that are not */
	threads = r->d->threads /
	    ((size_t)r->side_by_side < r->left ? r->side_by_side
					       : (int)r->left);
	(void)pthread_mutex_unlock(&r->lock);
	delta_threads(threads < 1 ? 1 : threads);
	return go;
}

static void
end(struct run *r, const struct delta_job *j, bool began)
{
	(void)pthread_mutex_lock(&r->lock);
	r->left--;
	if (began) {
		r->used -= j->how.memory;
		r->running -= j->sum->size;
		r->done += j->sum->size;
		(void)pthread_cond_broadcast(&r->room);
	}
	(void)pthread_mutex_unlock(&r->lock);
	delta_threads(0);
	progress_add(r->progress, j->sum->size);
}

static int
make_patch(const struct run *r, const struct delta_job *j, struct err *e)
{
	AUTO_FD old = open(j->old_path, O_RDONLY | O_CLOEXEC);
	AUTO_FD new = open(j->sum->from, O_RDONLY | O_CLOEXEC);
	AUTO_FD patch =
	    open(j->patch, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct delta_make d = { .format = j->how.format,
		.old_fd = old,
		.new_fd = new,
		.patch_fd = patch,
		.memory_max = r->d->ask.memory };

	if (old < 0)
		return err_sys(e, "%s", j->old_path);
	if (new < 0)
		return err_sys(e, "%s", j->sum->from);
	if (patch < 0)
		return err_sys(e, "%s", j->patch);
	return delta_make(&d, e);
}

/* Is it worth its bytes, and right? */
static int
judge(const struct run *r, struct delta_job *j, struct err *e)
{
	int64_t size;

	if (digest_file(j->patch, j->sha256, &size, e) < 0)
		return -1;
	j->saving_bp = deltaplan_saving_bp(size, j->packed);
	if (j->saving_bp < DELTAPLAN_SAVE_BP) {
		(void)snprintf(j->how.why, sizeof(j->how.why),
		    "it would save less than %d %% of the compressed download",
		    DELTAPLAN_SAVE_BP / 100);
		return 0;
	}
	if (delta_check(j->how.format, j->old_path, j->patch,
		r->d->outdir->work, j->sum->size, j->sum->sha256, e) < 0)
		return -1;
	if ((j->max_memory = delta_patch_memory(j->patch, e)) < 0)
		return -1;
	j->size = size;
	return 0;
}

static int
run_one(void *ctx, size_t i, struct err *e)
{
	struct run *r = ctx;
	struct delta_job *j = r->order[i];
	int64_t from_ms;
	bool go = begin(r, j);
	int rc = 0;

	from_ms = clock_mono_ms();
	if (!go)
		(void)snprintf(j->how.why, sizeof(j->how.why),
		    "the time for deltas is used up");
	else if (make_patch(r, j, e) == 0)
		rc = judge(r, j, e);
	else
		rc = -1;
	j->ms = clock_mono_ms() - from_ms;
	end(r, j, go);
	if (rc == 0)
		return 0;
	if (e->kind != ERR_LIMIT)
		return err_in(
		    e, "delta to %s from %s", j->piece->path, j->from_version);
	(void)snprintf(j->how.why, sizeof(j->how.why), "%.150s", e->msg);
	e->kind = ERR_NONE;
	return 0;
}

/* --- all ------------------------------------------------------------------ */

/* Without an end of time the long ones first, so that all threads end at once;
 * else those that most machines want. */
static int
by_size(const void *a, const void *b)
{
	const struct delta_job *x = *(struct delta_job *const *)a;
	const struct delta_job *y = *(struct delta_job *const *)b;

	if (x->sum->size != y->sum->size)
		return x->sum->size > y->sum->size ? -1 : 1;
	return x < y ? -1 : x > y;
}

static int
by_share(const void *a, const void *b)
{
	const struct delta_job *x = *(struct delta_job *const *)a;
	const struct delta_job *y = *(struct delta_job *const *)b;

	if (x->share_bp != y->share_bp)
		return x->share_bp > y->share_bp ? -1 : 1;
	return x < y ? -1 : x > y;
}

static int64_t
line_up(struct run *r, int64_t *need)
{
	int64_t total = 0;

	for (size_t i = 0; i < r->d->njobs; i++) {
		struct delta_job *j = &r->d->jobs[i];

		if (j->how.format == NULL)
			continue;
		need[r->n] = j->how.memory;
		r->order[r->n++] = j;
		total += j->sum->size;
	}
	r->left = r->n;
	r->side_by_side =
	    deltaplan_side_by_side(need, r->n, r->d->threads, r->d->ask.memory);
	qsort(r->order, r->n, sizeof(struct delta_job *),
	    r->d->ask.time_s > 0 ? by_share : by_size);
	return total;
}

int
deltas_run(struct deltas *d, struct err *e)
{
	AUTO_PROGRESS progress = NULL;
	struct run r = { .d = d, .cpu_ms = clock_cpu_ms() };
	struct jobs jobs = { run_one, &r, 0, 0 };
	int64_t *need = arena_array(d->arena, d->njobs + 1, sizeof(*need), e);
	int64_t total;
	int rc;

	r.order =
	    arena_array(d->arena, d->njobs + 1, sizeof(struct delta_job *), e);
	if (need == NULL || r.order == NULL)
		return -1;
	total = line_up(&r, need);
	if (r.n == 0)
		return 0;
	if (pack(&r, e) < 0)
		return -1;
	r.progress = progress = progress_new("deltas", total);
	progress_guess(progress, total / DELTA_BYTES_PER_MS / d->threads);
	jobs.n = r.n;
	jobs.threads = r.side_by_side;
	(void)pthread_mutex_init(&r.lock, NULL);
	(void)pthread_cond_init(&r.room, NULL);
	rc = jobs_run(&jobs, e);
	(void)pthread_cond_destroy(&r.room);
	(void)pthread_mutex_destroy(&r.lock);
	return rc;
}
