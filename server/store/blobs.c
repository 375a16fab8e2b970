/*
 * The files of all publications, by digest.
 */
#include "server/store/blobs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "manifest/base/file.h"

bool
blobs_name_ok(const char *sha256)
{
	uint8_t raw[SHA256_SIZE];

	return sha256 != NULL && hex_read(raw, sizeof(raw), sha256) == 0;
}

char *
blobs_path(
    const char *state, const char *sha256, struct arena *a, struct err *e)
{
	return arena_printf(a, e, "%s/blobs/%.2s/%s", state, sha256, sha256);
}

char *
blobs_incoming(
    const char *state, const char *sha256, struct arena *a, struct err *e)
{
	return arena_printf(a, e, "%s/incoming/%s", state, sha256);
}

static int
check(const char *path, const char *sha256, int64_t size, struct err *e)
{
	uint8_t digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];
	int64_t got;

	if (digest_file(path, digest, &got, e) < 0)
		return -1;
	if (got != size)
		return err_set(e, ERR_INPUT, "it has %lld bytes, not %lld",
		    (long long)got, (long long)size);
	hex_write(hex, digest, sizeof(digest));
	if (strcmp(hex, sha256) != 0)
		return err_set(e, ERR_AUTH, "its SHA-256 is %s", hex);
	return 0;
}

int
blobs_take(const char *state, const char *sha256, int64_t size, struct err *e)
{
	AUTO_ARENA a = arena_new(65536);
	char *from, *dir, *part, *to;

	if (a == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if ((from = blobs_incoming(state, sha256, a, e)) == NULL ||
	    (to = blobs_path(state, sha256, a, e)) == NULL ||
	    (dir = arena_printf(a, e, "%s/blobs/%.2s", state, sha256)) ==
		NULL ||
	    (part = arena_printf(a, e, "%s/.part-%s", dir, sha256)) == NULL ||
	    file_mkdirs(dir, 0700, e) < 0 || file_copy(from, part, 0600, e) < 0)
		return err_in(e, "file %s", sha256);
	if (check(part, sha256, size, e) < 0) {
		(void)unlink(part);
		return err_in(e, "file %s", sha256);
	}
	if (rename(part, to) < 0)
		return err_sys(e, "%s", to);
	return file_sync_dir(dir, e);
}

bool
blobs_there(const char *state, const char *sha256, int64_t size)
{
	AUTO_ARENA a = arena_new(65536);
	struct err e;
	char *path = a == NULL ? NULL : blobs_path(state, sha256, a, &e);

	return path != NULL && file_size(path, &e) == size;
}

int
blobs_read(const char *state, const char *sha256, size_t max, struct bytes *out,
    struct arena *a, struct err *e)
{
	char *path = blobs_path(state, sha256, a, e);
	char hex[SHA256_HEX_SIZE];

	if (path == NULL || file_read(a, path, max, out, e) < 0)
		return -1;
	sha256_hex(hex, out->at, out->len);
	if (strcmp(hex, sha256) != 0)
		return err_set(e, ERR_AUTH, "%s: the file is damaged", path);
	return 0;
}
