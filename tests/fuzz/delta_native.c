/*
 * Fuzz target: applying patches of the native format.  The input is an old
 * file, regions and streams; header, tables and the count of references are
 * made to fit, so that the input reaches every decision.  The first byte may
 * say instead that the rest is a patch as it stands.
 */
#include <stdlib.h>
#include <string.h>

#include "delta/core/patch.h"
#include "delta/core/sites.h"

#define INPUT_MAX 16384
#define NEW_MAX	  65536
#define TABLES	  4096

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

struct input {
	const uint8_t *at;
	size_t len;
};

static struct input
take(struct input *in, size_t n)
{
	struct input part = { in->at, n < in->len ? n : in->len };

	in->at += part.len;
	in->len -= part.len;
	return part;
}

static uint8_t
byte(struct input *in)
{
	struct input b = take(in, 1);

	return b.len ? b.at[0] : 0;
}

static size_t
word(struct input *in)
{
	size_t n = byte(in);

	return n | (size_t)byte(in) << 8;
}

static int
count(void *ctx, const uint8_t *at, size_t len, struct err *e)
{
	uint64_t *left = ctx;

	(void)at;
	(void)e;
	if (len > *left)
		abort();
	*left -= len;
	return 0;
}

static void
apply(struct input old, const uint8_t *patch, size_t len)
{
	uint64_t left = NEW_MAX;
	struct patch_apply a = { .old = old.at,
		.old_size = old.len,
		.patch = patch,
		.patch_size = len,
		.memory_max = 1 << 28,
		.write = count,
		.ctx = &left };
	struct format f;
	struct err e;

	if (format_read(&f, patch, len, &e) < 0 || f.new_size > NEW_MAX)
		return;
	left = f.new_size;
	if (patch_apply(&a, &e) == 0 && left != 0)
		abort();
}

/* Part of a file as a region of the last member. */
static void
region(struct image *m, struct input *in, size_t from, size_t to)
{
	struct member *of = &m->member[m->members - 1];
	uint64_t va = of->bias + 0x1000 + (uint64_t)(byte(in) & 7) + from;

	if (from == to)
		return;
	if (of->n++ == 0)
		of->first = m->n;
	else
		va += 1024;
	m->at[m->n] =
	    (struct region){ va, from, to - from, to - from + byte(in),
		    (enum region_kind)(byte(in) % REGION_KINDS), (int)m->n };
	m->n++;
}

/* Two regions, in one member or two, and where one file is cut. */
static void
regions(struct image *m, struct input *in, size_t size)
{
	size_t cut = size ? word(in) % (size + 1) : 0, k;
	bool two = byte(in) & 1;
	struct err e;

	memset(m, 0, sizeof(*m));
	m->file_size = size;
	if (image_room(m, 2, 2, &e) < 0)
		abort();
	m->members = 1;
	m->n = 0;
	region(m, in, 0, cut);
	m->members += two;
	region(m, in, cut, size);
	for (k = 0; k < m->members; k++) {
		struct member *of = &m->member[k];

		of->base = of->bias + 0x1000;
		of->pair = (int)(byte(in) & 1);
		for (size_t i = 0; i < IMAGE_GO; i++)
			of->go[i] = of->base + word(in);
	}
	if (image_check(m, &e) < 0)
		abort();
}

static void
forge(struct input in)
{
	static uint8_t patch[FORMAT_HEADER_MAX + TABLES + 2 * INPUT_MAX];
	static uint8_t tables[TABLES];
	struct input old = take(&in, word(&in)), stream[FORMAT_STREAMS];
	struct format f = { .old_size = old.len, .memory = 1 << 28 };
	static struct tables t;
	struct sites s;
	struct err e;
	size_t n, i;

	f.new_size = word(&in);
	f.old_expanded = f.old_size;
	f.new_expanded = f.new_size;
	memset(&t, 0, sizeof(t));
	regions(&t.old, &in, old.len);
	regions(&t.new, &in, f.new_size);
	for (i = 0; i < t.old.n; i++)
		if ((size_t)t.old.at[i].pair >= t.new.n)
			t.old.at[i].pair = -1;
	for (i = 0; i < t.old.members; i++)
		if ((size_t)t.old.member[i].pair >= t.new.members)
			t.old.member[i].pair = -1;
	t.blocks = byte(&in);
	if (sites_scan(&s, old.at, &t.old, SIZE_MAX, &e) < 0)
		abort();
	t.sites = s.n;
	sites_done(&s);
	if (tables_room(&t) > TABLES)
		abort();
	n = tables_write(&t, tables);
	tables_done(&t);
	stream[FORMAT_TABLES] = (struct input){ tables, n };
	for (i = 1; i < FORMAT_STREAMS; i++)
		stream[i] =
		    take(&in, i + 1 < FORMAT_STREAMS ? byte(&in) : in.len);
	for (i = 0; i < FORMAT_STREAMS; i++)
		f.part[i].raw = f.part[i].packed = stream[i].len;
	n = format_write(&f, patch);
	for (i = 0; i < FORMAT_STREAMS; i++) {
		if (stream[i].len > 0)
			memcpy(patch + n, stream[i].at, stream[i].len);
		n += stream[i].len;
	}
	apply(old, patch, n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static const uint8_t nothing[4096];
	struct input in = { at, len };

	if (len > INPUT_MAX)
		return -1;
	if (byte(&in) == 0xff)
		apply(
		    (struct input){ nothing, sizeof(nothing) }, in.at, in.len);
	else
		forge(in);
	return 0;
}
