/*
 * The reserve: a file, and what statvfs(3) says of the disk below it.
 */
#include "server/store/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "manifest/base/file.h"

/* A change takes some 100 KiB: the journal's pages, a round, the brake's file. */
#define FULL (RESERVE_SIZE / 8)

static int
open_reserve(const struct store *s, int flags)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/db/reserve", s->conf->state) >=
	    (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* Bytes free for the server beside the reserve; -1: not known. */
static int64_t
free_bytes(int fd)
{
	struct statvfs v;

	if (fstatvfs(fd, &v) < 0)
		return -1;
	return (int64_t)v.f_bavail * (int64_t)v.f_frsize;
}

void
reserve_keep(struct store *s)
{
	AUTO_FD fd = open_reserve(s, O_WRONLY | O_CREAT);
	struct stat st;
	int failed;

	if (fd < 0 || fstat(fd, &st) < 0) {
		log_error("reserve_failed", F("errno", (int64_t)errno));
		return;
	}
	s->reserve_open = st.st_size < RESERVE_SIZE;
	if (!s->reserve_open || free_bytes(fd) < 2 * RESERVE_SIZE)
		return;
	/* a file with holes would hold nothing; half a one is made whole later */
	failed = posix_fallocate(fd, 0, RESERVE_SIZE);
	if (failed != 0)
		log_error("reserve_failed", F("errno", (int64_t)failed));
	else
		s->reserve_open = false;
}

void
reserve_use(struct store *s)
{
	AUTO_FD fd = open_reserve(s, O_WRONLY);
	int64_t left = fd < 0 ? -1 : free_bytes(fd);

	if (left < 0 || left >= FULL || s->reserve_open)
		return;
	s->reserve_open = true;
	if (ftruncate(fd, 0) == 0)
		log_error(
		    "disk_full", F("free", left), F("given_up", RESERVE_SIZE));
}

bool
reserve_open(const struct store *s)
{
	return s->reserve_open;
}
