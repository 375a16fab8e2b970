/*
 * Files: reading whole, replacing atomically.  Trees are in tree.c.
 */
#include "manifest/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "manifest/base/buf.h"

int
file_read_fd(struct arena *a, int fd, const char *name, size_t max,
    struct bytes *out, struct err *e)
{
	AUTO_BUF b;
	uint8_t step[65536];

	buf_init(&b, max);
	for (;;) {
		ssize_t n = read(fd, step, sizeof(step));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "%s", name);
		if (n == 0)
			break;
		buf_add(&b, step, (size_t)n);
		if (b.starved)
			return err_set(e, ERR_SYS, "%s: out of memory", name);
		if (b.failed)
			return err_set(e, ERR_LIMIT,
			    "%s: longer than %zu bytes", name, max);
	}
	out->len = b.len;
	out->at =
	    arena_bytes(a, b.len == 0 ? "" : (const char *)b.at, b.len, e);
	return out->at == NULL ? err_in(e, "%s", name) : 0;
}

int
file_read(struct arena *a, const char *path, size_t max, struct bytes *out,
    struct err *e)
{
	struct stat st;
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "%s: not a regular file", path);
	return file_read_fd(a, fd, path, max, out, e);
}

ssize_t
file_pread(int fd, void *at, size_t len, off_t off)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = pread(fd, (char *)at + done, len - done, off + (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int
file_write_all(
    int fd, const void *at, size_t len, const char *name, struct err *e)
{
	const uint8_t *p = at;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "%s", name);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The folder of a path, as a string that the caller frees. */
static char *
parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return strdup(".");
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

int
file_sync_dir(const char *path, struct err *e)
{
	AUTO_FD fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return err_sys(e, "%s", path);
	return 0;
}

static int
sync_parent(const char *path, struct err *e)
{
	AUTO_FREE char *dir = parent(path);

	if (dir == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	return file_sync_dir(dir, e);
}

/* The content under a temporary name beside path; *temp is freed by caller. */
static int
write_temp(const char *path, const void *at, size_t len, mode_t mode,
    char **temp, struct err *e)
{
	AUTO_FD fd = -1;

	if (asprintf(temp, "%s.XXXXXX", path) < 0) {
		*temp = NULL;
		return err_set(e, ERR_SYS, "out of memory");
	}
	fd = mkostemp(*temp, O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "%s", path);
	if (file_write_all(fd, at, len, path, e) < 0) {
		(void)unlink(*temp);
		return -1;
	}
	if (fchmod(fd, mode) < 0 || fsync(fd) < 0) {
		(void)err_sys(e, "%s", path);
		(void)unlink(*temp);
		return -1;
	}
	return 0;
}

int
file_replace(
    const char *path, const void *at, size_t len, mode_t mode, struct err *e)
{
	AUTO_FREE char *temp = NULL;

	if (write_temp(path, at, len, mode, &temp, e) < 0)
		return -1;
	if (rename(temp, path) < 0) {
		(void)err_sys(e, "%s", path);
		(void)unlink(temp);
		return -1;
	}
	return sync_parent(path, e);
}

int
file_create(
    const char *path, const void *at, size_t len, mode_t mode, struct err *e)
{
	AUTO_FREE char *temp = NULL;

	if (write_temp(path, at, len, mode, &temp, e) < 0)
		return -1;
	if (link(temp, path) < 0) {
		int saved = errno;

		(void)unlink(temp);
		if (saved == EEXIST)
			return err_set(
			    e, ERR_CONFLICT, "%s: exists already", path);
		errno = saved;
		return err_sys(e, "%s", path);
	}
	(void)unlink(temp);
	if (sync_parent(path, e) == 0)
		return 0;
	(void)unlink(path);
	return -1;
}

static int
copy_bytes(int from, int to, const char *name, struct err *e)
{
	for (;;) {
		ssize_t n =
		    copy_file_range(from, NULL, to, NULL, (size_t)1 << 24, 0);
		uint8_t step[65536];

		if (n < 0 &&
		    (errno == EXDEV || errno == EINVAL || errno == ENOSYS ||
			errno == EOPNOTSUPP)) {
			n = read(from, step, sizeof(step));
			if (n > 0 &&
			    file_write_all(to, step, (size_t)n, name, e) < 0)
				return -1;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "%s", name);
		if (n == 0)
			return 0;
	}
}

int
file_copy(const char *from, const char *to, mode_t mode, struct err *e)
{
	AUTO_FREE char *temp = NULL;
	AUTO_FD in = open(from, O_RDONLY | O_CLOEXEC);
	AUTO_FD out = -1;

	if (in < 0)
		return err_sys(e, "%s", from);
	if (write_temp(to, "", 0, mode, &temp, e) < 0)
		return -1;
	out = open(temp, O_WRONLY | O_CLOEXEC);
	if (out < 0)
		(void)err_sys(e, "%s", temp);
	if (out < 0 || copy_bytes(in, out, to, e) < 0) {
		(void)unlink(temp);
		return -1;
	}
	if (fsync(out) < 0 || rename(temp, to) < 0) {
		(void)err_sys(e, "%s", to);
		(void)unlink(temp);
		return -1;
	}
	return sync_parent(to, e);
}

int64_t
file_size(const char *path, struct err *e)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return err_sys(e, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "%s: not a regular file", path);
	return st.st_size;
}

bool
file_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

int
file_open_beneath(
    int dirfd, const char *path, int flags, mode_t mode, struct err *e)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
		.mode = (flags & O_CREAT) != 0 ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
		    RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

	if (fd < 0)
		return err_sys(e, "%s", path);
	return (int)fd;
}

int
file_lock(const char *path, bool wait, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(e, "%s", path);
	while (flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)) < 0) {
		if (errno == EINTR)
			continue;
		if (errno == EWOULDBLOCK)
			err_set(e, ERR_CONFLICT, "%s: held by another process",
			    path);
		else
			(void)err_sys(e, "%s", path);
		(void)close(fd);
		return -1;
	}
	return fd;
}

char *
file_path(struct arena *a, struct err *e, const char *dir, const char *name)
{
	size_t n = strlen(dir);

	return arena_printf(
	    a, e, "%s%s%s", dir, n > 0 && dir[n - 1] == '/' ? "" : "/", name);
}
