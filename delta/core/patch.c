/*
 * Applying: tables, blocks, references of old, then new from its first byte to
 * its last.
 */
#include "delta/core/patch.h"

#include <stdlib.h>
#include <string.h>

#include "delta/core/expand.h"
#include "delta/core/map.h"
#include "delta/core/output.h"
#include "delta/core/refs.h"
#include "delta/core/repack.h"
#include "delta/core/sites.h"
#include "delta/core/stream.h"
#include "delta/core/walk.h"
#include "delta/core/words.h"

struct job {
	const struct patch_apply *arg;
	const uint8_t *old; /* expanded */
	struct format f;
	struct tables t;
	struct block *block; /* owned */
	struct sites sites;
	struct map map;
	struct refs refs;
	struct words words;
	struct stream in[FORMAT_STREAMS];
	struct output out;
	struct repack repack;
	uint64_t site_run, byte_run, word_run; /* until the next exception */
};

/* --- before anything is written -------------------------------------------- */

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

uint64_t
patch_memory(const struct format *f, const struct tables *t)
{
	uint64_t total = sizeof(struct job) + OUTPUT_MEMORY;
	int s;

	total += f->part[FORMAT_TABLES].raw + 1 + tables_memory(t);

	for (s = 0; s < FORMAT_STREAMS; s++)
		total += stream_memory(&f->part[s], (enum format_stream)s);
	total += (t->blocks + 1) * sizeof(struct block);
	total += map_memory(t->blocks, f->old_expanded);
	total += t->sites * sizeof(uint16_t) + sites_memory(&t->old);
	total += refs_memory(f->old_expanded) + words_memory(f->old_expanded);
	if (t->old_ranges.n > 0)
		total += CODER_INFLATE_MEMORY;
	if (t->new_ranges.n > 0)
		total += deflate_memory();
	return total + t->pages.count * (uint64_t)FORMAT_SHA256;
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
	/* a block takes a byte of each stream, a site four of the file */
	if (j->t.blocks > f->part[FORMAT_BLOCK_LEN].raw ||
	    j->t.blocks > f->new_expanded || j->t.blocks >= UINT32_MAX)
		return err_set(e, ERR_INPUT, "patch: too many blocks");
	if (j->t.sites > f->old_expanded / 4)
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
open_streams(struct job *j, enum format_stream from, enum format_stream to,
    struct err *e)
{
	const struct coder_in preset = stream_preset(j->old, &j->t.old);
	int s;

	for (s = from; s <= (int)to; s++)
		if (stream_open(&j->in[s], &j->f.part[s], (enum format_stream)s,
			preset, e) < 0)
			return -1;
	return 0;
}

static int
close_streams(struct job *j, enum format_stream from, enum format_stream to,
    struct err *e)
{
	int s;

	for (s = from; s <= (int)to; s++) {
		if (!stream_ended(&j->in[s]))
			return err_set(e, ERR_INPUT,
			    "patch: stream %s is damaged or too long",
			    format_names[s]);
		stream_done(&j->in[s]);
	}
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
	if (open_streams(j, FORMAT_BLOCK_SHIFT, FORMAT_LITERAL_LEN, e) < 0)
		return -1;
	for (i = 0; i < j->t.blocks; i++)
		if (block_read(j, &s, &j->block[i], e) < 0)
			return -1;
	return close_streams(j, FORMAT_BLOCK_SHIFT, FORMAT_LITERAL_LEN, e);
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
	return open_streams(j, FORMAT_SITE_RUN, FORMAT_LITERAL, e);
}

/* --- the pieces of a block -------------------------------------------------- */

static void
next_bytes(struct job *j)
{
	j->byte_run = stream_run(&j->in[FORMAT_BYTE_RUN]);
}

static int
put_bytes(struct job *j, const uint8_t *old, uint64_t len, struct err *e)
{
	uint64_t n;
	uint8_t b;

	while (len > 0) {
		n = len < j->byte_run ? len : j->byte_run;
		if (output_add(&j->out, old, n, e) < 0)
			return -1;
		old += n;
		len -= n;
		j->byte_run -= n;
		if (len == 0)
			break;
		b = (uint8_t)(*old++ + stream_byte(&j->in[FORMAT_BYTE]));
		if (output_add(&j->out, &b, 1, e) < 0)
			return -1;
		len--;
		next_bytes(j);
	}
	return 0;
}

static uint32_t
explicit_word(struct job *j)
{
	uint8_t b[4];
	int i;

	for (i = 0; i < 4; i++)
		b[i] = stream_byte(&j->in[FORMAT_WORD_0 + i]);
	return number_u32(b);
}

static uint32_t
word_exception(struct job *j, uint32_t old)
{
	uint8_t c = stream_byte(&j->in[FORMAT_WORD_CHOICE]);
	uint32_t word;

	j->word_run = stream_run(&j->in[FORMAT_WORD_RUN]);
	if (c >= WORDS_CHOICES)
		j->in[FORMAT_WORD_CHOICE].failed = true;
	word = c == WORDS_EXPLICIT
	    ? old + explicit_word(j)
	    : words_by(&j->words, old, (enum words_choice)c);
	words_note(&j->words, old, word, false);
	return word;
}

static int
put_words(struct job *j, const uint8_t *old, uint64_t len, struct err *e)
{
	uint32_t was, word;
	uint64_t n, i;
	uint8_t *to;

	for (; len > 0; len -= n, old += n) {
		to = output_room(&j->out, 4, &n, e);
		if (to == NULL)
			return -1;
		n = (len < n ? len : n) & ~(uint64_t)3;
		for (i = 0; i < n; i += 4) {
			was = number_u32(old + i);
			if (j->word_run > 0) {
				j->word_run--;
				word = words_guess(&j->words, was);
				words_note(&j->words, was, word, true);
			} else {
				word = word_exception(j, was);
			}
			number_put_u32(to + i, word);
		}
		output_took(&j->out, n);
	}
	return 0;
}

/* The number of a reference with an explicit target. */
static uint64_t
explicit_target(struct job *j, unsigned width)
{
	uint64_t high;
	uint8_t b[4];
	int i;

	for (i = 0; i < 4; i++)
		b[i] = stream_byte(&j->in[FORMAT_SITE_0 + i]);
	if (width == 4)
		return number_s32(b);
	high = (uint64_t)(int8_t)stream_byte(&j->in[FORMAT_SITE_4]);
	return (high << 32) + number_u32(b);
}

/* A reference that is not as guessed. */
static void
site_exception(struct job *j, struct ref *x, const uint8_t *old, uint8_t *field)
{
	uint8_t c = stream_byte(&j->in[FORMAT_SITE_CHOICE]);
	uint64_t target;

	j->site_run = stream_run(&j->in[FORMAT_SITE_RUN]);
	refs_map(&j->refs, x);
	target = x->mapped;
	switch (c) {
	case REFS_SAME:
		memcpy(field, old, x->width);
		refs_hit(&j->refs, x, field);
		return;
	case REFS_RAW:
		stream_read(&j->in[FORMAT_SITE_RAW], field, x->width);
		refs_miss(&j->refs, x, field);
		return;
	case REFS_MAPPED:
		break;
	case REFS_NEAR:
		(void)refs_near(&j->refs, x, &target);
		break;
	case REFS_EXPLICIT:
		target = x->first + explicit_target(j, x->width);
		break;
	default:
		j->in[FORMAT_SITE_CHOICE].failed = true;
	}
	refs_put(x, target, field);
	refs_miss(&j->refs, x, field);
}

static int
put_site(
    struct job *j, const struct walk_item *i, uint64_t off_new, struct err *e)
{
	uint8_t *field;
	struct ref x;
	uint64_t n;

	field = output_room(&j->out, (size_t)i->len, &n, e);
	if (field == NULL)
		return -1;
	refs_begin(&j->refs, i->region, &i->site, off_new, &x);
	if (j->site_run > 0) {
		j->site_run--;
		refs_put(&x, x.first, field);
		refs_hit(&j->refs, &x, field);
	} else {
		site_exception(j, &x, j->old + i->off, field);
	}
	output_took(&j->out, i->len);
	return 0;
}

static int
put_block(struct job *j, const struct block *b, struct err *e)
{
	const uint8_t *old = j->old;
	struct walk_item i;
	struct walk w;
	int failed = 0;

	walk_begin(&w, &j->sites, b->old, b->len);
	while (failed == 0 && walk_next(&w, &i)) {
		switch (i.kind) {
		case WALK_BYTES:
			failed = put_bytes(j, old + i.off, i.len, e);
			break;
		case WALK_WORDS:
			failed = put_words(j, old + i.off, i.len, e);
			break;
		case WALK_SITE:
			failed = put_site(j, &i, b->new + (i.off - b->old), e);
			break;
		}
	}
	return failed;
}

static int
put_literal(struct job *j, uint64_t len, struct err *e)
{
	struct stream *in = &j->in[FORMAT_LITERAL];
	uint8_t *to;
	uint64_t n;

	for (; len > 0; len -= n) {
		to = output_room(&j->out, 1, &n, e);
		if (to == NULL)
			return -1;
		n = len < n ? len : n;
		stream_read(in, to, (size_t)n);
		if (in->failed)
			return err_set(
			    e, ERR_INPUT, "patch: literals are damaged");
		output_took(&j->out, n);
	}
	return 0;
}

static int
write_new(struct job *j, struct err *e)
{
	const struct block *b = j->block, *end = b + j->t.blocks;
	uint64_t at = 0;

	j->site_run = stream_run(&j->in[FORMAT_SITE_RUN]);
	j->word_run = stream_run(&j->in[FORMAT_WORD_RUN]);
	next_bytes(j);
	for (; b < end; b++) {
		if (put_literal(j, b->new - at, e) < 0 ||
		    put_block(j, b, e) < 0)
			return -1;
		at = b->new + b->len;
	}
	if (put_literal(j, j->f.new_expanded - at, e) < 0 ||
	    close_streams(j, FORMAT_SITE_RUN, FORMAT_LITERAL, e) < 0)
		return -1;
	if (output_end(&j->out, e) < 0)
		return -1;
	return j->t.new_ranges.n > 0 ? repack_end(&j->repack, e) : 0;
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
		failed = write_new(j, e);
	job_free(j);
	return failed;
}
