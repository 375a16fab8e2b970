/*
 * Tables: reading and writing.
 */
#include "delta/core/tables.h"

#include <string.h>

static int
malformed(struct err *e, const char *what)
{
	return err_set(e, ERR_INPUT, "patch: tables: %s", what);
}

void
tables_done(struct tables *t)
{
	image_done(&t->old);
	image_done(&t->new);
	ranges_done(&t->old_ranges);
	ranges_done(&t->new_ranges);
}

uint64_t
tables_memory(const struct tables *t)
{
	return image_memory(&t->old) + image_memory(&t->new) +
	    ranges_memory(&t->old_ranges) + ranges_memory(&t->new_ranges);
}

static int
pairs_read(struct tables *t, struct numbers *r, struct err *e)
{
	uint64_t pair;
	size_t i;

	for (i = 0; i < t->old.members; i++) {
		pair = number_read(r);
		if (pair > t->new.members)
			return malformed(e, "a member's pair out of bounds");
		t->old.member[i].pair = (int)pair - 1;
	}
	for (i = 0; i < t->old.n; i++) {
		pair = number_read(r);
		if (pair > t->new.n)
			return malformed(e, "a pair out of bounds");
		t->old.at[i].pair = (int)pair - 1;
	}
	return 0;
}

static int
pages_read(struct tables *t, struct numbers *r, struct err *e)
{
	struct pages *p = &t->pages;
	uint64_t count = number_read(r), log;

	if (count == 0)
		return 0;
	log = number_read(r);
	p->limit = number_read(r);
	p->slots = number_read(r);
	if (log < 9 || log > 16 || p->limit > p->slots ||
	    p->slots > t->new.file_size ||
	    count > (t->new.file_size - p->slots) / 32 ||
	    count != (p->limit + ((uint64_t)1 << log) - 1) >> log)
		return malformed(e, "page hashes out of bounds");
	p->page_log = (unsigned)log;
	p->count = (uint32_t)count;
	return count == p->count ? 0 : malformed(e, "too many page hashes");
}

int
tables_read(
    struct tables *t, const struct format *f, struct numbers *r, struct err *e)
{
	memset(t, 0, sizeof(*t));
	t->old.file_size = f->old_expanded;
	t->new.file_size = f->new_expanded;
	t->blocks = number_read(r);
	t->sites = number_read(r);
	if (image_read(&t->old, r, e) < 0 || image_read(&t->new, r, e) < 0 ||
	    pairs_read(t, r, e) < 0 || pages_read(t, r, e) < 0 ||
	    ranges_read_old(
		&t->old_ranges, r, f->old_size, f->old_expanded, e) < 0 ||
	    ranges_read_new(
		&t->new_ranges, r, f->new_size, f->new_expanded, e) < 0)
		return -1;
	if (t->pages.count > 0 && t->new_ranges.n > 0)
		return malformed(e, "page hashes of a file with ranges");
	if (r->failed || r->at != r->end)
		return malformed(e, "cut, or too long");
	return 0;
}

static size_t
pages_write(const struct pages *p, uint8_t *at)
{
	size_t n = number_write(at, p->count);

	if (p->count) {
		n += number_write(at + n, p->page_log);
		n += number_write(at + n, p->limit);
		n += number_write(at + n, p->slots);
	}
	return n;
}

size_t
tables_room(const struct tables *t)
{
	/* counts of blocks, references, ranges; page hashes; pairs */
	size_t numbers = 4 + 4 + t->old.members + t->old.n;

	return numbers * NUMBER_MAX + image_room_written(&t->old) +
	    image_room_written(&t->new) +
	    (t->old_ranges.n + t->new_ranges.n) * RANGE_BYTES;
}

size_t
tables_write(const struct tables *t, uint8_t *at)
{
	size_t i, n = 0;

	n += number_write(at + n, t->blocks);
	n += number_write(at + n, t->sites);
	n += image_write(&t->old, at + n);
	n += image_write(&t->new, at + n);
	for (i = 0; i < t->old.members; i++)
		n +=
		    number_write(at + n, (uint64_t)(t->old.member[i].pair + 1));
	for (i = 0; i < t->old.n; i++)
		n += number_write(at + n, (uint64_t)(t->old.at[i].pair + 1));
	n += pages_write(&t->pages, at + n);
	n += ranges_write_old(&t->old_ranges, at + n);
	return n + ranges_write_new(&t->new_ranges, at + n);
}
