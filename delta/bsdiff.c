/*
 * BSDIFF40: numbers, header, the rules for a triple, and the description for
 * people.  What a patch says is believed nowhere before bsdiff_triple_check.
 */
#include "delta/bsdiff.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "delta/bz.h"
#include "manifest/base/file.h"
#include "manifest/base/text.h"

/* Debian's bsdiff makes such triples now and then; a flood of them is hostile*/
#define IDLE_MAX 1024

int64_t
bsdiff_number_read(const uint8_t at[static BSDIFF_NUMBER])
{
	uint64_t n = 0;
	int i;

	for (i = BSDIFF_NUMBER - 1; i >= 0; i--)
		n = n << 8 | at[i];
	if (n >> 63)
		return -(int64_t)(n & INT64_MAX);
	return (int64_t)n;
}

void
bsdiff_number_write(uint8_t at[static BSDIFF_NUMBER], int64_t n)
{
	uint64_t u = n < 0 ? -(uint64_t)n | (uint64_t)1 << 63 : (uint64_t)n;
	int i;

	for (i = 0; i < BSDIFF_NUMBER; i++, u >>= 8)
		at[i] = (uint8_t)u;
}

static int
header_bytes(
    int fd, uint8_t out[static BSDIFF_HEADER], int64_t *size, struct err *e)
{
	struct stat st;
	ssize_t got;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "patch");
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "patch: not a regular file");
	got = file_pread(fd, out, BSDIFF_HEADER, 0);
	if (got < 0)
		return err_sys(e, "patch");
	if (got != BSDIFF_HEADER || memcmp(out, "BSDIFF40", 8) != 0)
		return err_set(e, ERR_INPUT, "patch: not BSDIFF40");
	*size = st.st_size;
	return 0;
}

int
bsdiff_header_read(int fd, struct bsdiff_header *out, struct err *e)
{
	uint8_t b[BSDIFF_HEADER];
	int64_t size, left;

	if (header_bytes(fd, b, &size, e) < 0)
		return -1;
	out->control_len = bsdiff_number_read(b + 8);
	out->diff_len = bsdiff_number_read(b + 16);
	out->new_size = bsdiff_number_read(b + 24);
	if (out->control_len < 0 || out->diff_len < 0 || out->new_size < 0)
		return err_set(e, ERR_INPUT, "patch: negative length");
	if (__builtin_sub_overflow(
		size - BSDIFF_HEADER, out->control_len, &left) ||
	    __builtin_sub_overflow(left, out->diff_len, &left) || left < 0)
		return err_set(
		    e, ERR_INPUT, "patch: shorter than its header says");
	out->extra_len = left;
	return 0;
}

int
bsdiff_triple_check(
    struct bsdiff_progress *p, const struct bsdiff_triple *t, struct err *e)
{
	int64_t new_at, old_at;

	if (t->add < 0 || t->extra < 0)
		return err_set(e, ERR_INPUT, "patch: negative length");
	if (__builtin_add_overflow(p->new_at, t->add, &new_at) ||
	    __builtin_add_overflow(new_at, t->extra, &new_at) ||
	    new_at > p->new_size)
		return err_set(
		    e, ERR_INPUT, "patch: passes the end of the new file");
	if (__builtin_add_overflow(p->old_at, t->add, &old_at) ||
	    old_at > p->old_size)
		return err_set(e, ERR_INPUT, "patch: reads past the old file");
	if (__builtin_add_overflow(old_at, t->seek, &old_at) || old_at < 0 ||
	    old_at > p->old_size)
		return err_set(e, ERR_INPUT, "patch: leaves the old file");
	if (new_at == p->new_at && ++p->idle > IDLE_MAX)
		return err_set(e, ERR_INPUT, "patch: makes no progress");
	p->new_at = new_at;
	p->old_at = old_at;
	p->added += t->add;
	return 0;
}

/* What the control stream of a patch adds up to. */
struct totals {
	struct bsdiff_progress p;
	int64_t triples, back; /* back: seeks towards the beginning */
};

static int
totals_read(int fd, const struct bsdiff_header *h, struct totals *out,
    struct bz_reader *control, struct err *e)
{
	uint8_t b[3 * BSDIFF_NUMBER];
	struct bsdiff_triple t;

	*out = (struct totals){ .p.old_size = INT64_MAX,
		.p.new_size = h->new_size };
	if (bz_open(control, "control stream", fd, BSDIFF_HEADER,
		h->control_len, e) < 0)
		return -1;
	while (out->p.new_at < h->new_size) {
		if (bz_read(control, b, sizeof(b), e) < 0)
			return -1;
		t.add = bsdiff_number_read(b);
		t.extra = bsdiff_number_read(b + BSDIFF_NUMBER);
		t.seek = bsdiff_number_read(b + 2 * BSDIFF_NUMBER);
		if (bsdiff_triple_check(&out->p, &t, e) < 0)
			return -1;
		out->triples++;
		out->back += t.seek < 0;
	}
	return bz_end(control, e);
}

int
bsdiff_inspect(int fd, struct buf *out, struct err *e)
{
	struct bz_reader *control;
	struct bsdiff_header h;
	struct totals t;
	int rc;

	if (bsdiff_header_read(fd, &h, e) < 0)
		return -1;
	control = calloc(1, sizeof(*control));
	if (control == NULL)
		return err_sys(e, "patch");
	rc = totals_read(fd, &h, &t, control, e);
	bz_done(control);
	free(control);
	if (rc < 0)
		return -1;
	buf_printf(out, "format: %s\n", DELTA_BSDIFF40);
	buf_printf(out, "new size: %" PRId64 "\n", h.new_size);
	buf_printf(out, "patch size: %" PRId64 "\n",
	    BSDIFF_HEADER + h.control_len + h.diff_len + h.extra_len);
	buf_printf(out, "control stream: %" PRId64 "\n", h.control_len);
	buf_printf(out, "diff stream: %" PRId64 "\n", h.diff_len);
	buf_printf(out, "extra stream: %" PRId64 "\n", h.extra_len);
	buf_printf(out, "triples: %" PRId64 "\n", t.triples);
	buf_printf(out, "backward seeks: %" PRId64 "\n", t.back);
	buf_printf(out, "bytes from the old file: %" PRId64 "\n", t.p.added);
	buf_printf(
	    out, "bytes from the patch: %" PRId64 "\n", h.new_size - t.p.added);
	return buf_ok(out, e);
}
