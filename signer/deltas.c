/*
 * Making deltas side by side.
 */
#include "signer/deltas.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "delta/delta.h"
#include "manifest/base/file.h"
#include "manifest/base/text.h"
#include "manifest/cohort.h"
#include "signer/jobs.h"
#include "signer/progress.h"
#include "signer/verbs.h"

struct making {
	struct deltas *d;
	struct progress *progress;
	int64_t memory_max; /* per job */
};

/* --- the old files ------------------------------------------------------- */

/* A local copy of an old artifact, from the work folder or the source. */
static int
fetch_old(struct deltas *d, struct delta_job *j, struct err *e)
{
	struct publication_file f = { .size = j->old->size };
	struct target t = { .path = j->old->path, .length = j->old->size };
	char hex[SHA256_HEX_SIZE], *path, *local;
	uint8_t sum[SHA256_SIZE];
	int64_t size;

	memcpy(t.sha256, j->old->sha256, SHA256_SIZE);
	memcpy(f.sha256, j->old->sha256, SHA256_SIZE);
	hex_write(hex, j->old->sha256, SHA256_SIZE);
	if ((path = role_path(d->arena, &t, e)) == NULL ||
	    (local = file_path(d->arena, e, d->outdir->work, hex)) == NULL)
		return -1;
	f.path = arena_printf(d->arena, e, "targets/%s", path);
	if (f.path == NULL)
		return -1;
	if (file_exists(local) && digest_file(local, sum, &size, e) == 0 &&
	    memcmp(sum, f.sha256, sizeof(sum)) == 0) {
		j->old_path = local;
		return 0;
	}
	if (source_copy(&d->previous->source, &f, local, e) == 0) {
		j->old_path = local;
		return 0;
	}
	if (e->kind != ERR_MISSING)
		return -1;
	(void)snprintf(j->why, sizeof(j->why), "its bytes are not at hand");
	return 0;
}

static bool
wanted(const struct deltas *d, const struct delta_job *j)
{
	if (j->old == NULL ||
	    memcmp(j->old->sha256, j->sum->sha256, SHA256_SIZE) == 0)
		return false;
	for (size_t i = 0; i < d->njobs; i++) {
		const struct delta_job *o = &d->jobs[i];

		if (o->piece == j->piece &&
		    memcmp(o->old->sha256, j->old->sha256, SHA256_SIZE) == 0)
			return false;
	}
	return true;
}

static int
plan_jobs(struct deltas *d, struct err *e)
{
	d->jobs = arena_array(
	    d->arena, d->pieces->n * d->nfrom + 1, sizeof(*d->jobs), e);
	if (d->jobs == NULL)
		return -1;
	for (size_t i = 0; i < d->pieces->n; i++) {
		const struct piece *x = &d->pieces->list[i];

		for (size_t k = 0; x->os != NULL && k < d->nfrom; k++) {
			struct delta_job j = { .piece = x };

			j.sum = &d->pieces->sums[i];
			j.from = d->from[k];
			j.old = manifest_artifact(j.from, x->os, x->arch);
			if (!wanted(d, &j))
				continue;
			j.patch = arena_printf(d->arena, e, "%s/patch-%zu",
			    d->outdir->work, d->njobs);
			if (j.patch == NULL || fetch_old(d, &j, e) < 0)
				return -1;
			d->jobs[d->njobs++] = j;
		}
	}
	return 0;
}

/* --- making -------------------------------------------------------------- */

static int
make_patch(const struct making *m, const struct delta_job *j, struct err *e)
{
	AUTO_FD old = open(j->old_path, O_RDONLY | O_CLOEXEC);
	AUTO_FD new = open(j->sum->from, O_RDONLY | O_CLOEXEC);
	AUTO_FD patch =
	    open(j->patch, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct delta_make d = { DELTA_BSDIFF40, old, new, patch,
		m->memory_max };

	if (old < 0)
		return err_sys(e, "%s", j->old_path);
	if (new < 0)
		return err_sys(e, "%s", j->sum->from);
	if (patch < 0)
		return err_sys(e, "%s", j->patch);
	return delta_make(&d, e);
}

static int
run_one(void *ctx, size_t i, struct err *e)
{
	struct making *m = ctx;
	struct delta_job *j = &m->d->jobs[i];
	int64_t size;

	if (j->old_path == NULL)
		return 0;
	if (make_patch(m, j, e) < 0) {
		if (e->kind != ERR_LIMIT)
			return err_in(e, "delta to %s", j->piece->path);
		(void)snprintf(j->why, sizeof(j->why), "%.150s", e->msg);
		e->kind = ERR_NONE;
		return 0;
	}
	progress_add(m->progress, j->sum->size);
	if (digest_file(j->patch, j->sha256, &size, e) < 0)
		return -1;
	if (size > j->sum->size / BP_ALL * (BP_ALL - DELTAS_SAVE_BP) +
		j->sum->size % BP_ALL * (BP_ALL - DELTAS_SAVE_BP) / BP_ALL) {
		(void)snprintf(j->why, sizeof(j->why),
		    "it would save less than %d %%", DELTAS_SAVE_BP / 100);
		return 0;
	}
	if (delta_check(DELTA_BSDIFF40, j->old_path, j->patch,
		m->d->outdir->work, j->sum->size, j->sum->sha256, e) < 0)
		return err_in(
		    e, "delta to %s from %s", j->piece->path, j->from->version);
	j->size = size;
	return 0;
}

static char *
delta_path(const struct deltas *d, const struct delta_job *j, struct err *e)
{
	return arena_printf(d->arena, e, "%s.from-%s." DELTA_BSDIFF40,
	    j->piece->path, j->from->version);
}

static int
keep(struct deltas *d, const struct delta_job *j, struct err *e)
{
	struct target t = { .path = delta_path(d, j, e), .length = j->size };
	char *path, *full;

	memcpy(t.sha256, j->sha256, SHA256_SIZE);
	if (t.path == NULL || (path = role_path(d->arena, &t, e)) == NULL ||
	    (path = arena_printf(d->arena, e, "targets/%s", path)) == NULL ||
	    (full = outdir_path(d->outdir, path, e)) == NULL)
		return -1;
	return file_copy(j->patch, full, 0644, e);
}

static int64_t
memory_each(int threads)
{
	int64_t all = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);

	return all / 4 * 3 / threads;
}

int
deltas_make(struct deltas *d, struct err *e)
{
	struct making m = { d, NULL, 0 };
	struct jobs jobs = { run_one, &m, 0, d->threads };
	AUTO_PROGRESS progress = NULL;
	int64_t total = 0;

	if (plan_jobs(d, e) < 0)
		return -1;
	for (size_t i = 0; i < d->njobs; i++)
		total += d->jobs[i].old_path == NULL ? 0 : d->jobs[i].sum->size;
	jobs.n = d->njobs;
	if (d->njobs > 0 && jobs.threads > (int)d->njobs)
		jobs.threads = (int)d->njobs;
	m.memory_max = memory_each(jobs.threads);
	m.progress = progress = progress_new("deltas", total);
	if (jobs_run(&jobs, e) < 0)
		return -1;
	for (size_t i = 0; i < d->njobs; i++) {
		const struct delta_job *j = &d->jobs[i];

		if (j->size == 0)
			verbs_say("no delta to %s from %s: %s", j->piece->path,
			    j->from->version, j->why);
		else if (keep(d, j, e) < 0)
			return -1;
		/* the work folder may be one that stays */
		(void)unlink(j->patch);
	}
	return 0;
}

int
deltas_of(const struct deltas *d, const struct piece *piece,
    const struct delta_entry **out, size_t *n, struct err *e)
{
	struct delta_entry *list =
	    arena_array(d->arena, d->njobs + 1, sizeof(*list), e);

	if (list == NULL)
		return -1;
	*n = 0;
	for (size_t i = 0; i < d->njobs; i++) {
		const struct delta_job *j = &d->jobs[i];
		struct delta_entry *x = &list[*n];

		if (j->piece != piece || j->size == 0)
			continue;
		x->from_seq = j->from->seq;
		x->from_version = j->from->version;
		memcpy(x->from_sha256, j->old->sha256, SHA256_SIZE);
		x->format = DELTA_BSDIFF40;
		if ((x->path = delta_path(d, j, e)) == NULL)
			return -1;
		x->size = j->size;
		memcpy(x->sha256, j->sha256, SHA256_SIZE);
		x->max_memory = delta_apply_memory(
		    DELTA_BSDIFF40, j->old->size, j->sum->size);
		(*n)++;
	}
	*out = list;
	return 0;
}
