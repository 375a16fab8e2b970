/*
 * Rebuilding new.
 */
#include "delta/core/rebuild.h"

#include <string.h>

#include "delta/core/walk.h"

int
rebuild_open(struct job *j, enum format_stream from, enum format_stream to,
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

int
rebuild_close(struct job *j, enum format_stream from, enum format_stream to,
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
	uint8_t b[4] = { 0 };
	int i;

	for (i = 0; i < 4 && i < (int)width; i++)
		b[i] = stream_byte(&j->in[FORMAT_SITE_0 + i]);
	if (width <= 4)
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
		refs_raw(&j->refs, x, field);
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

int
rebuild_write(struct job *j, struct err *e)
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
	    rebuild_close(j, FORMAT_SITE_RUN, FORMAT_LITERAL, e) < 0)
		return -1;
	if (output_end(&j->out, e) < 0)
		return -1;
	return j->t.new_ranges.n > 0 ? repack_end(&j->repack, e) : 0;
}
