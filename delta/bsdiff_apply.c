/*
 * Applying BSDIFF40 to untrusted patches.  Memory is constant: the old file is
 * read through a window, the three streams and the result go by in blocks.
 */
#include "delta/bsdiff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "delta/bz.h"
#include "manifest/base/file.h"

/* Where reading goes on, much is read ahead; after a seek out of the window
 * only a little, because the next seek is near. */
#define WINDOW (4 * BZ_BLOCK)
#define NEAR   8192

struct apply {
	int old_fd, out_fd;
	struct bsdiff_progress p;
	struct bz_reader control, diff, extra;
	int64_t window_at;
	size_t window_len;
	uint8_t window[WINDOW];
	size_t pending; /* bytes in out that are not written yet */
	uint8_t out[BZ_BLOCK];
	struct digest digest;
};

int64_t
bsdiff_apply_memory(int64_t old_size, int64_t new_size)
{
	(void)old_size;
	(void)new_size;
	return 3 * BZ_READER_MEMORY + (int64_t)sizeof(struct apply);
}

int64_t
bsdiff_patch_memory(int fd, struct err *e)
{
	struct bsdiff_header h;

	return bsdiff_header_read(fd, &h, e) < 0 ? -1
						 : bsdiff_apply_memory(0, 0);
}

static void
apply_free(struct apply **pa)
{
	struct apply *a = *pa;

	if (a == NULL)
		return;
	bz_done(&a->control);
	bz_done(&a->diff);
	bz_done(&a->extra);
	digest_done(&a->digest);
	free(a);
}

static int
flush(struct apply *a, struct err *e)
{
	digest_add(&a->digest, a->out, a->pending);
	if (file_write_all(a->out_fd, a->out, a->pending, "new file", e) < 0)
		return -1;
	a->pending = 0;
	return 0;
}

/* Room for some of the next n bytes of the result; *part says how many. */
static int
room(struct apply *a, int64_t n, size_t *part, struct err *e)
{
	if (a->pending == sizeof(a->out) && flush(a, e) < 0)
		return -1;
	*part = sizeof(a->out) - a->pending;
	if (n < (int64_t)*part)
		*part = (size_t)n;
	return 0;
}

static int
window_fill(struct apply *a, int64_t at, size_t need, struct err *e)
{
	size_t want = WINDOW;
	ssize_t got;

	if (at != a->window_at + (int64_t)a->window_len)
		want = need > NEAR ? need : NEAR;
	a->window_at = at;
	a->window_len = 0;
	while (a->window_len < want) {
		got = pread(a->old_fd, a->window + a->window_len,
		    want - a->window_len, at + (int64_t)a->window_len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(e, "old file");
		if (got == 0)
			break;
		a->window_len += (size_t)got;
	}
	return 0;
}

/* out[i] += old[i], eight at a time: the top bits are added without carry. */
static void
add_bytes(uint8_t *out, const uint8_t *old, size_t n)
{
	const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
	uint64_t x, y;

	for (; n >= sizeof(x); n -= sizeof(x)) {
		memcpy(&x, out, sizeof(x));
		memcpy(&y, old, sizeof(y));
		x = ((x & low) + (y & low)) ^ ((x ^ y) & ~low);
		memcpy(out, &x, sizeof(x));
		out += sizeof(x);
		old += sizeof(x);
	}
	for (; n > 0; n--, out++, old++)
		*out = (uint8_t)(*out + *old);
}

/* Add n bytes of the old file to what the diff stream has put at out. */
static int
add_old(struct apply *a, uint8_t *out, int64_t at, size_t n, struct err *e)
{
	int64_t skip = at - a->window_at;
	size_t have;

	while (n > 0) {
		if (skip < 0 || skip >= (int64_t)a->window_len) {
			if (window_fill(a, at, n, e) < 0)
				return -1;
			skip = 0;
		}
		have = a->window_len - (size_t)skip;
		if (have == 0)
			return err_set(
			    e, ERR_INPUT, "old file: it got shorter");
		if (have > n)
			have = n;
		add_bytes(out, a->window + skip, have);
		out += have;
		at += (int64_t)have;
		skip += (int64_t)have;
		n -= have;
	}
	return 0;
}

static int
apply_add(struct apply *a, int64_t old_at, int64_t n, struct err *e)
{
	size_t part;

	while (n > 0) {
		if (room(a, n, &part, e) < 0 ||
		    bz_read(&a->diff, a->out + a->pending, part, e) < 0 ||
		    add_old(a, a->out + a->pending, old_at, part, e) < 0)
			return -1;
		a->pending += part;
		old_at += (int64_t)part;
		n -= (int64_t)part;
	}
	return 0;
}

static int
apply_extra(struct apply *a, int64_t n, struct err *e)
{
	size_t part;

	while (n > 0) {
		if (room(a, n, &part, e) < 0 ||
		    bz_read(&a->extra, a->out + a->pending, part, e) < 0)
			return -1;
		a->pending += part;
		n -= (int64_t)part;
	}
	return 0;
}

static int
apply_triples(struct apply *a, struct err *e)
{
	uint8_t b[3 * BSDIFF_NUMBER];
	struct bsdiff_triple t;
	int64_t old_at;

	while (a->p.new_at < a->p.new_size) {
		if (bz_read(&a->control, b, sizeof(b), e) < 0)
			return -1;
		t.add = bsdiff_number_read(b);
		t.extra = bsdiff_number_read(b + BSDIFF_NUMBER);
		t.seek = bsdiff_number_read(b + 2 * BSDIFF_NUMBER);
		old_at = a->p.old_at;
		if (bsdiff_triple_check(&a->p, &t, e) < 0 ||
		    apply_add(a, old_at, t.add, e) < 0 ||
		    apply_extra(a, t.extra, e) < 0)
			return -1;
	}
	return flush(a, e);
}

static int
apply_open(struct apply *a, const struct delta_apply *d, struct err *e)
{
	struct bsdiff_header h;
	struct stat st;

	if (d->memory_max > 0 && bsdiff_apply_memory(0, 0) > d->memory_max)
		return err_set(e, ERR_LIMIT,
		    "applying a bsdiff40 patch takes %lld KiB",
		    (long long)(bsdiff_apply_memory(0, 0) >> 10));
	if (bsdiff_header_read(d->patch_fd, &h, e) < 0)
		return -1;
	if (!d->unverified && h.new_size != d->out_size)
		return err_set(e, ERR_INPUT,
		    "patch: makes %lld bytes where %lld are promised",
		    (long long)h.new_size, (long long)d->out_size);
	if (fstat(d->old_fd, &st) < 0)
		return err_sys(e, "old file");
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "old file: not a regular file");
	a->old_fd = d->old_fd;
	a->out_fd = d->out_fd;
	a->p = (struct bsdiff_progress){ .old_size = st.st_size,
		.new_size = h.new_size };
	if (digest_init(&a->digest, e) < 0 ||
	    bz_open(&a->control, "control stream", d->patch_fd, BSDIFF_HEADER,
		h.control_len, e) < 0 ||
	    bz_open(&a->diff, "diff stream", d->patch_fd,
		BSDIFF_HEADER + h.control_len, h.diff_len, e) < 0)
		return -1;
	return bz_open(&a->extra, "extra stream", d->patch_fd,
	    BSDIFF_HEADER + h.control_len + h.diff_len, h.extra_len, e);
}

int
bsdiff_apply(const struct delta_apply *d, struct err *e)
{
	CLEANUP(apply_free) struct apply *a = calloc(1, sizeof(*a));
	uint8_t got[SHA256_SIZE];

	if (a == NULL)
		return err_sys(e, "patch");
	if (apply_open(a, d, e) < 0 || apply_triples(a, e) < 0)
		return -1;
	/* damage behind the last byte that was needed is damage, too */
	if (bz_end(&a->control, e) < 0 || bz_end(&a->diff, e) < 0 ||
	    bz_end(&a->extra, e) < 0)
		return -1;
	digest_end(&a->digest, got);
	if (!d->unverified && memcmp(got, d->out_sha256, SHA256_SIZE) != 0)
		return err_set(e, ERR_AUTH,
		    "patch: the result is not the promised file (SHA-256)");
	return 0;
}
