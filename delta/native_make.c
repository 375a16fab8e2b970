/*
 * Making the native format: layout, references, a first map by anchors, the
 * blocks by matching views in which references are translated, streams.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "delta/core/patch.h"
#include "delta/core/stream.h"
#include "delta/filemap.h"
#include "delta/layouts.h"
#include "delta/names.h"
#include "delta/native.h"
#include "delta/suffix.h"
#include "delta/threads.h"
#include "delta/unpacked.h"
#include "manifest/base/file.h"
#include "manifest/base/text.h"

/* Another build of the core, or a later one, may take a little more. */
#define MEMORY_SPARE ((uint64_t)512 << 10)

struct make {
	struct filemap old_file, new_file;
	struct unpacked old_unpacked, new_unpacked;
	struct bytes old, new; /* unpacked */
	uint8_t *unsigned_new; /* owned; new as it is without page hashes */
	struct layouts old_layout, new_layout;
	struct tables tables; /* owned */
	struct sites old_sites, new_sites;
	uint8_t *old_view, *new_view; /* owned */
	struct blocks blocks;
	struct map map;
	struct buf raw[FORMAT_STREAMS], packed[FORMAT_STREAMS];
};

/*
 * While matching: the files, a view of each, suffixes; references and blocks,
 * of which two unrelated programs have most.  While packing: the files,
 * streams, coders.  Measured on real pairs; two releases that are neighbours
 * take two thirds of it and more, since what they share is not sorted.
 */
int64_t
native_make_memory(int64_t old_size, int64_t new_size)
{
	const int64_t fixed = (int64_t)8 << 20, coders = (int64_t)96 << 20;
	int64_t matching, packing;

	if (old_size > INT64_MAX / 32 || new_size > INT64_MAX / 32)
		return INT64_MAX;
	matching = suffix_memory(old_size) + (old_size + new_size) / 5 * 14;
	packing = old_size + 2 * new_size +
	    (10 * new_size < coders ? 10 * new_size : coders);
	return fixed + (matching > packing ? matching : packing);
}

static void
make_done(struct make *m)
{
	int s;

	for (s = 0; s < FORMAT_STREAMS; s++) {
		buf_done(&m->raw[s]);
		buf_done(&m->packed[s]);
	}
	map_done(&m->map);
	blocks_done(&m->blocks);
	sites_done(&m->old_sites);
	sites_done(&m->new_sites);
	tables_done(&m->tables);
	unpacked_done(&m->old_unpacked);
	unpacked_done(&m->new_unpacked);
	layouts_done(&m->old_layout);
	layouts_done(&m->new_layout);
	free(m->old_view);
	free(m->new_view);
	free(m->unsigned_new);
	filemap_done(&m->old_file);
	filemap_done(&m->new_file);
}

/*
 * The page hashes of a signature are made anew when the patch is applied:
 * whatever is cheapest may stand there, such as those of old.
 */
static int
leave_pages(struct make *m, struct err *e)
{
	const struct pages *from = &m->old_layout.pages;
	const struct pages *to = &m->new_layout.pages;
	size_t n = (size_t)to->count * FORMAT_SHA256;
	size_t have = (size_t)from->count * FORMAT_SHA256;

	/* pages lie in the file as it is */
	if (to->count == 0 || m->tables.new_ranges.n > 0)
		return 0;
	m->unsigned_new = malloc(m->new.len);
	if (m->unsigned_new == NULL)
		return err_sys(e, "making the patch");
	memcpy(m->unsigned_new, m->new.at, m->new.len);
	memset(m->unsigned_new + to->slots, 0, n);
	memcpy(m->unsigned_new + to->slots, m->old.at + from->slots,
	    have < n ? have : n);
	m->new.at = m->unsigned_new;
	m->tables.pages = *to;
	return 0;
}

/* One of the two files, for a thread. */
struct half {
	struct sites *sites;
	const struct image *image;
	struct bytes file;
	uint8_t *view;
	const struct map *map; /* for the view of old */
	bool blank;
	struct err e;
	int failed;
};

struct halves {
	struct half half[2];
	void (*work)(struct half *h);
	atomic_int next;
};

static void *
half_run(void *arg)
{
	struct halves *w = arg;
	int i;

	while ((i = atomic_fetch_add(&w->next, 1)) < 2)
		w->work(&w->half[i]);
	return NULL;
}

/* The same work on old and on new at once. */
static int
both(struct make *m, void (*work)(struct half *h), struct err *e)
{
	const bool blank = m->map.at == NULL;
	struct halves w = { .half = { { .sites = &m->old_sites,
					  .image = &m->tables.old,
					  .file = m->old,
					  .view = m->old_view,
					  .map = blank ? NULL : &m->map,
					  .blank = blank },
				{ .sites = &m->new_sites,
				    .image = &m->tables.new,
				    .file = m->new,
				    .view = m->new_view,
				    .blank = blank } },
		.work = work };
	int i;

	threads_run(half_run, &w, 2);
	for (i = 0; i < 2; i++)
		if (w.half[i].failed) {
			*e = w.half[i].e;
			return -1;
		}
	return 0;
}

static void
scan_one(struct half *h)
{
	h->failed =
	    sites_scan(h->sites, h->file.at, h->image, SIZE_MAX, &h->e) < 0;
}

static void
view_one(struct half *h)
{
	const struct view_fill f = { h->sites, h->map, h->blank };

	view_fill(&f, h->file, h->view);
}

/* The executables of a file: which members of the image, under which names. */
struct programs {
	struct names names;
	int *member; /* owned */
};

static void
programs_done(struct programs *p)
{
	names_done(&p->names);
	free(p->member);
}
#define AUTO_PROGRAMS CLEANUP(programs_done) struct programs

static int
find_programs(struct programs *p, const struct unpacked *u, struct layouts *l,
    struct err *e)
{
	size_t i, n = 0;
	int k;

	if (layouts_init(l, u->bytes.len, e) < 0 ||
	    names_room(&p->names, u->parts.n, e) < 0)
		return -1;
	p->member = calloc(u->parts.n + 1, sizeof(*p->member));
	if (p->member == NULL)
		return err_sys(e, "making the patch");
	for (i = 0; i < u->parts.n; i++) {
		const struct entry *part = &u->parts.at[i];

		k = part->deflated
		    ? -1
		    : layouts_add(l, u->bytes, part->off, part->size);
		if (k < 0)
			continue;
		p->member[n] = k;
		p->names.at[n++] = part->name;
	}
	p->names.n = n;
	return 0;
}

/* The executables in the two files; those of one name belong together, and
 * what is left in its order. */
static int
lay_out(struct make *m, struct err *e)
{
	struct layouts *old = &m->old_layout, *new = &m->new_layout;
	AUTO_PROGRAMS from = { 0 };
	AUTO_PROGRAMS to = { 0 };
	size_t i, k = 0;

	if (find_programs(&from, &m->old_unpacked, old, e) < 0 ||
	    find_programs(&to, &m->new_unpacked, new, e) < 0 ||
	    names_pair(&from.names, &to.names, e) < 0)
		return -1;
	for (i = 0; i < from.names.n; i++) {
		int pair = from.names.pair[i];

		while (pair < 0 && k < to.names.n)
			if (to.names.pair[k++] < 0)
				pair = (int)k - 1;
		if (pair >= 0)
			layouts_pair(old, from.member[i], new, to.member[pair]);
	}
	m->tables.old = old->image;
	m->tables.new = new->image;
	old->image = new->image = (struct image){ 0 };
	return 0;
}

static int
scan(struct make *m, struct err *e)
{
	if (lay_out(m, e) < 0 || leave_pages(m, e) < 0)
		return -1;
	m->old_view = malloc(m->old.len + 1);
	m->new_view = malloc(m->new.len + 1);
	if (m->old_view == NULL || m->new_view == NULL)
		return err_sys(e, "making the patch");
	if (both(m, scan_one, e) < 0)
		return -1;
	m->tables.sites = m->old_sites.n;
	return 0;
}

static struct view
view_of(const struct make *m)
{
	return (struct view){ { m->old_view, m->old.len },
		{ m->new_view, m->new.len } };
}

static int
first_map(struct make *m, struct err *e)
{
	struct view v = view_of(m);

	if (both(m, view_one, e) < 0 || anchor_blocks(&v, &m->blocks, e) < 0 ||
	    refine_blocks(&v, &m->blocks, e) < 0)
		return -1;
	return map_init(&m->map, m->blocks.at, m->blocks.n, &m->tables, e);
}

/* Blocks by the suffix array of old as it will look. */
static int
match(struct make *m, struct err *e)
{
	CLEANUP(blocks_done) struct blocks guess = m->blocks;
	const struct settle settle = { .old = m->old_view,
		.new = m->new_view,
		.old_len = m->old.len,
		.new_len = m->new.len,
		.guess = &guess };
	struct view v = view_of(m);

	m->blocks = (struct blocks){ 0 };
	/* made anew where they were cut: a copy would be the most memory */
	if (both(m, view_one, e) < 0 ||
	    settle_match(&settle, &m->blocks, e) < 0 ||
	    both(m, view_one, e) < 0 || refine_blocks(&v, &m->blocks, e) < 0)
		return -1;
	map_done(&m->map);
	return map_init(&m->map, m->blocks.at, m->blocks.n, &m->tables, e);
}

/* What only matching needs. */
static void
matched(struct make *m)
{
	sites_done(&m->new_sites);
	free(m->old_view);
	free(m->new_view);
	m->old_view = m->new_view = NULL;
}

static int
encode(struct make *m, struct err *e)
{
	const struct encode c = { .old = m->old,
		.new = m->new,
		.tables = &m->tables,
		.sites = &m->old_sites,
		.map = &m->map,
		.blocks = &m->blocks };
	int s;

	m->tables.blocks = m->blocks.n;
	for (s = 0; s < FORMAT_STREAMS; s++) {
		buf_init(&m->raw[s], SIZE_MAX / 2);
		buf_init(&m->packed[s], SIZE_MAX / 2);
	}
	return encode_streams(&c, m->raw, e);
}

static int
write_patch(struct make *m, int fd, struct err *e)
{
	struct format f = { .old_size = m->old_file.bytes.len,
		.new_size = m->new_file.bytes.len,
		.old_expanded = m->old.len,
		.new_expanded = m->new.len };
	const struct coder_pack pack = { m->raw, m->packed,
		stream_preset(m->old.at, &m->tables.old) };
	uint8_t header[FORMAT_HEADER_MAX];
	size_t n;
	int s;

	sha256(f.old_sha256, m->old_file.bytes.at, m->old_file.bytes.len);
	sha256(f.new_sha256, m->new_file.bytes.at, m->new_file.bytes.len);
	if (coder_pack(&pack, &f, e) < 0)
		return -1;
	f.memory = patch_memory(&f, &m->tables) + MEMORY_SPARE;
	n = format_write(&f, header);
	if (file_write_all(fd, header, n, "patch", e) < 0)
		return -1;
	for (s = 0; s < FORMAT_STREAMS; s++)
		if (file_write_all(
			fd, f.part[s].at, f.part[s].packed, "patch", e) < 0)
			return -1;
	return fsync(fd) < 0 ? err_sys(e, "patch") : 0;
}

/* What it takes when files of these sizes become so large; what was unpacked
 * is kept. */
static int64_t
need(const int64_t size[2], const int64_t unpacked[2])
{
	int64_t total = native_make_memory(unpacked[0], unpacked[1]);
	int i;

	for (i = 0; i < 2; i++)
		if (unpacked[i] != size[i] &&
		    __builtin_add_overflow(total, unpacked[i], &total))
			return INT64_MAX;
	return total;
}

int64_t
native_file_memory(int64_t old_size, int new_fd, struct err *e)
{
	AUTO_FILEMAP new = { 0 };
	int64_t size, most;
	double old;

	if (filemap_open(&new, new_fd, "new file", e) < 0)
		return -1;
	size = (int64_t) new.bytes.len;
	most = (int64_t)unpacked_most(new.bytes);
	if (most == size)
		return native_make_memory(old_size, size);
	/* old in the same proportion, without a number that overflows */
	old = (double)old_size * ((double)most / (double)size);
	if (old > 1e15)
		return INT64_MAX;
	return need(
	    (int64_t[]){ old_size, size }, (int64_t[]){ (int64_t)old, most });
}

static int
check_memory(const struct make *m, int64_t memory_max, struct err *e)
{
	const struct unpacked *old = &m->old_unpacked, *new = &m->new_unpacked;
	int64_t n = need(
	    (int64_t[]){ (int64_t)old->file.len, (int64_t) new->file.len },
	    (int64_t[]){ (int64_t)old->bytes.len, (int64_t) new->bytes.len });
	char text[32];

	if (memory_max > 0 && n > memory_max)
		return err_set(e, ERR_LIMIT,
		    "making this patch takes %s of memory",
		    size_text(text, sizeof(text), n));
	return 0;
}

/* The two files with what is packed in them unpacked. */
static int
unpack(struct make *m, int64_t memory_max, struct err *e)
{
	struct unpacked *old = &m->old_unpacked, *new = &m->new_unpacked;

	old->file = m->old_file.bytes;
	new->file = m->new_file.bytes;
	if (unpacked_plan(old, new, memory_max, e) < 0 ||
	    check_memory(m, memory_max, e) < 0 || unpacked_fill(old, e) < 0 ||
	    unpacked_fill(new, e) < 0)
		return -1;
	m->old = old->bytes;
	m->new = new->bytes;
	m->tables.old_ranges = old->ranges;
	m->tables.new_ranges = new->ranges;
	old->ranges = new->ranges = (struct ranges){ NULL, 0 };
	return 0;
}

int
native_make(const struct delta_make *d, struct err *e)
{
	CLEANUP(make_done) struct make m = { 0 };

	if (filemap_open(&m.old_file, d->old_fd, "old file", e) < 0 ||
	    filemap_open(&m.new_file, d->new_fd, "new file", e) < 0)
		return -1;
	if (unpack(&m, d->memory_max, e) < 0 || scan(&m, e) < 0)
		return -1;
	delta_step(d, m.new_file.bytes.len, 5);
	if (first_map(&m, e) < 0)
		return -1;
	delta_step(d, m.new_file.bytes.len, 10);
	if (match(&m, e) < 0)
		return -1;
	delta_step(d, m.new_file.bytes.len, 35);
	/* once more, with the better map: it saves 0.5 to 5 % */
	if (match(&m, e) < 0)
		return -1;
	delta_step(d, m.new_file.bytes.len, 20);
	matched(&m);
	if (encode(&m, e) < 0 || write_patch(&m, d->patch_fd, e) < 0)
		return -1;
	delta_step(d, m.new_file.bytes.len, 30);
	return 0;
}
