/*
 * Digests and deltas of a publication directory.
 */
#include "signer/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delta/delta.h"
#include "manifest/base/file.h"
#include "manifest/trust.h"
#include "signer/jobs.h"
#include "signer/sums.h"

struct apply_job {
	const struct artifact *artifact;
	const struct delta_entry *delta;
	const char *old, *patch;
};

struct applying {
	struct apply_job *jobs;
	const char *dir;
};

static const char *
local(const struct check *c, const char *path, int64_t size,
    const uint8_t sha256[static SHA256_SIZE], struct arena *a, struct err *e)
{
	struct target t = { .path = path, .length = size };
	char *name;

	memcpy(t.sha256, sha256, SHA256_SIZE);
	if ((name = role_path(a, &t, e)) == NULL)
		return NULL;
	return arena_printf(a, e, "%s/targets/%s", c->source->dir, name);
}

/* --- digests -------------------------------------------------------------- */

static int
digests(struct check *c, struct arena *a, struct err *e)
{
	const struct publication_file *files;
	size_t n;
	struct sums_file *sums;
	const struct publication_file **of;

	if (publication_files(c->pub, a, &files, &n, e) < 0)
		return -1;
	sums = arena_array(a, n, sizeof(*sums), e);
	of = arena_array(a, n, sizeof(*of), e);
	if (sums == NULL || of == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (files[i].document)
			continue; /* publication_load has read them */
		if (!source_has(c->source, files[i].path)) {
			if (c->complete || (files[i].rungs & 2) != 0)
				return err_set(e, ERR_MISSING,
				    "%s: %s is missing", c->source->where,
				    files[i].path);
			c->absent++;
			continue;
		}
		of[c->files] = &files[i];
		sums[c->files].from =
		    file_path(a, e, c->source->dir, files[i].path);
		if (sums[c->files++].from == NULL)
			return -1;
	}
	if (sums_run(sums, c->files, c->threads, e) < 0)
		return -1;
	for (size_t i = 0; i < c->files; i++) {
		c->bytes += sums[i].size;
		if (sums[i].size != of[i]->size ||
		    memcmp(sums[i].sha256, of[i]->sha256, SHA256_SIZE) != 0)
			return err_set(e, ERR_AUTH,
			    "%s: other bytes than were signed", sums[i].from);
	}
	return 0;
}

/* --- deltas --------------------------------------------------------------- */

/* The file that a delta starts from, if this folder has it. */
static const char *
old_file(const struct check *c, const struct delta_entry *d,
    const struct artifact *x, struct arena *a, struct err *e)
{
	for (int i = 0; i < c->pub->nrungs; i++) {
		const struct manifest *m = c->pub->rungs[i].manifest;
		const struct artifact *o;
		const char *path;

		if (m->seq != d->from_seq)
			continue;
		o = manifest_artifact(m, x->os, x->arch);
		if (o == NULL ||
		    memcmp(o->sha256, d->from_sha256, SHA256_SIZE) != 0)
			return NULL;
		path = local(c, o->path, o->size, o->sha256, a, e);
		return path != NULL && file_exists(path) ? path : NULL;
	}
	return NULL;
}

static int
apply_one(void *ctx, size_t i, struct err *e)
{
	struct applying *p = ctx;
	const struct apply_job *j = &p->jobs[i];

	if (delta_check(j->delta->format, j->old, j->patch, p->dir,
		j->artifact->size, j->artifact->sha256, e) < 0)
		return err_in(e, "%s", j->delta->path);
	return 0;
}

static int
collect(struct check *c, const struct manifest *m, struct apply_job *jobs,
    struct arena *a, struct err *e)
{
	for (size_t i = 0; i < m->nartifacts; i++) {
		const struct artifact *x = &m->artifacts[i];

		for (size_t k = 0; k < x->ndeltas; k++) {
			const struct delta_entry *d = &x->deltas[k];
			struct apply_job j = { x, d, old_file(c, d, x, a, e),
				local(c, d->path, d->size, d->sha256, a, e) };

			if (j.old == NULL || j.patch == NULL ||
			    !file_exists(j.patch))
				c->unapplied++;
			else
				jobs[c->applied++] = j;
		}
	}
	return 0;
}

static int
deltas(struct check *c, struct arena *a, struct err *e)
{
	int places = 3 + c->pub->ladder.ngood;
	const char *tmp = getenv("TMPDIR");
	struct applying p = { NULL, tmp != NULL ? tmp : "/var/tmp" };
	struct jobs jobs = { apply_one, &p, 0, c->threads };

	p.jobs = arena_array(a,
	    (size_t)places * MANIFEST_ARTIFACTS_MAX * MANIFEST_DELTAS_MAX,
	    sizeof(*p.jobs), e);
	if (p.jobs == NULL)
		return -1;
	for (int i = 0; i < places && i < c->pub->nrungs; i++) {
		/* halt and the first rollback repeat hold's release */
		if (i == 2 || (i == 3 && c->pub->ladder.ngood > 0))
			continue;
		if (collect(c, c->pub->rungs[i].manifest, p.jobs, a, e) < 0)
			return -1;
	}
	jobs.n = c->applied;
	return jobs_run(&jobs, e);
}

int
check_run(struct check *c, struct arena *a, struct err *e)
{
	c->files = c->absent = c->applied = c->unapplied = 0;
	c->bytes = 0;
	if (digests(c, a, e) < 0)
		return -1;
	return c->deltas ? deltas(c, a, e) : 0;
}

int
check_timestamp(
    const struct check *c, int64_t now_s, struct arena *a, struct err *e)
{
	struct bytes file;
	const struct role *t;
	const struct metafile *m;
	int index;

	if (!source_has(c->source, "timestamp.json"))
		return 0;
	if (source_read(c->source, "timestamp.json", ROLE_TIMESTAMP_MAX, a,
		&file, e) < 0)
		return -1;
	t = role_read(a, ROLE_TIMESTAMP, file, ROLE_STRICT, e);
	if (t == NULL || role_verify(t, c->pub->root, NULL, true, e) < 0)
		return err_in(e, "timestamp.json");
	m = role_meta(t, "snapshot.json");
	index = m == NULL ? -1 : ladder_index(&c->pub->ladder, m->version);
	if (index < 0)
		return err_set(e, ERR_REFUSED,
		    "timestamp.json names no rung of this publication");
	if (metafile_check(m, c->pub->rungs[index].snapshot->file, e) < 0)
		return err_in(e, "timestamp.json");
	if (t->expires_s <= now_s)
		return err_set(e, ERR_REFUSED, "timestamp.json has expired");
	return 1;
}
