/*
 * The outside of a patch: header and list of streams.
 */
#include "delta/core/format.h"

#include <string.h>

#include "delta/core/number.h"

const char *const format_names[FORMAT_STREAMS] = {
	[FORMAT_TABLES] = "tables",
	[FORMAT_BLOCK_SHIFT] = "block-shifts",
	[FORMAT_BLOCK_LEN] = "block-lengths",
	[FORMAT_LITERAL_LEN] = "literal-lengths",
	[FORMAT_SITE_RUN] = "reference-runs",
	[FORMAT_SITE_CHOICE] = "reference-choices",
	[FORMAT_SITE_0] = "reference-0",
	[FORMAT_SITE_1] = "reference-1",
	[FORMAT_SITE_2] = "reference-2",
	[FORMAT_SITE_3] = "reference-3",
	[FORMAT_SITE_4] = "reference-4",
	[FORMAT_SITE_RAW] = "reference-raw",
	[FORMAT_BYTE_RUN] = "byte-runs",
	[FORMAT_BYTE] = "byte-differences",
	[FORMAT_WORD_RUN] = "word-runs",
	[FORMAT_WORD_CHOICE] = "word-choices",
	[FORMAT_WORD_0] = "word-0",
	[FORMAT_WORD_1] = "word-1",
	[FORMAT_WORD_2] = "word-2",
	[FORMAT_WORD_3] = "word-3",
	[FORMAT_LITERAL] = "literals",
};

unsigned
format_window(enum format_stream s)
{
	return s == FORMAT_LITERAL ? FORMAT_WINDOW_LOG_LITERAL
				   : FORMAT_WINDOW_LOG;
}

/*
 * Bytes that a stream can have at most: control streams describe bytes of the
 * expanded new file, each number in at most NUMBER_MAX bytes and each number but a few
 * making at least one byte.
 */
static uint64_t
raw_max(const struct format *f, enum format_stream s)
{
	if (s == FORMAT_TABLES)
		return FORMAT_TABLES_MAX;
	if (s == FORMAT_LITERAL)
		return f->new_expanded;
	return (f->new_expanded + 1) * NUMBER_MAX;
}

static int
part_read(
    struct format *f, enum format_stream s, struct numbers *r, struct err *e)
{
	struct format_part *p = &f->part[s];
	uint64_t coder, packed;

	p->raw = number_read(r);
	if (p->raw == 0)
		return 0;
	if (p->raw > raw_max(f, s))
		return err_set(
		    e, ERR_INPUT, "patch: stream %s too long", format_names[s]);
	coder = number_read(r);
	if (coder >= FORMAT_CODERS ||
	    (coder == FORMAT_XZ_OLD && s != FORMAT_LITERAL))
		return err_set(e, ERR_INPUT, "patch: coder of %s not known",
		    format_names[s]);
	p->coder = (enum format_coder)coder;
	packed = p->coder == FORMAT_STORED ? p->raw : number_read(r);
	if (packed == 0 || packed > FORMAT_FILE_MAX)
		return err_set(
		    e, ERR_INPUT, "patch: length of %s", format_names[s]);
	p->packed = (size_t)packed;
	if (p->packed != packed)
		return err_set(e, ERR_LIMIT, "patch: too large for this host");
	return 0;
}

static int
check_sizes(const struct format *f, struct err *e)
{
	if (f->old_size > FORMAT_FILE_MAX || f->new_size > FORMAT_FILE_MAX)
		return err_set(e, ERR_INPUT, "patch: a size out of bounds");
	if (f->old_expanded > FORMAT_FILE_MAX ||
	    f->new_expanded > FORMAT_FILE_MAX ||
	    f->old_expanded > f->old_size * FORMAT_INFLATE_MAX ||
	    f->new_expanded > f->new_size * FORMAT_INFLATE_MAX)
		return err_set(
		    e, ERR_INPUT, "patch: an expanded size out of bounds");
	return 0;
}

int
format_read(struct format *f, const uint8_t *at, size_t len, struct err *e)
{
	struct numbers r;
	int s;

	memset(f, 0, sizeof(*f));
	if (len < 8 || memcmp(at, FORMAT_MAGIC, 8) != 0)
		return err_set(
		    e, ERR_INPUT, "patch: not in format %s", "sluice-delta/1");
	if (len < FORMAT_FIXED)
		return err_set(e, ERR_INPUT, "patch: is cut short");
	f->old_size = number_u64(at + 8);
	f->new_size = number_u64(at + 16);
	f->old_expanded = number_u64(at + 24);
	f->new_expanded = number_u64(at + 32);
	memcpy(f->old_sha256, at + 40, FORMAT_SHA256);
	memcpy(f->new_sha256, at + 72, FORMAT_SHA256);
	f->memory = number_u64(at + 104);
	if (check_sizes(f, e) < 0)
		return -1;
	r = (struct numbers){ at + FORMAT_FIXED, at + len, 0 };
	for (s = 0; s < FORMAT_STREAMS; s++)
		if (part_read(f, (enum format_stream)s, &r, e) < 0)
			return -1;
	if (r.failed)
		return err_set(
		    e, ERR_INPUT, "patch: header is cut or malformed");
	for (s = 0; s < FORMAT_STREAMS; s++) {
		if (f->part[s].packed > (size_t)(r.end - r.at))
			return err_set(
			    e, ERR_INPUT, "patch: %s is cut", format_names[s]);
		f->part[s].at = r.at;
		r.at += f->part[s].packed;
	}
	if (r.at != r.end)
		return err_set(e, ERR_INPUT, "patch: bytes after the end");
	return 0;
}

size_t
format_write(const struct format *f, uint8_t *at)
{
	size_t n = FORMAT_FIXED;
	int s;

	memcpy(at, FORMAT_MAGIC, 8);
	number_put_u64(at + 8, f->old_size);
	number_put_u64(at + 16, f->new_size);
	number_put_u64(at + 24, f->old_expanded);
	number_put_u64(at + 32, f->new_expanded);
	memcpy(at + 40, f->old_sha256, FORMAT_SHA256);
	memcpy(at + 72, f->new_sha256, FORMAT_SHA256);
	number_put_u64(at + 104, f->memory);
	for (s = 0; s < FORMAT_STREAMS; s++) {
		const struct format_part *p = &f->part[s];

		n += number_write(at + n, p->raw);
		if (p->raw == 0)
			continue;
		n += number_write(at + n, p->coder);
		if (p->coder != FORMAT_STORED)
			n += number_write(at + n, p->packed);
	}
	return n;
}
