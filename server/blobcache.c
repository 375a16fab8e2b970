/*
 * A table with one place per digest prefix: what falls together takes turns.
 */
#include "server/blobcache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest/base/file.h"

#define PLACES 256 /* at most 16 MiB in memory, or 256 descriptors */

struct blobcache {
	int dir_fd;
	struct blob places[PLACES];
};

struct blobcache *
blobcache_new(int dir_fd, struct err *e)
{
	struct blobcache *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		(void)err_set(e, ERR_SYS, "no memory for a cache");
		return NULL;
	}
	c->dir_fd = dir_fd;
	for (size_t i = 0; i < PLACES; i++)
		c->places[i].fd = -1;
	return c;
}

static void
drop(struct blob *b)
{
	if (b->fd >= 0)
		(void)close(b->fd);
	free(b->at);
	*b = (struct blob){ .fd = -1 };
}

void
blobcache_free(struct blobcache *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < PLACES; i++)
		drop(&c->places[i]);
	free(c);
}

/* Open "aa/<sha256>"; only a regular file that has no other name will do. */
static int
open_blob(
    const struct blobcache *c, const char *sha256, int64_t size, struct err *e)
{
	char path[SHA256_HEX_SIZE + 4];
	struct stat st;
	int fd;

	(void)snprintf(path, sizeof(path), "%.2s/%s", sha256, sha256);
	/* two names made of hex digits: nothing to leave the folder by */
	fd = openat(c->dir_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_MISSING, "no blob %s", sha256);
	if (fd < 0)
		return err_sys(e, "blob %s", sha256);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 ||
	    st.st_size != size) {
		(void)close(fd);
		return err_set(
		    e, ERR_AUTH, "blob %s is not as announced", sha256);
	}
	return fd;
}

static uint8_t *
load(int fd, int64_t size, const char *sha256, struct err *e)
{
	char hex[SHA256_HEX_SIZE];
	uint8_t *at = malloc((size_t)size + 1);

	if (at == NULL) {
		(void)err_set(e, ERR_SYS, "no memory for a blob");
		return NULL;
	}
	if (file_pread(fd, at, (size_t)size, 0) == size) {
		sha256_hex(hex, at, (size_t)size);
		if (strcmp(hex, sha256) == 0)
			return at;
	}
	free(at);
	(void)err_set(e, ERR_AUTH, "blob %s has another digest", sha256);
	return NULL;
}

const struct blob *
blobcache_get(
    struct blobcache *c, const char *sha256, int64_t size, struct err *e)
{
	uint8_t raw[SHA256_SIZE];
	struct blob *b;
	AUTO_FD fd = -1;

	if (hex_read(raw, sizeof(raw), sha256) < 0 ||
	    sha256[2 * sizeof(raw)] != 0) {
		(void)err_set(e, ERR_INPUT, "not a digest");
		return NULL;
	}
	b = &c->places[raw[0] % PLACES];
	if (strcmp(b->sha256, sha256) == 0 && b->size == size)
		return b;
	if ((fd = open_blob(c, sha256, size, e)) < 0)
		return NULL;
	drop(b);
	if (size <= BLOBCACHE_SMALL) {
		if ((b->at = load(fd, size, sha256, e)) == NULL)
			return NULL;
	} else {
		b->fd = fd;
		fd = -1;
	}
	memcpy(b->sha256, sha256, SHA256_HEX_SIZE);
	b->size = size;
	return b;
}
