/*
 * Making BSDIFF40: map both files, sort the old one's suffixes, match, write
 * the three streams one after the other.
 */
#include "delta/bsdiff.h"

#include <unistd.h>

#include "delta/bz.h"
#include "delta/filemap.h"
#include "delta/match.h"
#include "delta/suffix.h"
#include "manifest/base/file.h"
#include "manifest/base/text.h"

struct make {
	struct filemap old, new;
	struct suffix suffix;
	struct covers covers;
	int fd;
	struct bz_writer stream;
};

int64_t
bsdiff_make_memory(int64_t old_size, int64_t new_size)
{
	int64_t total;

	/* the maps count: pages that are not there are slow, not missing */
	if (__builtin_add_overflow(
		suffix_memory(old_size), match_memory(new_size), &total) ||
	    __builtin_add_overflow(total, old_size, &total) ||
	    __builtin_add_overflow(total, new_size, &total) ||
	    __builtin_add_overflow(total, BZ_WRITER_MEMORY + (4 << 20), &total))
		return INT64_MAX;
	return total;
}

static void
make_done(struct make *m)
{
	bz_discard(&m->stream);
	match_done(&m->covers);
	suffix_done(&m->suffix);
	filemap_done(&m->old);
	filemap_done(&m->new);
}

/* Bytes of new after cover i that no cover holds; -1: before the first. */
static struct bytes
gap(const struct make *m, int64_t i)
{
	const struct cover *c = m->covers.at;
	int64_t n = (int64_t)m->covers.n;
	int64_t from = i < 0 ? 0 : c[i].new_at + c[i].len;
	int64_t to = i + 1 < n ? c[i + 1].new_at : (int64_t)m->new.bytes.len;

	return (struct bytes){ m->new.bytes.at + from, (size_t)(to - from) };
}

static int
write_control(struct make *m, struct err *e)
{
	const struct cover *c = m->covers.at;
	int64_t i, n = (int64_t)m->covers.n, add, old_at, next;
	uint8_t b[3 * BSDIFF_NUMBER];

	if (m->new.bytes.len == 0)
		return 0;
	/* -1: what lies before a first cover that is not at the beginning */
	i = n > 0 && c[0].new_at == 0 && c[0].old_at == 0 ? 0 : -1;
	for (; i < n; i++) {
		add = i < 0 ? 0 : c[i].len;
		old_at = i < 0 ? 0 : c[i].old_at + c[i].len;
		next = i + 1 < n ? c[i + 1].old_at : old_at;
		bsdiff_number_write(b, add);
		bsdiff_number_write(b + BSDIFF_NUMBER, (int64_t)gap(m, i).len);
		bsdiff_number_write(b + 2 * BSDIFF_NUMBER, next - old_at);
		if (bz_write(&m->stream, b, sizeof(b), e) < 0)
			return -1;
	}
	return 0;
}

static int
write_diff(struct make *m, struct err *e)
{
	uint8_t b[BZ_BLOCK];
	const uint8_t *new, *old;
	int64_t at, n, i;
	size_t k;

	for (k = 0; k < m->covers.n; k++) {
		const struct cover *c = &m->covers.at[k];

		for (at = 0; at < c->len; at += n) {
			n = c->len - at < BZ_BLOCK ? c->len - at : BZ_BLOCK;
			new = m->new.bytes.at + c->new_at + at;
			old = m->old.bytes.at + c->old_at + at;
			for (i = 0; i < n; i++)
				b[i] = (uint8_t)(new[i] - old[i]);
			if (bz_write(&m->stream, b, (size_t)n, e) < 0)
				return -1;
		}
	}
	return 0;
}

static int
write_extra(struct make *m, struct err *e)
{
	int64_t i;

	for (i = -1; i < (int64_t)m->covers.n; i++) {
		struct bytes g = gap(m, i);

		if (bz_write(&m->stream, g.at, g.len, e) < 0)
			return -1;
	}
	return 0;
}

static int
write_stream(struct make *m, int (*fill)(struct make *, struct err *),
    int64_t *len, struct err *e)
{
	if (bz_create(&m->stream, m->fd, e) < 0 || fill(m, e) < 0 ||
	    bz_finish(&m->stream, e) < 0)
		return -1;
	*len = m->stream.written;
	return 0;
}

static int
write_patch(struct make *m, struct err *e)
{
	uint8_t header[BSDIFF_HEADER] = "BSDIFF40";
	int64_t control, diff, extra;

	/* the lengths follow when they are known */
	if (file_write_all(m->fd, header, sizeof(header), "patch", e) < 0 ||
	    write_stream(m, write_control, &control, e) < 0 ||
	    write_stream(m, write_diff, &diff, e) < 0 ||
	    write_stream(m, write_extra, &extra, e) < 0)
		return -1;
	bsdiff_number_write(header + 8, control);
	bsdiff_number_write(header + 16, diff);
	bsdiff_number_write(header + 24, (int64_t)m->new.bytes.len);
	if (pwrite(m->fd, header, sizeof(header), 0) != sizeof(header) ||
	    fsync(m->fd) < 0)
		return err_sys(e, "patch");
	return 0;
}

int
bsdiff_make(const struct delta_make *d, struct err *e)
{
	CLEANUP(make_done) struct make m = { .fd = d->patch_fd };
	char text[32];
	int64_t need;

	if (filemap_open(&m.old, d->old_fd, "old file", e) < 0 ||
	    filemap_open(&m.new, d->new_fd, "new file", e) < 0)
		return -1;
	need = bsdiff_make_memory(
	    (int64_t)m.old.bytes.len, (int64_t)m.new.bytes.len);
	if (d->memory_max > 0 && need > d->memory_max)
		return err_set(e, ERR_LIMIT,
		    "making this patch takes %s of memory",
		    size_text(text, sizeof(text), need));
	if (suffix_init(&m.suffix, m.old.bytes, e) < 0 ||
	    match_covers(&m.suffix, m.new.bytes, &m.covers, e) < 0)
		return -1;
	return write_patch(&m, e);
}
