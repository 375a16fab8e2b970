/*
 * One file, however often the connection breaks.  The signed size is an upper
 * and a lower bound, and the digest is taken from the descriptor that is
 * handed out.
 */
#include "client/download.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/text.h"

#define ATTEMPTS 4 /* that bring next to nothing, in a row */

struct running {
	const struct download *d;
};

static int
progressed(void *ctx, int64_t done)
{
	const struct download *d = ((struct running *)ctx)->d;

	return d->progress == NULL
	    ? 0
	    : d->progress(d->ctx, done, d->target->length);
}

/* The folder is ours alone, or it is not used (squatting, CVE-2022-46330). */
static int
private_folder(const char *folder, struct err *e)
{
	struct stat st;

	if (file_mkdirs(folder, 0700, e) < 0)
		return -1;
	if (lstat(folder, &st) < 0)
		return err_sys(e, "%s", folder);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0)
		return err_set(e, ERR_REFUSED,
		    "%s must be a folder of this user alone (mode 0700)",
		    folder);
	return 0;
}

static int
open_part(const char *path, int64_t *have, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;

	if (fd < 0)
		return err_sys(e, "%s", path);
	if (fstat(fd, &st) < 0) {
		(void)err_sys(e, "%s", path);
	} else if (!S_ISREG(st.st_mode) || st.st_nlink != 1 ||
	    st.st_uid != geteuid()) {
		err_set(e, ERR_REFUSED, "%s is not ours", path);
	} else {
		*have = st.st_size;
		return fd;
	}
	(void)close(fd);
	return -1;
}

static int
room_for(const char *folder, int64_t bytes, struct err *e)
{
	struct statvfs v;
	char need[32];

	if (statvfs(folder, &v) < 0)
		return 0; /* then writing will tell */
	if ((int64_t)v.f_bavail * (int64_t)v.f_frsize >= bytes)
		return 0;
	return err_set(e, ERR_SYS, "%s: no room for %s", folder,
	    size_text(need, sizeof(need), bytes));
}

static int
cut(int fd, const char *path, int64_t *have, struct err *e)
{
	*have = 0;
	return ftruncate(fd, 0) < 0 ? err_sys(e, "%s", path) : 0;
}

static int64_t
length(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : (int64_t)st.st_size;
}

/* 2: try again from the start; 1: try again; 0: complete (or more); -1: no use.
 */
static int
one_attempt(const struct download *d, struct origin_file *f, struct err *e)
{
	int64_t before = f->have;

	if (origin_download(d->origin, f, e) == 0) {
		f->have = length(f->fd);
		if (f->have >= f->size)
			return 0;
		err_set(e, ERR_SYS, "%s: ended early", f->path);
		return 1;
	}
	f->have = length(f->fd);
	/* what a resumed answer made too long may be right from the start */
	if (e->kind == ERR_LIMIT && before > 0)
		return cut(f->fd, f->path, &f->have, e) < 0 ? -1 : 2;
	return e->kind == ERR_SYS && !d->origin->local ? 1 : -1;
}

/* *resumed: set when what came is of more than one answer. */
static int
fetch_all(const struct download *d, struct origin_file *f, bool *resumed,
    struct err *e)
{
	int64_t end_ms = clock_mono_ms() + d->config->deadline_s * 1000;
	int idle = 0, anew = 0;

	while (f->have < f->size) {
		int64_t before = f->have;
		int64_t left_s = (end_ms - clock_mono_ms()) / 1000;
		int rc;

		if (left_s <= 0)
			return err_set(
			    e, ERR_SYS, "%s: took too long", f->path);
		f->deadline_s = left_s;
		*resumed |= before > 0;
		if ((rc = one_attempt(d, f, e)) <= 0)
			return rc;
		/* a source that has less than was signed: once, not for ever */
		if (rc == 2 && anew++ > 0)
			return err_set(e, ERR_SYS,
			    "%s: the source has less than was signed", f->path);
		/* one byte for each connection is no progress, either */
		idle = f->have - before >= d->config->min_speed ? 0 : idle + 1;
		if (idle >= ATTEMPTS || d->origin->retry_after_s > 0)
			return -1;
		if (idle > 0) {
			struct timespec t = { .tv_sec = 1 << (idle - 1) };

			(void)nanosleep(&t, NULL);
		}
	}
	return 0;
}

static int
verify(const struct download *d, int fd, struct err *e)
{
	uint8_t sum[SHA256_SIZE];
	int64_t size;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "%s", d->target->path);
	if (digest_fd(fd, sum, &size, NULL, NULL, e) < 0)
		return err_in(e, "%s", d->target->path);
	if (size != d->target->length ||
	    memcmp(sum, d->target->sha256, sizeof(sum)) != 0)
		return err_set(
		    e, ERR_AUTH, "%s: not what was signed", d->target->path);
	return lseek(fd, 0, SEEK_SET) < 0 ? err_sys(e, "%s", d->target->path)
					  : 0;
}

/* What was resumed from may be what is wrong: then once more from the start. */
static int
fetch_verified(const struct download *d, struct origin_file *f,
    const char *path, struct err *e)
{
	bool resumed, again = true;

	for (;;) {
		resumed = f->have > 0;
		if (fetch_all(d, f, &resumed, e) < 0)
			return -1;
		if (verify(d, f->fd, e) == 0)
			return 0;
		if (e->kind != ERR_AUTH || !resumed || !again)
			break;
		again = false;
		if (cut(f->fd, path, &f->have, e) < 0)
			break;
	}
	(void)unlink(path);
	return -1;
}

int
download_run(const struct download *d, struct err *e)
{
	char hex[SHA256_HEX_SIZE], path[4096];
	struct running r = { d };
	struct origin_file f = { .size = d->target->length,
		.min_speed = d->config->min_speed,
		.progress = progressed,
		.ctx = &r };
	AUTO_ARENA a = arena_new(65536);
	AUTO_FD fd = -1;
	char *below;
	int done;

	if (a == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	if (d->target->length > d->config->size_max)
		return err_set(e, ERR_LIMIT, "%s is larger than size_max",
		    d->target->path);
	hex_write(hex, d->target->sha256, SHA256_SIZE);
	if (private_folder(d->folder, e) < 0 ||
	    (below = role_path(a, d->target, e)) == NULL ||
	    (f.path = arena_printf(a, e, "targets/%s", below)) == NULL)
		return -1;
	if (snprintf(path, sizeof(path), "%s/%s.part", d->folder, hex) >=
	    (int)sizeof(path))
		return err_set(e, ERR_LIMIT, "%s: too long", d->folder);
	if ((fd = open_part(path, &f.have, e)) < 0)
		return -1;
	f.fd = fd;
	if (f.have > f.size && cut(fd, path, &f.have, e) < 0)
		return -1;
	if (room_for(d->folder, f.size - f.have, e) < 0 ||
	    fetch_verified(d, &f, path, e) < 0)
		return -1;
	done = fd;
	fd = -1;
	return done;
}

int
download_drop(const char *folder, struct err *e)
{
	return file_remove_tree(folder, e);
}
