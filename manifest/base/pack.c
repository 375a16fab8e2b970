/*
 * libarchive writes the tar, libzstd the frame: libarchive's own zstd filter
 * leaves out the frame's checksum, and with it a damaged byte of padding would
 * go unnoticed.
 */
#include "manifest/base/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "manifest/base/file.h"
#include "manifest/base/unpack.h"

#define LEVEL 6

struct pack {
	struct pack_ask ask;
	struct archive *tar;
	struct archive_entry *entry;
	ZSTD_CCtx *zstd;
	int fd;	   /* of the part being written */
	int lock;  /* of the first part, until all have their names */
	int parts; /* begun */
	bool closed;
	int64_t in_part, total;
	struct err err; /* of a callback */
	crypto_hash_sha256_state sum;
	uint8_t out[65536];
};

static int
name_part(const struct pack *p, int part, bool final, char out[PATH_MAX],
    struct err *e)
{
	const char *end = final ? "" : ".partial";
	int n = p->ask.split == 0
	    ? snprintf(out, PATH_MAX, "%s%s", p->ask.path, end)
	    : snprintf(out, PATH_MAX, "%s.%03d%s", p->ask.path, part, end);

	return n >= PATH_MAX
	    ? err_set(e, ERR_USAGE, "%s: too long", p->ask.path)
	    : 0;
}

static int
end_part(struct pack *p, struct err *e)
{
	int fd = p->fd;

	if (fd < 0)
		return 0;
	p->fd = -1;
	if (fsync(fd) < 0 || close(fd) < 0)
		return err_sys(e, "%s", p->ask.path);
	return 0;
}

static int
exists(const struct pack *p, int part, struct err *e)
{
	char path[PATH_MAX];

	if (name_part(p, part, true, path, e) < 0)
		return -1;
	return file_exists(path) ? err_set(e, ERR_CONFLICT, "%s exists", path)
				 : 0;
}

/* Two processes must not write into one file, nor rename another's. */
static int
lock_first(struct pack *p, int fd, const char *path, struct err *e)
{
	struct stat is, named;
	bool ours = flock(fd, LOCK_EX | LOCK_NB) == 0;

	if (!ours && errno != EWOULDBLOCK)
		return err_sys(e, "%s", path);
	if (fstat(fd, &is) < 0)
		return err_sys(e, "%s", path);
	/* whoever had the lock before has renamed or removed it */
	if (lstat(path, &named) < 0) {
		if (errno != ENOENT)
			return err_sys(e, "%s", path);
		ours = false;
	}
	if (!ours || is.st_dev != named.st_dev || is.st_ino != named.st_ino)
		return err_set(e, ERR_CONFLICT, "another process is making %s",
		    p->ask.path);
	p->lock = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return p->lock < 0 ? err_sys(e, "%s", path) : exists(p, 0, e);
}

static int
begin_part(struct pack *p, struct err *e)
{
	char path[PATH_MAX];
	AUTO_FD fd = -1;

	if (end_part(p, e) < 0)
		return -1;
	if (p->parts == PACK_PARTS_MAX)
		return err_set(e, ERR_LIMIT,
		    "more than %d parts: a larger"
		    " --split",
		    PACK_PARTS_MAX);
	if (exists(p, p->parts, e) < 0 ||
	    name_part(p, p->parts, false, path, e) < 0)
		return -1;
	fd = open(path,
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(e, "%s", path);
	if (p->parts == 0 && lock_first(p, fd, path, e) < 0)
		return -1;
	if (ftruncate(fd, 0) < 0)
		return err_sys(e, "%s", path);
	p->fd = fd;
	fd = -1;
	p->parts++;
	p->in_part = 0;
	return 0;
}

static int
put(struct pack *p, const uint8_t *at, size_t len, struct err *e)
{
	while (len > 0) {
		size_t n = len;

		if (p->parts == 0 ||
		    (p->ask.split > 0 && p->in_part == p->ask.split)) {
			if (begin_part(p, e) < 0)
				return -1;
		}
		if (p->ask.split > 0 && (int64_t)n > p->ask.split - p->in_part)
			n = (size_t)(p->ask.split - p->in_part);
		if (file_write_all(p->fd, at, n, p->ask.path, e) < 0)
			return -1;
		(void)crypto_hash_sha256_update(&p->sum, at, n);
		at += n;
		len -= n;
		p->in_part += (int64_t)n;
		p->total += (int64_t)n;
	}
	return 0;
}

static int
compress(struct pack *p, const void *at, size_t len, bool last, struct err *e)
{
	ZSTD_inBuffer in = { at, len, 0 };
	size_t left;

	do {
		ZSTD_outBuffer out = { p->out, sizeof(p->out), 0 };

		left = ZSTD_compressStream2(
		    p->zstd, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return err_set(
			    e, ERR_SYS, "zstd: %s", ZSTD_getErrorName(left));
		if (put(p, p->out, out.pos, e) < 0)
			return -1;
	} while (last ? left > 0 : in.pos < in.size);
	return 0;
}

static int
seal(struct pack *p, struct err *e)
{
	uint8_t end[UNPACK_SEAL_SIZE] = UNPACK_SEAL_MAGIC;

	(void)crypto_hash_sha256_final(&p->sum, end + 8);
	return put(p, end, sizeof(end), e);
}

static la_ssize_t
from_tar(struct archive *a, void *ctx, const void *at, size_t len)
{
	struct pack *p = ctx;

	if (compress(p, at, len, false, &p->err) == 0)
		return (la_ssize_t)len;
	archive_set_error(a, EIO, "%s", p->err.msg);
	return -1;
}

static int
failed(struct pack *p, struct err *e)
{
	const char *why = archive_error_string(p->tar);

	if (p->err.kind != ERR_NONE) {
		*e = p->err;
		return -1;
	}
	return err_set(e, ERR_SYS, "tar: %s", why == NULL ? "failed" : why);
}

static int
begin(struct pack *p, struct err *e)
{
	(void)crypto_hash_sha256_init(&p->sum);
	if (exists(p, 0, e) < 0)
		return -1;
	if ((p->tar = archive_write_new()) == NULL ||
	    (p->entry = archive_entry_new()) == NULL ||
	    (p->zstd = ZSTD_createCCtx()) == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	(void)ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_compressionLevel, LEVEL);
	(void)ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_checksumFlag, 1);
	(void)ZSTD_CCtx_setParameter(
	    p->zstd, ZSTD_c_windowLog, UNPACK_WINDOW_LOG);
	if (archive_write_set_format_pax_restricted(p->tar) != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(p->tar, 10240) != ARCHIVE_OK ||
	    archive_write_open(p->tar, p, NULL, from_tar, NULL) != ARCHIVE_OK)
		return failed(p, e);
	return 0;
}

struct pack *
pack_open(const struct pack_ask *ask, struct err *e)
{
	struct pack *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		(void)err_set(e, ERR_SYS, "out of memory");
		return NULL;
	}
	p->ask = *ask;
	p->fd = p->lock = -1;
	if (begin(p, e) == 0)
		return p;
	pack_free(p);
	return NULL;
}

int
pack_member(
    struct pack *p, const char *name, int64_t size, int mode, struct err *e)
{
	struct archive_entry *n = archive_entry_clear(p->entry);

	archive_entry_set_pathname(n, name);
	archive_entry_set_filetype(n, AE_IFREG);
	archive_entry_set_perm(n, (__LA_MODE_T)mode);
	archive_entry_set_size(n, size);
	archive_entry_set_uid(n, 0);
	archive_entry_set_gid(n, 0);
	archive_entry_set_mtime(n, (time_t)p->ask.modified_s, 0);
	return archive_write_header(p->tar, n) == ARCHIVE_OK ? 0 : failed(p, e);
}

int
pack_data(struct pack *p, const void *at, size_t len, struct err *e)
{
	/* more than announced is cut by libarchive, which says so */
	if (len == 0 || archive_write_data(p->tar, at, len) == (la_ssize_t)len)
		return 0;
	return failed(p, e);
}

/* The first part last: a reader begins there.  All of them or none. */
static int
name_parts(struct pack *p, struct err *e)
{
	char from[PATH_MAX], to[PATH_MAX];
	int i;

	for (i = p->parts - 1; i >= 0; i--) {
		if (name_part(p, i, false, from, e) < 0 ||
		    name_part(p, i, true, to, e) < 0)
			break;
		if (rename(from, to) < 0) {
			(void)err_sys(e, "%s", to);
			break;
		}
	}
	if (i < 0) {
		/* what a run left that was ended in the middle */
		i = p->parts;
		while (
		    name_part(p, i, false, from, e) == 0 && unlink(from) == 0)
			i++;
		return 0;
	}
	while (++i < p->parts) {
		struct err none;

		if (name_part(p, i, true, to, &none) == 0)
			(void)unlink(to);
	}
	return -1;
}

int
pack_close(struct pack *p, int *parts, int64_t *bytes, struct err *e)
{
	char path[PATH_MAX], *slash;

	if (archive_write_close(p->tar) != ARCHIVE_OK)
		return failed(p, e);
	if (compress(p, NULL, 0, true, e) < 0 || seal(p, e) < 0 ||
	    end_part(p, e) < 0)
		return -1;
	/* one more would be read as a part of this one */
	if ((p->ask.split > 0 && exists(p, p->parts, e) < 0) ||
	    name_parts(p, e) < 0)
		return -1;
	p->closed = true;
	*parts = p->parts;
	*bytes = p->total;
	(void)snprintf(path, sizeof(path), "%s", p->ask.path);
	if ((slash = strrchr(path, '/')) == NULL)
		return file_sync_dir(".", e);
	slash[slash == path] = '\0';
	return file_sync_dir(path, e);
}

void
pack_free(struct pack *p)
{
	char path[PATH_MAX];
	struct err e;

	if (p == NULL)
		return;
	if (p->fd >= 0)
		(void)close(p->fd);
	for (int i = 0; !p->closed && i < p->parts; i++) {
		if (name_part(p, i, false, path, &e) == 0)
			(void)unlink(path);
	}
	/* a tar that is freed is closed first: it must not write then */
	if (p->tar != NULL) {
		if (!p->closed)
			(void)archive_write_fail(p->tar);
		(void)archive_write_free(p->tar);
	}
	if (p->lock >= 0)
		(void)close(p->lock);
	archive_entry_free(p->entry);
	(void)ZSTD_freeCCtx(p->zstd);
	free(p);
}
