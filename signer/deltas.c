/*
 * Which deltas there will be: pairs, old files, names.
 */
#include "signer/deltas.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "delta/delta.h"
#include "manifest/base/file.h"
#include "manifest/base/text.h"
#include "manifest/cohort.h"

struct deltas_ask
deltas_ask_default(void)
{
	int64_t all = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);

	return (struct deltas_ask){ .formats = DELTAPLAN_SLUICE,
		.memory = all / 2,
		.share_bp = DELTAPLAN_SHARE_BP };
}

/* --- pairs ---------------------------------------------------------------- */

/* Another release had the same bytes for this platform. */
static bool
again(const struct deltas *d, const struct delta_job *j)
{
	for (size_t i = 0; i < d->njobs; i++) {
		const struct delta_job *o = &d->jobs[i];

		if (o->piece == j->piece && o->old != NULL &&
		    memcmp(o->old->sha256, j->old->sha256, SHA256_SIZE) == 0)
			return true;
	}
	return false;
}

static size_t
deltas_to(const struct deltas *d, const struct piece *piece)
{
	size_t n = 0;

	for (size_t i = 0; i < d->njobs; i++)
		n += d->jobs[i].piece == piece && d->jobs[i].how.format != NULL;
	return n;
}

/* One job for each format of a pair. */
static int
add_pair(struct deltas *d, struct delta_job j, struct err *e)
{
	struct deltaplan_pair pair = { .old_size = j.old->size,
		.new_size = j.sum->size,
		.native = delta_file_memory(
		    DELTA_SLUICE1, j.old->size, j.sum->from, e),
		.memory = d->ask.memory,
		.formats = d->ask.formats };

	if (pair.native < 0)
		return -1;

	for (int n = 0; deltaplan_format(&pair, n, &j.how); n++) {
		if (j.how.format != NULL &&
		    deltas_to(d, j.piece) >= MANIFEST_DELTAS_MAX) {
			j.how.format = NULL;
			(void)snprintf(j.how.why, sizeof(j.how.why),
			    "a manifest has room for %d", MANIFEST_DELTAS_MAX);
		}
		j.patch = arena_printf(
		    d->arena, e, "%s/patch-%zu", d->outdir->work, d->njobs);
		if (j.patch == NULL)
			return -1;
		d->jobs[d->njobs++] = j;
	}
	return 0;
}

static int
pair(struct deltas *d, const struct deltas_base *b, size_t piece, struct err *e)
{
	const struct piece *x = &d->pieces->list[piece];
	struct delta_job j = { .piece = x,
		.sum = &d->pieces->sums[piece],
		.from = b->m,
		.from_version = b->m->version };

	if (x->os == NULL)
		return 0;
	j.old = manifest_artifact(b->m, x->os, x->arch);
	j.share_bp =
	    versions_share_bp(&d->versions, b->m->version, x->os, x->arch);
	if (j.old == NULL ||
	    !deltaplan_base(b->kept, j.share_bp, d->ask.share_bp) ||
	    memcmp(j.old->sha256, j.sum->sha256, SHA256_SIZE) == 0 ||
	    again(d, &j))
		return 0;
	return add_pair(d, j, e);
}

static bool
at_hand(const struct deltas *d, const char *version)
{
	for (size_t i = 0; i < d->nbases; i++)
		if (strcmp(d->bases[i].m->version, version) == 0)
			return true;
	return strcmp(d->pieces->version, version) == 0;
}

/* Releases that many machines run and that cannot be had: to be told. */
static void
missing(struct deltas *d, size_t piece)
{
	const struct piece *x = &d->pieces->list[piece];

	for (size_t i = 0; x->os != NULL && i < d->versions.n; i++) {
		const struct versions_row *r = &d->versions.rows[i];
		struct delta_job j = { .piece = x,
			.sum = &d->pieces->sums[piece],
			.from_version = r->version };

		if (strcmp(r->os, x->os) != 0 ||
		    strcmp(r->arch, x->arch) != 0 || *r->version == '\0' ||
		    at_hand(d, r->version))
			continue;
		j.share_bp =
		    versions_share_bp(&d->versions, r->version, x->os, x->arch);
		if (!deltaplan_base(false, j.share_bp, d->ask.share_bp))
			continue;
		(void)snprintf(j.how.why, sizeof(j.how.why),
		    "the publication before does not have it");
		d->jobs[d->njobs++] = j;
	}
}

static int
plan(struct deltas *d, struct err *e)
{
	size_t room = d->pieces->n * (2 * d->nbases + d->versions.n) + 1;

	d->jobs = arena_array(d->arena, room, sizeof(*d->jobs), e);
	if (d->jobs == NULL)
		return -1;
	for (size_t b = 0; b < d->nbases; b++) {
		for (size_t i = 0; i < d->pieces->n; i++)
			if (pair(d, &d->bases[b], i, e) < 0)
				return -1;
	}
	for (size_t i = 0; i < d->pieces->n; i++)
		missing(d, i);
	return 0;
}

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
	e->kind = ERR_NONE;
	j->how.format = NULL;
	(void)snprintf(
	    j->how.why, sizeof(j->how.why), "its bytes are not at hand");
	return 0;
}

/* --- results -------------------------------------------------------------- */

static char *
delta_path(const struct deltas *d, const struct delta_job *j, struct err *e)
{
	return arena_printf(d->arena, e, "%s.from-%s.%s", j->piece->path,
	    j->from_version, deltaplan_ending(j->how.format));
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

int
deltas_make(struct deltas *d, struct err *e)
{
	if (d->ask.list != NULL &&
	    versions_read(&d->versions, d->ask.list, d->channel, d->arena, e) <
		0)
		return -1;
	if (plan(d, e) < 0)
		return -1;
	for (size_t i = 0; i < d->njobs; i++)
		if (d->jobs[i].how.format != NULL &&
		    fetch_old(d, &d->jobs[i], e) < 0)
			return -1;
	if (deltas_run(d, e) < 0)
		return -1;
	for (size_t i = 0; i < d->njobs; i++) {
		const struct delta_job *j = &d->jobs[i];

		if (j->size != 0 && keep(d, j, e) < 0)
			return -1;
		/* the work folder may be one that stays */
		if (j->patch != NULL)
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
		x->format = j->how.format;
		if ((x->path = delta_path(d, j, e)) == NULL)
			return -1;
		x->size = j->size;
		memcpy(x->sha256, j->sha256, SHA256_SIZE);
		x->max_memory = j->max_memory;
		(*n)++;
	}
	*out = list;
	return 0;
}
