/*
 * bzip2 streams over file descriptors.  Hostile input costs at most the time
 * to decompress what was asked for: memory is constant, nothing is read ahead
 * beyond one block.
 */
#include "delta/bz.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "manifest/base/file.h"

int
bz_open(struct bz_reader *r, const char *name, int fd, int64_t at, int64_t len,
    struct err *e)
{
	int rc;

	r->name = name;
	r->fd = fd;
	r->at = at;
	r->end = at + len;
	r->ended = false;
	r->z = (bz_stream){ 0 };
	rc = BZ2_bzDecompressInit(&r->z, 0, 0);
	r->open = rc == BZ_OK;
	if (rc == BZ_MEM_ERROR)
		return err_set(e, ERR_SYS, "%s: out of memory", name);
	if (rc != BZ_OK)
		return err_set(e, ERR_SYS, "%s: libbz2 says %d", name, rc);
	return 0;
}

void
bz_done(struct bz_reader *r)
{
	if (r->open)
		(void)BZ2_bzDecompressEnd(&r->z);
	r->open = false;
}

static int
refill(struct bz_reader *r, struct err *e)
{
	int64_t left = r->end - r->at;
	ssize_t got;

	if (left == 0)
		return err_set(e, ERR_INPUT, "%s ends early", r->name);
	do
		got = pread(
		    r->fd, r->in, left < BZ_BLOCK ? left : BZ_BLOCK, r->at);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(e, "%s", r->name);
	if (got == 0)
		return err_set(e, ERR_INPUT, "%s: file is shorter", r->name);
	r->at += got;
	r->z.next_in = r->in;
	r->z.avail_in = (unsigned)got;
	return 0;
}

/* Fill the output that z describes; 0 with avail_out > 0 at the end only. */
static int
fill(struct bz_reader *r, struct err *e)
{
	int rc;

	while (r->z.avail_out > 0 && !r->ended) {
		if (r->z.avail_in == 0 && refill(r, e) < 0)
			return -1;
		rc = BZ2_bzDecompress(&r->z);
		if (rc == BZ_STREAM_END)
			r->ended = true;
		else if (rc == BZ_MEM_ERROR)
			return err_set(
			    e, ERR_SYS, "%s: out of memory", r->name);
		else if (rc != BZ_OK)
			return err_set(e, ERR_INPUT, "%s is damaged", r->name);
	}
	return 0;
}

int
bz_read(struct bz_reader *r, void *out, size_t n, struct err *e)
{
	char *at = out;
	unsigned part;

	while (n > 0) {
		part = n < BZ_BLOCK ? (unsigned)n : BZ_BLOCK;
		r->z.next_out = at;
		r->z.avail_out = part;
		if (fill(r, e) < 0)
			return -1;
		if (r->z.avail_out > 0)
			return err_set(e, ERR_INPUT, "%s ends early", r->name);
		at += part;
		n -= part;
	}
	return 0;
}

int
bz_skip(struct bz_reader *r, int64_t n, struct err *e)
{
	char block[BZ_BLOCK];
	size_t part;

	while (n > 0) {
		part = n < BZ_BLOCK ? (size_t)n : BZ_BLOCK;
		if (bz_read(r, block, part, e) < 0)
			return -1;
		n -= (int64_t)part;
	}
	return 0;
}

int
bz_end(struct bz_reader *r, struct err *e)
{
	char more;

	r->z.next_out = &more;
	r->z.avail_out = 1;
	if (fill(r, e) < 0)
		return -1;
	if (r->z.avail_out == 0 || r->z.avail_in > 0 || r->at != r->end)
		return err_set(e, ERR_INPUT, "%s is too long", r->name);
	return 0;
}

int
bz_create(struct bz_writer *w, int fd, struct err *e)
{
	int rc;

	w->fd = fd;
	w->written = 0;
	w->z = (bz_stream){ 0 };
	rc = BZ2_bzCompressInit(&w->z, 9, 0, 0);
	w->open = rc == BZ_OK;
	if (rc != BZ_OK)
		return err_set(e, ERR_SYS, "compression: libbz2 says %d", rc);
	return 0;
}

void
bz_discard(struct bz_writer *w)
{
	if (w->open)
		(void)BZ2_bzCompressEnd(&w->z);
	w->open = false;
}

/* One step of libbz2 and its output to the file; *rc is what it said. */
static int
drain(struct bz_writer *w, int action, int *rc, struct err *e)
{
	size_t n;

	w->z.next_out = w->out;
	w->z.avail_out = BZ_BLOCK;
	*rc = BZ2_bzCompress(&w->z, action);
	if (*rc < 0)
		return err_set(e, ERR_SYS, "compression: libbz2 says %d", *rc);
	n = BZ_BLOCK - w->z.avail_out;
	w->written += (int64_t)n;
	return file_write_all(w->fd, w->out, n, "patch", e);
}

int
bz_write(struct bz_writer *w, const void *at, size_t n, struct err *e)
{
	const char *from = at;
	size_t part;
	int rc;

	while (n > 0) {
		part = n < BZ_BLOCK ? n : BZ_BLOCK;
		/* libbz2 wants its input writable */
		memcpy(w->in, from, part);
		w->z.next_in = w->in;
		w->z.avail_in = (unsigned)part;
		while (w->z.avail_in > 0)
			if (drain(w, BZ_RUN, &rc, e) < 0)
				return -1;
		from += part;
		n -= part;
	}
	return 0;
}

int
bz_finish(struct bz_writer *w, struct err *e)
{
	int rc;

	do
		if (drain(w, BZ_FINISH, &rc, e) < 0)
			return -1;
	while (rc != BZ_STREAM_END);
	bz_discard(w);
	return 0;
}
