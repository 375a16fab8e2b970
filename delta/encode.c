/*
 * Writing down what applying decides: the same walk, the same guesses, and for
 * each guess whether it was right.
 */
#include <stdlib.h>
#include <string.h>

#include "delta/core/refs.h"
#include "delta/core/scan.h"
#include "delta/core/walk.h"
#include "delta/core/words.h"
#include "delta/native.h"

struct encoder {
	const struct encode *arg;
	struct buf *out; /* FORMAT_STREAMS of them */
	struct refs refs;
	struct words words;
	uint64_t site_run, byte_run, word_run;
};

static void
put_number(struct encoder *c, enum format_stream s, uint64_t n)
{
	uint8_t b[NUMBER_MAX];

	buf_add(&c->out[s], b, number_write(b, n));
}

static void
put_planes(
    struct encoder *c, enum format_stream first, const uint8_t *at, int n)
{
	int i;

	for (i = 0; i < n; i++)
		buf_byte(&c->out[first + i], at[i]);
}

/* --- blocks ----------------------------------------------------------------- */

static void
encode_blocks(struct encoder *c)
{
	const struct blocks *b = c->arg->blocks;
	uint64_t at = 0, shift[2] = { 0 }, now, code[2];
	size_t i;

	for (i = 0; i < b->n; i++) {
		put_number(c, FORMAT_LITERAL_LEN, b->at[i].new - at);
		put_number(c, FORMAT_BLOCK_LEN, b->at[i].len);
		now = b->at[i].old - b->at[i].new;
		code[0] = number_zigzag((int64_t)(now - shift[0])) << 1;
		code[1] = number_zigzag((int64_t)(now - shift[1])) << 1 | 1;
		put_number(c, FORMAT_BLOCK_SHIFT,
		    code[1] < code[0] ? code[1] : code[0]);
		shift[1] = shift[0];
		shift[0] = now;
		at = b->at[i].new + b->at[i].len;
	}
}

/* --- the pieces of a block -------------------------------------------------- */

static void
encode_bytes(
    struct encoder *c, const uint8_t *old, const uint8_t *new, uint64_t len)
{
	uint64_t i;

	for (i = 0; i < len; i++) {
		if (old[i] == new[i]) {
			c->byte_run++;
			continue;
		}
		put_number(c, FORMAT_BYTE_RUN, c->byte_run);
		buf_byte(&c->out[FORMAT_BYTE], (uint8_t)(new[i] - old[i]));
		c->byte_run = 0;
	}
}

static enum words_choice
word_choice(const struct words *w, uint32_t old, uint32_t new)
{
	int i;

	for (i = 0; i < WORDS_EXPLICIT; i++)
		if (words_by(w, old, (enum words_choice)i) == new)
			break;
	return (enum words_choice)i;
}

static void
encode_words(
    struct encoder *c, const uint8_t *old, const uint8_t *new, uint64_t len)
{
	enum words_choice choice;
	uint32_t was, word;
	uint8_t b[4];
	uint64_t i;
	bool hit;

	for (i = 0; i < len; i += 4) {
		was = number_u32(old + i);
		word = number_u32(new + i);
		hit = words_guess(&c->words, was) == word;
		if (hit) {
			c->word_run++;
		} else {
			put_number(c, FORMAT_WORD_RUN, c->word_run);
			c->word_run = 0;
			choice = word_choice(&c->words, was, word);
			buf_byte(&c->out[FORMAT_WORD_CHOICE], (uint8_t)choice);
			if (choice == WORDS_EXPLICIT) {
				number_put_u32(b, word - was);
				put_planes(c, FORMAT_WORD_0, b, 4);
			}
		}
		words_note(&c->words, was, word, hit);
	}
}

static bool
puts_it(const struct ref *x, uint64_t target, const uint8_t *new)
{
	uint8_t field[8];

	refs_put(x, target, field);
	return memcmp(field, new, x->width) == 0;
}

/* The number that makes the first guess right; false: none does. */
static bool
explicit_number(const struct ref *x, const uint8_t *new, int64_t *number)
{
	uint64_t value;

	if (x->kind == SITE_A64) {
		value = a64_value(&x->a64, number_u32(new), x->va);
		/* what the field does not hold is as guessed */
		if (x->a64.form == A64_ADRP)
			value |= x->first & 0xfff;
		if (x->a64.form == A64_LOW)
			value |= x->first & ~(uint64_t)0xfff;
	} else {
		value = x->anchor + site_value(x->kind, new);
	}
	*number = (int64_t)(value - x->first);
	if (x->width <= 4)
		*number = (int32_t)(uint32_t)*number;
	else if (*number >> 39 != 0 && *number >> 39 != -1)
		return false;
	return puts_it(x, x->first + (uint64_t)*number, new);
}

/* Whether a field of __unwind_info is on another page than the last ones. */
static bool
turns_page(const struct encoder *c, const struct ref *x, uint64_t off_new)
{
	const struct image *m = &c->arg->tables->new;
	const struct region *r;
	uint64_t end;

	if (x->kind != SITE_UNWIND)
		return false;
	r = image_span(m, off_new, &end);
	return r && r->kind == REGION_UNWIND &&
	    unwind_function(c->arg->new.at, m, r, off_new) != x->anchor;
}

static enum refs_choice
ref_choice(const struct encoder *c, const struct ref *x, const uint8_t *old,
    const uint8_t *new, int64_t *number)
{
	uint64_t near;

	if (puts_it(x, x->mapped, new))
		return REFS_MAPPED;
	if (refs_near(&c->refs, x, &near) && puts_it(x, near, new))
		return REFS_NEAR;
	if (memcmp(old, new, x->width) == 0)
		return REFS_SAME;
	return explicit_number(x, new, number) ? REFS_EXPLICIT : REFS_RAW;
}

static void
encode_site(struct encoder *c, const struct walk_item *i, uint64_t off_new)
{
	const uint8_t *old = c->arg->old.at + i->off;
	const uint8_t *new = c->arg->new.at + off_new;
	enum refs_choice choice;
	int64_t number = 0;
	struct ref x;
	uint8_t b[8];

	refs_begin(&c->refs, i->region, &i->site, off_new, &x);
	if (puts_it(&x, x.first, new)) {
		c->site_run++;
		refs_hit(&c->refs, &x, new);
		return;
	}
	put_number(c, FORMAT_SITE_RUN, c->site_run);
	c->site_run = 0;
	refs_map(&c->refs, &x);
	choice = turns_page(c, &x, off_new)
	    ? REFS_RAW
	    : ref_choice(c, &x, old, new, &number);
	buf_byte(&c->out[FORMAT_SITE_CHOICE], (uint8_t)choice);
	if (choice == REFS_EXPLICIT) {
		number_put_u64(b, (uint64_t)number);
		put_planes(
		    c, FORMAT_SITE_0, b, x.width == 8 ? 5 : (int)x.width);
	} else if (choice == REFS_RAW) {
		buf_add(&c->out[FORMAT_SITE_RAW], new, x.width);
	}
	if (choice == REFS_SAME)
		refs_hit(&c->refs, &x, new);
	else if (choice == REFS_RAW)
		refs_raw(&c->refs, &x, new);
	else
		refs_miss(&c->refs, &x, new);
}

static void
encode_block(struct encoder *c, const struct block *b)
{
	const uint8_t *old = c->arg->old.at, *new = c->arg->new.at;
	struct walk_item i;
	struct walk w;
	uint64_t off;

	walk_begin(&w, c->arg->sites, b->old, b->len);
	while (walk_next(&w, &i)) {
		off = b->new + (i.off - b->old);
		switch (i.kind) {
		case WALK_BYTES:
			encode_bytes(c, old + i.off, new + off, i.len);
			break;
		case WALK_WORDS:
			encode_words(c, old + i.off, new + off, i.len);
			break;
		case WALK_SITE:
			encode_site(c, &i, off);
			break;
		}
	}
}

static void
encode_all(struct encoder *c)
{
	const struct blocks *b = c->arg->blocks;
	const uint8_t *new = c->arg->new.at;
	uint64_t at = 0;
	size_t i;

	encode_blocks(c);
	for (i = 0; i < b->n; i++) {
		buf_add(&c->out[FORMAT_LITERAL], new + at, b->at[i].new - at);
		encode_block(c, &b->at[i]);
		at = b->at[i].new + b->at[i].len;
	}
	buf_add(&c->out[FORMAT_LITERAL], new + at, c->arg->new.len - at);
}

static int
encode_tables(const struct tables *t, struct buf *out, struct err *e)
{
	uint8_t *at = malloc(tables_room(t));
	size_t n;

	if (at == NULL)
		return err_sys(e, "encoding");
	n = tables_write(t, at);
	buf_add(out, at, n);
	free(at);
	if (n > FORMAT_TABLES_MAX)
		return err_set(e, ERR_LIMIT, "too many ranges or regions");
	return buf_ok(out, e);
}

int
encode_streams(
    const struct encode *a, struct buf out[FORMAT_STREAMS], struct err *e)
{
	struct encoder c = { .arg = a, .out = out };
	int failed, s;

	if (encode_tables(a->tables, &out[FORMAT_TABLES], e) < 0)
		return -1;
	failed = refs_init(&c.refs, a->map, a->sites, e);
	if (failed == 0)
		failed = words_init(&c.words, a->old.len, e);
	if (failed == 0)
		encode_all(&c);
	refs_done(&c.refs);
	words_done(&c.words);
	for (s = 0; s < FORMAT_STREAMS && failed == 0; s++)
		failed = buf_ok(&out[s], e);
	return failed;
}
