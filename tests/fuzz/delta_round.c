/*
 * Fuzz target: whatever the two files are, the patch between them gives the
 * new one.  The first two bytes say where the input is cut in two.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "delta/delta.h"
#include "manifest/base/file.h"

#define INPUT_MAX 8192

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static int
memory_file(const void *at, size_t len)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || pwrite(fd, at, len, 0) != (ssize_t)len)
		abort();
	return fd;
}

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct delta_make make = { .format = DELTA_SLUICE1 };
	struct delta_apply apply = { .format = DELTA_SLUICE1 };
	struct err e = { 0 };
	size_t cut;

	if (len < 2 || len > INPUT_MAX)
		return -1;
	cut = 2 + (at[0] | (size_t)at[1] << 8) % (len - 1);
	AUTO_FD old = memory_file(at + 2, cut - 2);
	AUTO_FD new = memory_file(at + cut, len - cut);
	AUTO_FD patch = memory_file("", 0);
	AUTO_FD out = memory_file("", 0);
	make.old_fd = apply.old_fd = old;
	make.new_fd = new;
	make.patch_fd = apply.patch_fd = patch;
	apply.out_fd = out;
	apply.out_size = (int64_t)(len - cut);
	sha256(apply.out_sha256, at + cut, len - cut);
	if (delta_make(&make, &e) < 0 || delta_apply(&apply, &e) < 0)
		abort();
	return 0;
}
