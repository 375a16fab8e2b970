/*
 * The part of reading that a hostile file meets: libzstd, then libarchive with
 * its tar reader and nothing else.  The frame is undone here and not by
 * libarchive's filter, because that one stops where the tar ends: the frame's
 * checksum, and whatever follows it, would go unread.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "manifest/base/unpack.h"

#define HEADERS_MAX (32 * 1024) /* bytes of tar around one member */
#define PADDING_MAX (64 * 1024) /* after the last */

struct walk {
	const struct unpack_walk *io;
	ZSTD_DStream *zstd;
	ZSTD_inBuffer in;
	bool eof;   /* of the input */
	bool ended; /* the frame is whole and its checksum right */
	int64_t out, allowed;
	crypto_hash_sha256_state sum; /* of the frame */
	struct err err;
	uint8_t raw[65536], plain[131072];
};

static int
refill(struct walk *w, struct err *e)
{
	ssize_t n;

	if (w->in.pos < w->in.size || w->eof)
		return 0;
	n = w->io->read(w->io->ctx, w->raw, sizeof(w->raw), e);
	if (n < 0)
		return -1;
	w->eof = n == 0;
	w->in = (ZSTD_inBuffer){ w->raw, (size_t)n, 0 };
	return 0;
}

/* The next plain bytes; 0 at the end of the frame, which must be the end. */
static ssize_t
plain(struct walk *w, struct err *e)
{
	ZSTD_outBuffer out = { w->plain, sizeof(w->plain), 0 };

	while (out.pos == 0 && !w->ended) {
		size_t left, from;

		if (refill(w, e) < 0)
			return -1;
		if (w->eof)
			return err_set(
			    e, ERR_INPUT, "the archive ends too early");
		from = w->in.pos;
		left = ZSTD_decompressStream(w->zstd, &out, &w->in);
		(void)crypto_hash_sha256_update(
		    &w->sum, w->raw + from, w->in.pos - from);
		if (ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation)
			return err_set(e, ERR_SYS, "out of memory");
		if (ZSTD_isError(left))
			return err_set(e, ERR_INPUT,
			    "the archive is damaged: %s",
			    ZSTD_getErrorName(left));
		w->ended = left == 0;
	}
	w->out += (int64_t)out.pos;
	if (w->out > w->allowed)
		return err_set(e, ERR_LIMIT,
		    "the archive holds more than its members say");
	return (ssize_t)out.pos;
}

static la_ssize_t
to_tar(struct archive *a, void *ctx, const void **at)
{
	struct walk *w = ctx;
	ssize_t n = plain(w, &w->err);

	*at = w->plain;
	if (n < 0)
		archive_set_error(a, EIO, "%s", w->err.msg);
	return n;
}

static int
failed(struct walk *w, struct archive *a, struct err *e)
{
	const char *why = archive_error_string(a);

	if (w->err.kind != ERR_NONE) {
		*e = w->err;
		return -1;
	}
	if (archive_errno(a) == ENOMEM)
		return err_set(e, ERR_SYS, "out of memory");
	return err_set(e, ERR_INPUT, "the archive is damaged: %s",
	    why == NULL ? "not a tar" : why);
}

/* What a member of ours may be: a regular file, and no more. */
static int
check_entry(struct archive_entry *n, struct unpack_member *m, struct err *e)
{
	const char *name = archive_entry_pathname(n);

	if (name == NULL || name[0] == '\0' || strlen(name) > UNPACK_NAME_MAX)
		return err_set(
		    e, ERR_INPUT, "a member's name is not one, or too long");
	(void)strncpy(m->name, name, sizeof(m->name));
	if (archive_entry_hardlink(n) != NULL ||
	    archive_entry_symlink(n) != NULL ||
	    archive_entry_filetype(n) != AE_IFREG)
		return err_set(
		    e, ERR_INPUT, "%.100s: not a regular file", m->name);
	if (archive_entry_sparse_count(n) > 0 ||
	    archive_entry_xattr_count(n) > 0 || archive_entry_acl_types(n) != 0)
		return err_set(e, ERR_INPUT,
		    "%.100s: has attributes that no bundle has", m->name);
	if (!archive_entry_size_is_set(n) || archive_entry_size(n) < 0)
		return err_set(e, ERR_INPUT, "%.100s: has no size", m->name);
	m->size = archive_entry_size(n);
	return 0;
}

static int
copy(struct walk *w, struct archive *a, const struct unpack_member *m,
    struct err *e)
{
	uint8_t room[65536];
	int64_t left = m->size;

	while (left > 0) {
		size_t want =
		    left < (int64_t)sizeof(room) ? (size_t)left : sizeof(room);
		la_ssize_t n = archive_read_data(a, room, want);

		if (n < 0)
			return failed(w, a, e);
		if (n == 0)
			return err_set(e, ERR_INPUT,
			    "%.100s: the archive ends too early", m->name);
		if (w->io->data(w->io->ctx, room, (size_t)n, e) < 0)
			return -1;
		left -= n;
	}
	return 0;
}

static int
members(struct walk *w, struct archive *a, struct err *e)
{
	struct archive_entry *n;
	struct unpack_member m;
	int rc;

	while ((rc = archive_read_next_header(a, &n)) == ARCHIVE_OK) {
		if (check_entry(n, &m, e) < 0)
			return -1;
		/* the caller says no to sizes that it does not expect */
		if (w->io->member(w->io->ctx, &m, e) < 0)
			return -1;
		if (__builtin_add_overflow(
			w->allowed, m.size + HEADERS_MAX, &w->allowed))
			return err_set(
			    e, ERR_LIMIT, "the archive is too large");
		if (copy(w, a, &m, e) < 0)
			return -1;
	}
	return rc == ARCHIVE_EOF ? 0 : failed(w, a, e);
}

/* The rest of the input: exactly the seal. */
static int
check_seal(struct walk *w, struct err *e)
{
	uint8_t want[UNPACK_SEAL_SIZE] = UNPACK_SEAL_MAGIC;
	uint8_t is[UNPACK_SEAL_SIZE];
	size_t n = 0;

	(void)crypto_hash_sha256_final(&w->sum, want + 8);
	for (;;) {
		if (refill(w, e) < 0)
			return -1;
		if (w->eof)
			break;
		if (n == sizeof(is))
			return err_set(
			    e, ERR_INPUT, "something follows the archive");
		while (n < sizeof(is) && w->in.pos < w->in.size)
			is[n++] = w->raw[w->in.pos++];
	}
	if (n < sizeof(is))
		return err_set(e, ERR_INPUT, "the archive ends too early");
	return memcmp(is, want, sizeof(is)) == 0
	    ? 0
	    : err_set(e, ERR_INPUT, "the archive is damaged");
}

/* After the tar: zeros, the frame's checksum, the seal. */
static int
drain(struct walk *w, struct err *e)
{
	ssize_t n;

	while ((n = plain(w, e)) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (w->plain[i] != 0)
				return err_set(e, ERR_INPUT,
				    "something follows the archive's end");
		}
	}
	return n < 0 ? -1 : check_seal(w, e);
}

/* Exactly the frame header that pack.c writes: magic, a checksum, no size, no
 * dictionary, the window. */
static int
check_frame(struct walk *w, struct err *e)
{
	static const uint8_t head[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x04,
		(UNPACK_WINDOW_LOG - 10) << 3 };

	if (refill(w, e) < 0)
		return -1;
	if (w->in.size < sizeof(head) ||
	    memcmp(w->raw, head, sizeof(head)) != 0)
		return err_set(e, ERR_INPUT, "not a bundle");
	return 0;
}

static void
freep(struct walk **w)
{
	if (*w != NULL)
		(void)ZSTD_freeDStream((*w)->zstd);
	free(*w);
}

int
unpack_walk(const struct unpack_walk *io, struct err *e)
{
	CLEANUP(freep) struct walk *w = calloc(1, sizeof(*w));
	struct archive *a = archive_read_new();
	int rc = -1;

	if (w == NULL || a == NULL ||
	    (w->zstd = ZSTD_createDStream()) == NULL) {
		(void)archive_read_free(a);
		return err_set(e, ERR_SYS, "out of memory");
	}
	w->io = io;
	(void)crypto_hash_sha256_init(&w->sum);
	w->allowed = HEADERS_MAX + PADDING_MAX + (int64_t)sizeof(w->plain);
	if (ZSTD_isError(ZSTD_DCtx_setParameter(
		w->zstd, ZSTD_d_windowLogMax, UNPACK_WINDOW_LOG)) ||
	    archive_read_support_format_tar(a) != ARCHIVE_OK)
		(void)err_set(e, ERR_SYS, "no tar, or no zstd");
	else if (check_frame(w, e) == 0)
		rc = archive_read_open(a, w, NULL, to_tar, NULL) == ARCHIVE_OK
		    ? 0
		    : failed(w, a, e);
	if (rc == 0)
		rc = members(w, a, e);
	if (rc == 0)
		rc = drain(w, e);
	(void)archive_read_free(a);
	return rc;
}
