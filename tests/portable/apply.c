/*
 * The core of the native delta format as an updater on any system embeds it:
 * standard C and nothing else.
 *
 *	apply OLD PATCH NEW
 */
#include <string.h>

#include "delta/core/patch.h"
#include "delta/core/sha256.h"
#include "tests/portable/host.h"

struct sink {
	FILE *out;
	struct sha256 sha;
	struct file kept; /* the expanded old file */
};

static int
write_some(void *ctx, const uint8_t *at, size_t len, struct err *e)
{
	struct sink *s = ctx;

	sha256_add(&s->sha, at, len);
	if (fwrite(at, 1, len, s->out) != len)
		return err_set(e, ERR_SYS, "cannot write");
	return 0;
}

static int
keep_some(void *ctx, const uint8_t *at, size_t len, struct err *e)
{
	struct sink *s = ctx;

	(void)e;
	memcpy(s->kept.at + s->kept.len, at, len);
	s->kept.len += len;
	return 0;
}

static const uint8_t *
all_kept(void *ctx, struct err *e)
{
	struct sink *s = ctx;

	(void)e;
	return s->kept.at;
}

int
main(int argc, char **argv)
{
	struct file old, patch;
	struct sink sink = { NULL };
	struct patch_apply a = {
		.write = write_some,
		.keep = keep_some,
		.kept = all_kept,
		.ctx = &sink,
	};
	struct format f;
	struct err e = { 0 };
	uint8_t digest[SHA256_LEN];

	if (argc != 4)
		die("OLD PATCH NEW");
	old = read_file(argv[1]);
	patch = read_file(argv[2]);
	if (format_read(&f, patch.at, patch.len, &e) < 0)
		die(e.msg);
	sha256_init(&sink.sha);
	sha256_add(&sink.sha, old.at, old.len);
	sha256_end(&sink.sha, digest);
	if (memcmp(digest, f.old_sha256, SHA256_LEN) != 0)
		die("another old file");
	sink.kept.at = malloc((size_t)f.old_expanded + 1);
	if (sink.kept.at == NULL)
		die("no memory");
	sha256_init(&sink.sha);
	sink.out = fopen(argv[3], "wb");
	a.old = old.at;
	a.old_size = old.len;
	a.patch = patch.at;
	a.patch_size = patch.len;
	if (sink.out == NULL || patch_apply(&a, &e) < 0)
		die(e.msg);
	sha256_end(&sink.sha, digest);
	if (fclose(sink.out) != 0 ||
	    memcmp(digest, f.new_sha256, SHA256_LEN) != 0)
		die("the result has another digest");
	return 0;
}
