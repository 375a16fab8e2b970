/*
 * Fuzz target: applying and describing patches of the native format.  An input
 * is an old file and its patch (pieces.h); they are mutated stream by stream,
 * unpacked, and table by table.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "delta/native.h"
#include "manifest/base/buf.h"
#include "manifest/base/file.h"
#include "tests/fuzz/pieces.h"

#define FILE_MAX    ((uint64_t)1 << 18)
#define NUMBERS_MAX 8192

/* --- the target ------------------------------------------------------------- */

struct host {
	uint64_t left; /* bytes that may still be written */
	uint8_t *kept; /* owned; exactly as long as it may be */
	size_t n, room;
};

static int
count(void *ctx, const uint8_t *at, size_t len, struct err *e)
{
	struct host *h = ctx;

	(void)at;
	(void)e;
	if (len > h->left)
		abort();
	h->left -= len;
	return 0;
}

static int
keep(void *ctx, const uint8_t *at, size_t len, struct err *e)
{
	struct host *h = ctx;

	(void)e;
	if (len > h->room - h->n)
		abort();
	memcpy(h->kept + h->n, at, len);
	h->n += len;
	return 0;
}

static const uint8_t *
kept(void *ctx, struct err *e)
{
	struct host *h = ctx;

	(void)e;
	if (h->n != h->room)
		abort();
	return h->kept;
}

static void
apply(const uint8_t *at, size_t split, size_t len)
{
	struct host h = { 0 };
	struct patch_apply a = { .old = PIECES_OLD(at),
		.old_size = split - 4,
		.patch = at + split,
		.patch_size = len - split,
		.memory_max = 1 << 28,
		.write = count,
		.keep = keep,
		.kept = kept,
		.ctx = &h };
	struct format f;
	struct err e;

	if (format_read(&f, a.patch, a.patch_size, &e) < 0 ||
	    f.new_size > FILE_MAX || f.old_expanded > FILE_MAX)
		return;
	h.left = f.new_size;
	h.room = (size_t)f.old_expanded;
	h.kept = malloc(h.room + (h.room == 0));
	if (h.kept == NULL)
		abort();
	if (patch_apply(&a, &e) == 0 && h.left != 0)
		abort();
	free(h.kept);
}

static void
inspect(const uint8_t *patch, size_t len)
{
	AUTO_FD fd = mutate_file(patch, len);
	AUTO_BUF text;
	struct err e;

	buf_init(&text, 1 << 20);
	(void)!native_inspect(fd, &text, &e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	size_t split = pieces_split(at, len);

	if (split == 0)
		return -1;
	/* for packing, below: threads cost more than they give */
	delta_threads(1);
	apply(at, split, len);
	inspect(at + split, len - split);
	return 0;
}

/* --- mutation ----------------------------------------------------------------- */

static void
change_bytes(struct pieces_stream *s)
{
	s->len = LLVMFuzzerMutate(s->at, s->len, PIECES_STREAM_MAX);
}

/* One number of a stream of numbers is another, is gone, or is there twice. */
static void
change_number(struct mutate *m, struct pieces_stream *s, uint64_t bound)
{
	static uint64_t all[NUMBERS_MAX + 1];
	struct numbers r = { s->at, s->at + s->len, 0 };
	size_t n = 0, i, out = 0;
	uint64_t how = mutate_below(m, 6);

	while (r.at < r.end && n < NUMBERS_MAX)
		all[n++] = number_read(&r);
	if (r.failed || r.at < r.end || n == 0) {
		change_bytes(s);
		return;
	}
	i = (size_t)mutate_below(m, n);
	if (how == 0) {
		memmove(all + i, all + i + 1, (n - i - 1) * sizeof(*all));
		n--;
	} else if (how == 1) {
		memmove(all + i + 1, all + i, (n - i) * sizeof(*all));
		n++;
	} else {
		all[i] = mutate_number(m, all[i], bound);
	}
	for (i = 0; i < n && out + NUMBER_MAX < PIECES_STREAM_MAX; i++)
		out += number_write(s->at + out, all[i]);
	s->len = out;
}

static bool
is_numbers(enum format_stream s)
{
	return (s >= FORMAT_BLOCK_SHIFT && s <= FORMAT_SITE_RUN) ||
	    s == FORMAT_BYTE_RUN || s == FORMAT_WORD_RUN;
}

static void
change_stream(struct mutate *m, struct pieces *r)
{
	enum format_stream s;
	int tries = 8;

	/* most often one that has something */
	do
		s = 1 + (enum format_stream)mutate_below(m, FORMAT_STREAMS - 1);
	while (r->stream[s].len == 0 && --tries > 0);
	if (is_numbers(s) && mutate_below(m, 4) > 0)
		change_number(m, &r->stream[s], r->f.new_expanded);
	else
		change_bytes(&r->stream[s]);
}

/* A part of old where it is: lengths and offsets stay true. */
static void
change_old(struct mutate *m, struct pieces_stream *s)
{
	uint8_t part[64];
	size_t n = s->len < sizeof(part) ? s->len : sizeof(part), at;

	if (n == 0 || mutate_below(m, 16) == 0) {
		change_bytes(s);
		return;
	}
	at = (size_t)mutate_below(m, s->len - n + 1);
	memcpy(part, s->at + at, n);
	n = LLVMFuzzerMutate(part, n, n);
	memcpy(s->at + at, part, n);
}

static void
change_region(struct mutate *m, struct image *i, uint64_t size, size_t pairs)
{
	struct region *r;

	if (i->n == 0)
		return;
	r = &i->at[mutate_below(m, i->n)];
	switch (mutate_below(m, 7)) {
	case 0:
		r->va = mutate_number(m, r->va, size);
		break;
	case 1:
		r->off = mutate_number(m, r->off, size);
		break;
	case 2:
		r->size = mutate_number(m, r->size, size);
		break;
	case 3:
		r->mem = mutate_number(m, r->mem, size);
		break;
	case 4:
		r->size = mutate_below(m, r->size + 1);
		break;
	case 5:
		r->pair = (int)mutate_below(m, pairs + 2) - 1;
		break;
	default:
		r->kind = (enum region_kind)mutate_below(m, REGION_KINDS);
	}
}

static void
change_member(struct mutate *m, struct image *i, uint64_t size, size_t pairs)
{
	struct member *k;
	uint64_t *go;

	if (i->members == 0)
		return;
	k = &i->member[mutate_below(m, i->members)];
	go = &k->go[mutate_below(m, IMAGE_GO)];
	switch (mutate_below(m, 4)) {
	case 0:
		k->base = mutate_number(m, k->base, size);
		break;
	case 1:
		k->pair = (int)mutate_below(m, pairs + 2) - 1;
		break;
	default:
		*go = mutate_number(m, *go, size);
	}
}

static void
change_pages(struct mutate *m, struct pages *p, uint64_t size)
{
	switch (mutate_below(m, 4)) {
	case 0:
		p->count = (uint32_t)mutate_number(m, p->count, size);
		break;
	case 1:
		p->page_log = (unsigned)mutate_below(m, 20);
		break;
	case 2:
		p->limit = mutate_number(m, p->limit, size);
		break;
	default:
		p->slots = mutate_number(m, p->slots, size);
	}
}

static void
change_range(struct mutate *m, struct ranges *r, uint64_t size)
{
	struct range *g;

	if (r->n == 0)
		return;
	g = &r->at[mutate_below(m, r->n)];
	switch (mutate_below(m, 6)) {
	case 0:
		g->at = mutate_number(m, g->at, size);
		break;
	case 1:
		g->raw = mutate_number(m, g->raw, size);
		break;
	case 2:
		g->packed_at = mutate_number(m, g->packed_at, size);
		break;
	case 3:
		g->packed = mutate_number(m, g->packed, size);
		break;
	case 4:
		g->how.level = (unsigned)mutate_below(m, 16);
		break;
	default:
		g->how.family =
		    (enum deflate_family)mutate_below(m, DEFLATE_FAMILIES + 1);
	}
}

static void
change_tables(struct mutate *m, struct pieces *r)
{
	struct tables *t = &r->t;

	switch (mutate_below(m, 10)) {
	case 0:
		change_pages(m, &t->pages, t->new.file_size);
		break;
	case 1:
		change_range(m, &t->old_ranges, t->old.file_size);
		break;
	case 2:
		change_range(m, &t->new_ranges, t->new.file_size);
		break;
	case 3:
		change_member(m, &t->new, t->new.file_size, 0);
		break;
	case 4:
	case 5:
		change_member(m, &t->old, t->old.file_size, t->new.members);
		break;
	case 6:
		change_region(m, &t->new, t->new.file_size, 0);
		break;
	default:
		change_region(m, &t->old, t->old.file_size, t->new.n);
	}
	pieces_tables(r);
}

static void
change_sizes(struct mutate *m, struct pieces *r)
{
	uint64_t *size[] = { &r->f.new_size, &r->f.new_expanded,
		&r->f.old_expanded, &r->f.memory };
	uint64_t *one = size[mutate_below(m, COUNT(size))];

	*one = mutate_number(m, *one, r->f.new_size);
	if (r->t.new_ranges.n == 0 && mutate_below(m, 4) > 0)
		r->f.new_expanded = r->f.new_size;
}

/* Streams with their numbers, then what holds them together. */
static void
change(struct mutate *m, struct pieces *r)
{
	switch (mutate_below(m, 12)) {
	case 0:
		change_sizes(m, r);
		return;
	case 1:
		change_bytes(&r->stream[FORMAT_TABLES]);
		return;
	case 2:
	case 3:
		change_old(m, &r->old);
		break;
	case 4:
	case 5:
	case 6:
		change_tables(m, r);
		break;
	default:
		change_stream(m, r);
	}
	if (mutate_below(m, 8) > 0)
		pieces_fit(r);
}

size_t
LLVMFuzzerCustomMutator(uint8_t *at, size_t len, size_t room, unsigned seed)
{
	struct mutate m = mutate_begin(seed);
	size_t split = pieces_split(at, len), n = 0;
	struct pieces r = { 0 };

	if (mutate_below(&m, 16) > 0 && pieces_open(&r, at, len)) {
		do
			change(&m, &r);
		while (mutate_below(&m, 3) == 0);
		n = pieces_write(&r, mutate_below(&m, 16) == 0, at, room);
	} else if (split > 0) {
		/* the patch as it stands */
		n = split +
		    LLVMFuzzerMutate(at + split, len - split, room - split);
	}
	pieces_done(&r);
	return n > 0 ? n : LLVMFuzzerMutate(at, len, room);
}
