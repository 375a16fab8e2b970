/*
 * Fuzz target: applying and describing patches.  The input is a patch; the old
 * file is fixed.  A second way in makes the input the control stream of a
 * well-formed patch, which random bytes behind bzip2's checksum never become.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bzlib.h>

#include "delta/bsdiff.h"
#include "manifest/base/buf.h"
#include "manifest/base/file.h"

#define OLD_SIZE   4096
#define NEW_SIZE   5000
#define INPUT_MAX  (2 * NEW_SIZE)
#define STREAM_MAX (2 * INPUT_MAX)

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static int
memory_file(const void *at, size_t len)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || pwrite(fd, at, len, 0) != (ssize_t)len)
		abort();
	return fd;
}

/* One bzip2 stream at level 1: little memory, many inputs a second. */
static unsigned
add_stream(char *out, const void *at, size_t len)
{
	static char in[INPUT_MAX];
	unsigned n = STREAM_MAX;

	memcpy(in, at, len);
	if (BZ2_bzBuffToBuffCompress(out, &n, in, (unsigned)len, 1, 0, 0) !=
	    BZ_OK)
		abort();
	return n;
}

/* A patch whose control stream, and nothing else, is the input's. */
static int
with_control(const uint8_t *at, size_t len)
{
	static const uint8_t filler[2 * NEW_SIZE];
	static char filled[STREAM_MAX], patch[BSDIFF_HEADER + 3 * STREAM_MAX];
	static unsigned nfilled;
	uint8_t *header = (uint8_t *)patch;
	unsigned n;

	if (nfilled == 0)
		nfilled = add_stream(filled, filler, sizeof(filler));
	memcpy(patch, "BSDIFF40", 8);
	n = add_stream(patch + BSDIFF_HEADER, at, len);
	bsdiff_number_write(header + 8, n);
	bsdiff_number_write(header + 16, nfilled);
	bsdiff_number_write(header + 24, NEW_SIZE);
	memcpy(patch + BSDIFF_HEADER + n, filled, nfilled);
	memcpy(patch + BSDIFF_HEADER + n + nfilled, filled, nfilled);
	return memory_file(patch, BSDIFF_HEADER + n + 2 * (size_t)nfilled);
}

static void
apply_and_inspect(int patch, bool unverified)
{
	static uint8_t old_bytes[OLD_SIZE];
	AUTO_FD old = memory_file(old_bytes, sizeof(old_bytes));
	AUTO_FD out = memory_file("", 0);
	AUTO_BUF text;
	struct delta_apply d = { .format = DELTA_BSDIFF40,
		.old_fd = old,
		.patch_fd = patch,
		.out_fd = out,
		.out_size = NEW_SIZE,
		.unverified = unverified };
	struct err e = { 0 };
	int applied = delta_apply(&d, &e);

	/* a digest of zeros is nobody's digest */
	if (!unverified && (applied == 0 || lseek(out, 0, SEEK_END) > NEW_SIZE))
		abort();
	buf_init(&text, 4096);
	(void)!delta_inspect(patch, &text, &e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	if (len > INPUT_MAX)
		return -1;
	AUTO_FD patch = memory_file(at, len);
	AUTO_FD forged = with_control(at, len);

	apply_and_inspect(patch, false);
	apply_and_inspect(forged, false);
	return 0;
}
