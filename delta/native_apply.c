/*
 * Applying the native format: map the files, check the old one's digest, let
 * the core write, check the new one's.
 *
 * Where a patch unpacks parts of the old file, what comes out is kept behind
 * the place of the new file, in the output itself: it needs no name, no folder
 * and no memory that cannot be given back, and a crash leaves nothing else.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "delta/core/patch.h"
#include "delta/filemap.h"
#include "delta/native.h"
#include "manifest/base/file.h"

/* Mappings begin at a multiple of any page size. */
#define KEEP_ALIGN ((uint64_t)64 << 10)

struct sink {
	int fd;
	struct digest digest;
	/* the expanded old file */
	uint64_t keep_at, kept;
	void *map;
};

static int
sink_write(void *ctx, const uint8_t *at, size_t len, struct err *e)
{
	struct sink *s = ctx;

	digest_add(&s->digest, at, len);
	return file_write_all(s->fd, at, len, "new file", e);
}

static int
sink_keep(void *ctx, const uint8_t *at, size_t len, struct err *e)
{
	struct sink *s = ctx;
	ssize_t n;

	for (; len > 0; at += n, len -= (size_t)n, s->kept += (uint64_t)n) {
		n = pwrite(s->fd, at, len, (off_t)(s->keep_at + s->kept));
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n < 0)
			return err_sys(e, "room for the unpacked old file");
	}
	return 0;
}

static const uint8_t *
sink_kept(void *ctx, struct err *e)
{
	struct sink *s = ctx;
	void *map = mmap(NULL, (size_t)s->kept, PROT_READ, MAP_SHARED, s->fd,
	    (off_t)s->keep_at);

	if (map == MAP_FAILED) {
		(void)err_sys(e, "the unpacked old file");
		return NULL;
	}
	return s->map = map;
}

/* The output without what was kept behind it. */
static int
sink_trim(struct sink *s, uint64_t size, struct err *e)
{
	if (s->map)
		(void)munmap(s->map, (size_t)s->kept);
	if (s->kept == 0 || ftruncate(s->fd, (off_t)size) == 0)
		return 0;
	return err_sys(e, "new file");
}

int64_t
native_apply_memory(int64_t old_size, int64_t new_size)
{
	/*
	 * The patch says what it takes.  This is what one takes whose blocks
	 * and references are as dense as in any executable seen: tables of
	 * fixed size, windows of every stream, two bytes for a reference.
	 */
	const int64_t fixed = (int64_t)24 << 20;

	if (old_size < 0 || new_size < 0 || old_size > INT64_MAX / 2 ||
	    new_size > INT64_MAX / 4)
		return INT64_MAX;
	return fixed + old_size / 8 + new_size / 8;
}

int64_t
native_patch_memory(int fd, struct err *e)
{
	AUTO_FILEMAP patch = { 0 };
	struct format f;

	if (filemap_open(&patch, fd, "patch", e) < 0 ||
	    format_read(&f, patch.bytes.at, patch.bytes.len, e) < 0)
		return -1;
	return f.memory > INT64_MAX ? INT64_MAX : (int64_t)f.memory;
}

static int
check_promise(
    const struct delta_apply *d, const struct format *f, struct err *e)
{
	if (d->unverified)
		return 0;
	if ((uint64_t)d->out_size != f->new_size)
		return err_set(e, ERR_INPUT,
		    "patch: makes a file of another size than promised");
	if (memcmp(d->out_sha256, f->new_sha256, SHA256_SIZE) != 0)
		return err_set(
		    e, ERR_AUTH, "patch: makes another file than promised");
	return 0;
}

static int
write_new(const struct delta_apply *d, const struct format *f, struct bytes old,
    struct bytes patch, struct err *e)
{
	struct sink sink = { .fd = d->out_fd,
		.keep_at = (f->new_size + KEEP_ALIGN - 1) & -KEEP_ALIGN };
	const struct patch_apply a = { .old = old.at,
		.old_size = old.len,
		.patch = patch.at,
		.patch_size = patch.len,
		.memory_max = d->memory_max > 0 ? (uint64_t)d->memory_max : 0,
		.write = sink_write,
		.keep = sink_keep,
		.kept = sink_kept,
		.ctx = &sink,
		.sha256 = sha256 };
	int failed = digest_init(&sink.digest, e);
	uint8_t sha[SHA256_SIZE];
	struct err trim;

	if (failed == 0)
		failed = patch_apply(&a, e);
	if (failed == 0)
		digest_end(&sink.digest, sha);
	digest_done(&sink.digest);
	if (sink_trim(&sink, failed ? 0 : f->new_size, &trim) < 0 &&
	    failed == 0) {
		*e = trim;
		return -1;
	}
	if (failed == 0 && memcmp(sha, f->new_sha256, SHA256_SIZE) != 0)
		return err_set(
		    e, ERR_AUTH, "patch: the result has another digest");
	return failed;
}

int
native_apply(const struct delta_apply *d, struct err *e)
{
	AUTO_FILEMAP old = { 0 };
	AUTO_FILEMAP patch = { 0 };
	uint8_t sha[SHA256_SIZE];
	struct format f;

	if (filemap_open(&old, d->old_fd, "old file", e) < 0 ||
	    filemap_open(&patch, d->patch_fd, "patch", e) < 0 ||
	    format_read(&f, patch.bytes.at, patch.bytes.len, e) < 0 ||
	    check_promise(d, &f, e) < 0)
		return -1;
	if (old.bytes.len != f.old_size)
		return err_set(
		    e, ERR_INPUT, "patch: made for another old file");
	sha256(sha, old.bytes.at, old.bytes.len);
	if (memcmp(sha, f.old_sha256, SHA256_SIZE) != 0)
		return err_set(e, ERR_AUTH, "patch: made for another old file");
	return write_new(d, &f, old.bytes, patch.bytes, e);
}
