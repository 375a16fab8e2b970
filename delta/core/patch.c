/*
 * Applying: tables, blocks, the expanded old file, its references; then
 * core/rebuild.c writes the new one.
 */
#include "delta/core/patch.h"

#include <stdlib.h>
#include <string.h>

#include "delta/core/expand.h"
#include "delta/core/rebuild.h"

int
patch_tables(const struct format *f, struct tables *t, struct err *e)
{
	const struct format_part *p = &f->part[FORMAT_TABLES];
	const struct coder_in none = { NULL, 0 };
	struct stream in;
	struct numbers r = { 0 };
	uint8_t *bytes;
	int failed;

	memset(t, 0, sizeof(*t));
	bytes = malloc((size_t)p->raw + 1);
	if (bytes == NULL)
		return err_set(e, ERR_SYS, "patch: out of memory");
	failed = stream_open(&in, p, FORMAT_TABLES, none, e);
	if (failed == 0) {
		stream_read(&in, bytes, (size_t)p->raw);
		r = (struct numbers){ bytes, bytes + p->raw, in.failed };
		failed = tables_read(t, f, &r, e);
	}
	stream_done(&in);
	free(bytes);
	return failed;
}

static uint64_t
streams_memory(
    const struct format *f, enum format_stream from, enum format_stream to)
{
	uint64_t total = 0;
	int s;

	for (s = from; s <= (int)to; s++)
		total += stream_memory(
		    &f->part[s], (enum format_stream)s, f->old_expanded);
	return total;
}

static uint64_t
most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

uint64_t
patch_memory(const struct format *f, const struct tables *t)
{
	const uint64_t old = f->old_expanded;
	uint64_t all, tables, blocks, map, writing;

	/* what stays, and what comes and goes in turn */
	all = sizeof(struct job) + tables_memory(t) +
	    (t->blocks + 1) * sizeof(struct block);
	tables = f->part[FORMAT_TABLES].raw + 1 +
	    streams_memory(f, FORMAT_TABLES, FORMAT_TABLES);
	blocks = streams_memory(f, FORMAT_BLOCK_SHIFT, FORMAT_LITERAL_LEN);
	map = t->sites * sizeof(uint16_t) + sites_memory(&t->old) +
	    map_memory(t->blocks, old);
	writing = refs_memory(old) + words_memory(old) + OUTPUT_MEMORY +
	    t->pages.count * (uint64_t)FORMAT_SHA256 +
	    streams_memory(f, FORMAT_SITE_RUN, FORMAT_LITERAL);
	if (t->old_ranges.n > 0)
		all += CODER_INFLATE_MEMORY;
	if (t->new_ranges.n > 0)
		writing += deflate_memory();
	map += most(map_sort_memory(t->blocks), writing);
	return all + most(tables, most(blocks, map));
}

static int
check_limits(struct job *j, struct err *e)
{
	const struct format *f = &j->f;
	uint64_t max = j->arg->memory_max;

	if (j->arg->old_size != f->old_size)
		return err_set(
		    e, ERR_INPUT, "patch: made for another old file");
	if (max > 0 && f->memory > max)
		return err_set(e, ERR_LIMIT,
		    "applying this patch takes %llu KiB",
		    (unsigned long long)(f->memory >> 10));
	if (patch_tables(f, &j->t, e) < 0)
		return -1;
	/* a block takes a byte of each stream, a site two of the file */
	if (j->t.blocks > f->part[FORMAT_BLOCK_LEN].raw ||
	    j->t.blocks > f->new_expanded || j->t.blocks >= UINT32_MAX)
		return err_set(e, ERR_INPUT, "patch: too many blocks");
	if (j->t.sites > f->old_expanded / 2)
		return err_set(e, ERR_INPUT, "patch: too many references");
	if (patch_memory(f, &j->t) > f->memory)
		return err_set(
		    e, ERR_INPUT, "patch: takes more memory than it says");
	return 0;
}

struct blocks {
	uint64_t new_at;
	uint64_t shift[2]; /* old minus new: of the last one, and before */
};

static int
block_read(struct job *j, struct blocks *s, struct block *b, struct err *e)
{
	uint64_t literal = stream_number(&j->in[FORMAT_LITERAL_LEN]);
	uint64_t len = stream_number(&j->in[FORMAT_BLOCK_LEN]);
	uint64_t code = stream_number(&j->in[FORMAT_BLOCK_SHIFT]);
	uint64_t left = j->f.new_expanded - s->new_at, shift;

	if (j->in[FORMAT_LITERAL_LEN].failed ||
	    j->in[FORMAT_BLOCK_LEN].failed || j->in[FORMAT_BLOCK_SHIFT].failed)
		return err_set(e, ERR_INPUT, "patch: blocks are damaged");
	if (literal > left || len > left - literal || len == 0)
		return err_set(
		    e, ERR_INPUT, "patch: blocks pass the end of the new file");
	shift = s->shift[code & 1] + (uint64_t)number_unzigzag(code >> 1);
	b->new = s->new_at + literal;
	b->old = b->new + shift;
	b->len = len;
	if (b->old > j->f.old_expanded || len > j->f.old_expanded - b->old)
		return err_set(
		    e, ERR_INPUT, "patch: a block outside the old file");
	s->new_at = b->new + len;
	s->shift[1] = s->shift[0];
	s->shift[0] = shift;
	return 0;
}

static int
read_blocks(struct job *j, struct err *e)
{
	struct blocks s = { 0 };
	size_t i;

	j->block = malloc(((size_t)j->t.blocks + 1) * sizeof(*j->block));
	if (j->block == NULL)
		return err_set(e, ERR_SYS, "patch: out of memory");
	if (rebuild_open(j, FORMAT_BLOCK_SHIFT, FORMAT_LITERAL_LEN, e) < 0)
		return -1;
	for (i = 0; i < j->t.blocks; i++)
		if (block_read(j, &s, &j->block[i], e) < 0)
			return -1;
	return rebuild_close(j, FORMAT_BLOCK_SHIFT, FORMAT_LITERAL_LEN, e);
}

static int
expand(struct job *j, struct err *e)
{
	const struct patch_apply *a = j->arg;
	const struct coder_out out = { a->keep, a->ctx };

	if (j->t.old_ranges.n == 0)
		return 0;
	if (a->keep == NULL || (size_t)j->f.old_expanded != j->f.old_expanded)
		return err_set(e, ERR_LIMIT,
		    "patch: there is no room here to unpack the old file");
	if (expand_write(&j->t.old_ranges,
		(struct coder_in){ a->old, a->old_size }, &out, e) < 0)
		return -1;
	j->old = a->kept(a->ctx, e);
	return j->old ? 0 : -1;
}

/* What was made goes out as it is, or deflated. */
static void
send(struct job *j)
{
	const struct coder_out out = { j->arg->write, j->arg->ctx };

	j->out.write = out.write;
	j->out.ctx = out.ctx;
	if (j->t.new_ranges.n == 0)
		return;
	repack_init(&j->repack, &j->t.new_ranges, j->f.new_size, out);
	j->out.write = repack_write;
	j->out.ctx = &j->repack;
}

static int
prepare(struct job *j, struct err *e)
{
	if (check_limits(j, e) < 0 || read_blocks(j, e) < 0 || expand(j, e) < 0)
		return -1;
	if (sites_scan(&j->sites, j->old, &j->t.old, (size_t)j->t.sites, e) < 0)
		return -1;
	if (j->sites.n != j->t.sites)
		return err_set(
		    e, ERR_INPUT, "patch: other references than it says");
	if (map_init(&j->map, j->block, (size_t)j->t.blocks, &j->t, e) < 0 ||
	    refs_init(&j->refs, &j->map, &j->sites, e) < 0 ||
	    words_init(&j->words, j->f.old_expanded, e) < 0)
		return -1;
	if (output_init(&j->out, &j->t.pages, j->f.new_expanded, e) < 0)
		return -1;
	send(j);
	j->out.sha256 = j->arg->sha256;
	return rebuild_open(j, FORMAT_SITE_RUN, FORMAT_LITERAL, e);
}

static void
job_free(struct job *j)
{
	int s;

	for (s = 0; s < FORMAT_STREAMS; s++)
		stream_done(&j->in[s]);
	output_done(&j->out);
	repack_done(&j->repack);
	words_done(&j->words);
	refs_done(&j->refs);
	map_done(&j->map);
	sites_done(&j->sites);
	tables_done(&j->t);
	free(j->block);
	free(j);
}

int
patch_apply(const struct patch_apply *a, struct err *e)
{
	struct job *j = calloc(1, sizeof(*j));
	int failed;

	if (j == NULL)
		return err_set(e, ERR_SYS, "patch: out of memory");
	j->arg = a;
	j->old = a->old;
	failed = format_read(&j->f, a->patch, a->patch_size, e);
	if (failed == 0)
		failed = prepare(j, e);
	if (failed == 0)
		failed = rebuild_write(j, e);
	job_free(j);
	return failed;
}
