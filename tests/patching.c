/*
 * See the header.
 */
#include "tests/patching.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "delta/delta.h"
#include "manifest/base/file.h"
#include "tests/tap.h"

int
patching_file(void)
{
	char path[4096];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/XXXXXX", tap_tmpdir());
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		abort();
	(void)unlink(path);
	return fd;
}

int
patching_with(const void *at, size_t len)
{
	int fd = patching_file();

	if (pwrite(fd, at, len, 0) != (ssize_t)len)
		abort();
	return fd;
}

int64_t
patching_size(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? (int64_t)st.st_size : -1;
}

void
patching_noise(uint8_t *at, size_t len, uint32_t seed)
{
	uint32_t x = seed * 2654435761u + 1;
	size_t i;

	for (i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		at[i] = (uint8_t)x;
	}
}

enum err_kind
patching_apply(
    const char *format, int old, int patch, struct bytes want, struct err *e)
{
	AUTO_FD out = patching_file();
	struct delta_apply d = { .format = format,
		.old_fd = old,
		.patch_fd = patch,
		.out_fd = out,
		.out_size = (int64_t)want.len };

	*e = (struct err){ 0 };
	sha256(d.out_sha256, want.at, want.len);
	if (delta_apply(&d, e) < 0) {
		/* whatever it says, it never writes more than was promised */
		CHECK(patching_size(out) <= (int64_t)want.len);
		return e->kind;
	}
	CHECK_INT(patching_size(out), want.len);
	return ERR_NONE;
}

int64_t
patching_round(const char *format, struct bytes old, struct bytes new)
{
	AUTO_FD o = patching_with(old.at, old.len);
	AUTO_FD n = patching_with(new.at, new.len);
	AUTO_FD p = patching_file();
	struct delta_make d = {
		.format = format, .old_fd = o, .new_fd = n, .patch_fd = p
	};
	struct err e = { 0 };

	CHECK_INT(delta_make(&d, &e), 0);
	CHECK_INT(patching_apply(format, o, p, new, &e), ERR_NONE);
	CHECK_TEXT(e.msg, "");
	return patching_size(p);
}

void
patching_tiny(const char *format)
{
	static const char *const pairs[][2] = { { "", "" }, { "", "x" },
		{ "x", "" }, { "x", "x" }, { "x", "y" }, { "abc", "abcd" },
		{ "abc", "abcabcabcabc" }, { "", "hello, world" } };

	for (size_t i = 0; i < COUNT(pairs); i++) {
		const struct bytes old = { (const uint8_t *)pairs[i][0],
			strlen(pairs[i][0]) };
		const struct bytes new = { (const uint8_t *)pairs[i][1],
			strlen(pairs[i][1]) };

		patching_round(format, old, new);
	}
}
