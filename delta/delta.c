/*
 * The formats of deltas: which function makes, applies and describes which.
 * A further format is one line in the table and files of its own.
 */
#include "delta/delta.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "delta/bsdiff.h"
#include "delta/native.h"
#include "delta/threads.h"
#include "manifest/base/file.h"

struct codec {
	const char *name;
	char magic[8];
	int (*make)(const struct delta_make *d, struct err *e);
	int (*apply)(const struct delta_apply *d, struct err *e);
	int (*inspect)(int fd, struct buf *out, struct err *e);
	int64_t (*make_memory)(int64_t old_size, int64_t new_size);
	int64_t (*apply_memory)(int64_t old_size, int64_t new_size);
	int64_t (*patch_memory)(int fd, struct err *e);
};

static const struct codec formats[] = {
	{ DELTA_BSDIFF40, { 'B', 'S', 'D', 'I', 'F', 'F', '4', '0' },
	    bsdiff_make, bsdiff_apply, bsdiff_inspect, bsdiff_make_memory,
	    bsdiff_apply_memory, bsdiff_patch_memory },
	{ DELTA_SLUICE1, { 'S', 'L', 'D', 'E', 'L', 'T', 'A', '1' },
	    native_make, native_apply, native_inspect, native_make_memory,
	    native_apply_memory, native_patch_memory },
};

static const struct codec *
format_find(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

static int
unknown(const char *name, struct err *e)
{
	return err_set(e, ERR_INPUT, "delta format %.32s is not known", name);
}

int64_t
delta_memory(const char *format, int64_t old_size, int64_t new_size)
{
	const struct codec *f = format_find(format);

	return f ? f->make_memory(old_size, new_size) : INT64_MAX;
}

int64_t
delta_file_memory(
    const char *format, int64_t old_size, const char *new_path, struct err *e)
{
	AUTO_FD new = open(new_path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (new < 0 || fstat(new, &st) < 0)
		return err_sys(e, "%s", new_path);
	if (strcmp(format, DELTA_SLUICE1) == 0)
		return native_file_memory(old_size, new, e);
	return delta_memory(format, old_size, st.st_size);
}

int64_t
delta_apply_memory(const char *format, int64_t old_size, int64_t new_size)
{
	const struct codec *f = format_find(format);

	return f ? f->apply_memory(old_size, new_size) : INT64_MAX;
}

bool
delta_known(const char *format)
{
	return format_find(format) != NULL;
}

void
delta_threads(int n)
{
	threads_limit(n);
}

int
delta_make(const struct delta_make *d, struct err *e)
{
	const struct codec *f = format_find(d->format);

	return f ? f->make(d, e) : unknown(d->format, e);
}

int
delta_apply(const struct delta_apply *d, struct err *e)
{
	const struct codec *f = format_find(d->format);

	return f ? f->apply(d, e) : unknown(d->format, e);
}

static const struct codec *
format_of(int patch_fd)
{
	char magic[sizeof(formats[0].magic)];
	size_t i;

	if (file_pread(patch_fd, magic, sizeof(magic), 0) != sizeof(magic))
		return NULL;
	for (i = 0; i < COUNT(formats); i++)
		if (memcmp(magic, formats[i].magic, sizeof(magic)) == 0)
			return &formats[i];
	return NULL;
}

const char *
delta_format(int patch_fd)
{
	const struct codec *f = format_of(patch_fd);

	return f ? f->name : NULL;
}

int
delta_inspect(int patch_fd, struct buf *out, struct err *e)
{
	const struct codec *f = format_of(patch_fd);

	if (f == NULL)
		return err_set(e, ERR_INPUT, "not a patch of a known format");
	return f->inspect(patch_fd, out, e);
}

static int
open_read(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 ? fd : err_sys(e, "%s", path);
}

int64_t
delta_patch_memory(const char *patch_path, struct err *e)
{
	AUTO_FD fd = open_read(patch_path, e);
	const struct codec *f;
	int64_t memory;

	if (fd < 0)
		return -1;
	if ((f = format_of(fd)) == NULL)
		return err_set(e, ERR_INPUT,
		    "%s: not a patch of a known format", patch_path);
	memory = f->patch_memory(fd, e);
	return memory < 0 ? err_in(e, "%s", patch_path) : memory;
}

/* A file without a name; not every file system has O_TMPFILE. */
static int
open_nameless(const char *dir, struct err *e)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char path[PATH_MAX];

	if (fd >= 0)
		return fd;
	if (snprintf(path, sizeof(path), "%s/.delta-XXXXXX", dir) <
	    (int)sizeof(path))
		fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "temporary file in %s", dir);
	(void)unlink(path);
	return fd;
}

int
delta_check(const char *format, const char *old_path, const char *patch_path,
    const char *dir, int64_t out_size,
    const uint8_t out_sha256[static SHA256_SIZE], struct err *e)
{
	struct delta_apply d = { .format = format, .out_size = out_size };
	AUTO_FD old = open_read(old_path, e);
	AUTO_FD patch = old < 0 ? -1 : open_read(patch_path, e);
	AUTO_FD out = -1;

	if (old < 0 || patch < 0)
		return -1;
	out = open_nameless(dir, e);
	if (out < 0)
		return -1;
	d.old_fd = old;
	d.patch_fd = patch;
	d.out_fd = out;
	memcpy(d.out_sha256, out_sha256, SHA256_SIZE);
	if (delta_apply(&d, e) < 0)
		return err_in(e, "%s", patch_path);
	return 0;
}
