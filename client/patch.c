/*
 * A delta is an optimisation: whatever goes wrong with it, the full file
 * decides.
 */
#include "client/patch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "client/libsluice.h"
#include "delta/delta.h"
#include "manifest/base/file.h"

struct stage_progress {
	struct patch *p;
	int stage;
};

static int
progressed(void *ctx, int64_t done, int64_t total)
{
	const struct stage_progress *s = ctx;

	return s->p->progress == NULL
	    ? 0
	    : s->p->progress(s->p->ctx, s->stage, done, total);
}

const struct delta_entry *
patch_choose(const struct artifact *a,
    const uint8_t installed[static SHA256_SIZE], int64_t memory)
{
	const struct delta_entry *best = NULL;

	for (size_t i = 0; i < a->ndeltas; i++) {
		const struct delta_entry *x = &a->deltas[i];

		if (memcmp(x->from_sha256, installed, SHA256_SIZE) == 0 &&
		    delta_known(x->format) && x->max_memory <= memory &&
		    x->size < a->size && (best == NULL || x->size < best->size))
			best = x;
	}
	return best;
}

static int
download(struct patch *p, int stage, const char *path, struct err *e)
{
	struct stage_progress s = { p, stage };
	struct download d = { .origin = p->origin,
		.config = p->config,
		.folder = p->folder,
		.target = role_target(p->targets, path),
		.progress = progressed,
		.ctx = &s };

	if (d.target == NULL)
		return err_set(e, ERR_AUTH, "%s is no target", path);
	return download_run(&d, e);
}

/* 1: the slot is filled; 0: no delta fits; -1: it failed. */
static int
by_delta(struct patch *p, struct err *e)
{
	struct delta_apply d = { .out_fd = p->slot->fd,
		.out_size = p->artifact->size };
	const struct delta_entry *x;
	uint8_t sum[SHA256_SIZE];
	AUTO_FD old = -1;
	AUTO_FD file = -1;
	int64_t size;

	if (p->installed == NULL || !p->config->delta ||
	    p->artifact->ndeltas == 0)
		return 0;
	old = open(p->installed, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (old < 0)
		return 0;
	/* as it is now, by the descriptor that the delta is applied to */
	if (digest_fd(old, sum, &size, NULL, NULL, e) < 0)
		return -1;
	if ((x = patch_choose(p->artifact, sum, p->config->memory)) == NULL)
		return 0;
	if ((file = download(p, SLUICE_STAGE_DELTA, x->path, e)) < 0)
		return -1;
	d.format = x->format;
	d.old_fd = old;
	d.patch_fd = file;
	d.memory_max = p->config->memory;
	memcpy(d.out_sha256, p->artifact->sha256, SHA256_SIZE);
	return delta_apply(&d, e) < 0 ? -1 : 1;
}

int
patch_run(struct patch *p, struct err *e)
{
	AUTO_FD file = -1;

	p->why = (struct err){ 0 };
	p->delta = by_delta(p, &p->why);
	if (p->delta == 1)
		return 0;
	/* stopped by the user, not broken */
	if (p->delta < 0 && p->why.kind == ERR_REFUSED) {
		*e = p->why;
		return -1;
	}
	file = download(p, SLUICE_STAGE_FULL, p->artifact->path, e);
	if (file < 0)
		return -1;
	if (p->progress != NULL &&
	    p->progress(p->ctx, SLUICE_STAGE_INSTALL, 0, 0) < 0)
		return err_set(e, ERR_REFUSED, "stopped");
	return install_copy(p->slot, file, e);
}
