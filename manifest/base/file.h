/*
 * Files: read whole with a limit, replace atomically, open beneath a folder.
 * Every message names the path.
 */
#ifndef SLUICE_FILE_H
#define SLUICE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"

/*
 * file_read - a whole regular file of at most max bytes into the arena (a NUL
 * follows).  ERR_MISSING if there is none, ERR_LIMIT if it is longer.
 */
int file_read(struct arena *a, const char *path, size_t max, struct bytes *out,
    struct err *e) MUST_CHECK;

/* file_read_fd - as file_read from an open descriptor, from its offset on. */
int file_read_fd(struct arena *a, int fd, const char *name, size_t max,
    struct bytes *out, struct err *e) MUST_CHECK;

/*
 * file_replace - write to a temporary name in the same folder, fsync, rename,
 * fsync the folder: a reader sees the old file or the new one.
 */
int file_replace(const char *path, const void *at, size_t len, mode_t mode,
    struct err *e) MUST_CHECK;

/* file_create - as file_replace, but ERR_CONFLICT if path exists. */
int file_create(const char *path, const void *at, size_t len, mode_t mode,
    struct err *e) MUST_CHECK;

/* file_pread - len bytes at an offset, fewer only where the file ends; -1 with
 * errno. */
ssize_t file_pread(int fd, void *at, size_t len, off_t off) MUST_CHECK;

/* file_write_all - write every byte or fail (EINTR and short writes). */
int file_write_all(int fd, const void *at, size_t len, const char *name,
    struct err *e) MUST_CHECK;

/* file_copy - regular file to a new regular file (reflink where possible),
 * fsynced; replaces atomically. */
int file_copy(
    const char *from, const char *to, mode_t mode, struct err *e) MUST_CHECK;

/* file_mkdirs - make path and its parents (mode for new ones). */
int file_mkdirs(const char *path, mode_t mode, struct err *e) MUST_CHECK;

/* file_sync_dir - fsync a folder, so that a rename in it survives power loss.*/
int file_sync_dir(const char *path, struct err *e) MUST_CHECK;

/* file_size - size of a regular file, or -1 with ERR_MISSING/ERR_SYS. */
int64_t file_size(const char *path, struct err *e) MUST_CHECK;

bool file_exists(const char *path);

/* file_remove_tree - rm -rf, never following links; missing is success. */
int file_remove_tree(const char *path, struct err *e) MUST_CHECK;

/*
 * file_open_beneath - open a relative path below the folder dirfd without
 * following any link or leaving it (openat2).  Returns the descriptor or -1.
 */
int file_open_beneath(int dirfd, const char *path, int flags, mode_t mode,
    struct err *e) MUST_CHECK;

/*
 * file_lock - create path if needed and take an exclusive lock that lasts
 * until the returned descriptor is closed; ERR_CONFLICT when held by another
 * process and wait is false.
 */
int file_lock(const char *path, bool wait, struct err *e) MUST_CHECK;

/*
 * file_each - call fn for every regular file below dir, sorted by path; the
 * path given is relative.  Links and other kinds are an error (ERR_INPUT).
 * Stops at the first -1.
 */
int file_each(const char *dir,
    int (*fn)(void *ctx, const char *path, int64_t size, struct err *e),
    void *ctx, struct err *e) MUST_CHECK;

/* file_path - "dir/name" into the arena. */
char *file_path(struct arena *a, struct err *e, const char *dir,
    const char *name) MUST_CHECK;

static inline void
fd_closep(int *fd)
{
	extern int close(int);
	if (*fd >= 0)
		(void)close(*fd);
}
#define AUTO_FD CLEANUP(fd_closep) int

#endif
