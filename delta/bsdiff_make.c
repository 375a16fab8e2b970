/*
 * Making BSDIFF40: map both files, sort the old one's suffixes, match, write
 * the three streams one after the other.
 */
#include "delta/bsdiff.h"

#include <unistd.h>

#include "delta/blocks.h"
#include "delta/bz.h"
#include "delta/filemap.h"
#include "delta/match.h"
#include "delta/suffix.h"
#include "manifest/base/file.h"
#include "manifest/base/text.h"

struct make {
	struct filemap old, new;
	struct suffix suffix;
	struct blocks blocks;
	int fd;
	struct bz_writer stream;
};

/*
 * The maps count: pages that are not there are slow, not missing.  Blocks take
 * half a byte for each of new, at most, in programs that have little in common.
 */
int64_t
bsdiff_make_memory(int64_t old_size, int64_t new_size)
{
	const int64_t fixed = BZ_WRITER_MEMORY + (4 << 20);

	if (old_size > INT64_MAX / 32 || new_size > INT64_MAX / 32)
		return INT64_MAX;
	return suffix_memory(old_size) + old_size + new_size + new_size / 2 +
	    fixed;
}

static void
make_done(struct make *m)
{
	bz_discard(&m->stream);
	blocks_done(&m->blocks);
	suffix_done(&m->suffix);
	filemap_done(&m->old);
	filemap_done(&m->new);
}

/* Bytes of new after block i that no block holds; -1: before the first. */
static struct bytes
gap(const struct make *m, int64_t i)
{
	const struct block *b = m->blocks.at;
	int64_t n = (int64_t)m->blocks.n;
	uint64_t from = i < 0 ? 0 : b[i].new + b[i].len;
	uint64_t to = i + 1 < n ? b[i + 1].new : m->new.bytes.len;

	return (struct bytes){ m->new.bytes.at + from, (size_t)(to - from) };
}

static int
write_control(struct make *m, struct err *e)
{
	const struct block *b = m->blocks.at;
	int64_t i, n = (int64_t)m->blocks.n, add, old_at, next;
	uint8_t out[3 * BSDIFF_NUMBER];

	if (m->new.bytes.len == 0)
		return 0;
	/* -1: what lies before a first block that is not at the beginning */
	i = n > 0 && b[0].new == 0 && b[0].old == 0 ? 0 : -1;
	for (; i < n; i++) {
		add = i < 0 ? 0 : (int64_t)b[i].len;
		old_at = i < 0 ? 0 : (int64_t)(b[i].old + b[i].len);
		next = i + 1 < n ? (int64_t)b[i + 1].old : old_at;
		bsdiff_number_write(out, add);
		bsdiff_number_write(
		    out + BSDIFF_NUMBER, (int64_t)gap(m, i).len);
		bsdiff_number_write(out + 2 * BSDIFF_NUMBER, next - old_at);
		if (bz_write(&m->stream, out, sizeof(out), e) < 0)
			return -1;
	}
	return 0;
}

static int
write_diff(struct make *m, struct err *e)
{
	uint8_t out[BZ_BLOCK];
	const uint8_t *new, *old;
	uint64_t at, n, i;
	size_t k;

	for (k = 0; k < m->blocks.n; k++) {
		const struct block *b = &m->blocks.at[k];

		for (at = 0; at < b->len; at += n) {
			n = b->len - at < BZ_BLOCK ? b->len - at : BZ_BLOCK;
			new = m->new.bytes.at + b->new + at;
			old = m->old.bytes.at + b->old + at;
			for (i = 0; i < n; i++)
				out[i] = (uint8_t)(new[i] - old[i]);
			if (bz_write(&m->stream, out, (size_t)n, e) < 0)
				return -1;
		}
	}
	return 0;
}

static int
write_extra(struct make *m, struct err *e)
{
	int64_t i;

	for (i = -1; i < (int64_t)m->blocks.n; i++) {
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
	if (lseek(m->fd, 0, SEEK_SET) < 0 ||
	    file_write_all(m->fd, header, sizeof(header), "patch", e) < 0 ||
	    fsync(m->fd) < 0)
		return err_sys(e, "patch");
	return 0;
}

static int
find_blocks(struct make *m, struct err *e)
{
	const struct view v = { m->old.bytes, m->new.bytes };

	if (suffix_init(&m->suffix, m->old.bytes, e) < 0 ||
	    match_blocks(&m->suffix, m->new.bytes, &m->blocks, e) < 0)
		return -1;
	suffix_done(&m->suffix); /* compressing takes memory, too */
	return refine_blocks(&v, &m->blocks, e);
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
	if (find_blocks(&m, e) < 0)
		return -1;
	delta_step(d, m.new.bytes.len, 80);
	if (write_patch(&m, e) < 0)
		return -1;
	delta_step(d, m.new.bytes.len, 20);
	return 0;
}
