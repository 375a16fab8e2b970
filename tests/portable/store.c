/*
 * Writes a patch of the native format anew with its streams uncompressed, for
 * hosts where the coders' libraries are not to be had.
 *
 *	store OLD PATCH OUT
 */
#include <string.h>

#include "delta/core/expand.h"
#include "delta/core/patch.h"
#include "delta/core/stream.h"
#include "tests/portable/host.h"

static uint8_t expanded[64 << 20];
static size_t nexpanded;

static int
keep(void *ctx, const uint8_t *at, size_t len, struct err *e)
{
	(void)ctx;
	if (len > sizeof(expanded) - nexpanded)
		return err_set(e, ERR_LIMIT, "old is too long");
	memcpy(expanded + nexpanded, at, len);
	nexpanded += len;
	return 0;
}

int
main(int argc, char **argv)
{
	static uint8_t old[64 << 20], patch[64 << 20],
	    header[FORMAT_HEADER_MAX];
	struct format f, out;
	const struct coder_out out_old = { keep, NULL };
	struct coder_in in_old = { old, 0 };
	struct err e = { 0 };
	size_t n;
	int s;
	FILE *in, *to;
	static struct tables t;

	if (argc != 4 || (in = fopen(argv[1], "rb")) == NULL)
		die("OLD PATCH OUT");
	in_old.len = fread(old, 1, sizeof(old), in);
	if ((in = fopen(argv[2], "rb")) == NULL ||
	    (to = fopen(argv[3], "wb")) == NULL)
		die("OLD PATCH OUT");
	n = fread(patch, 1, sizeof(patch), in);
	if (format_read(&f, patch, n, &e) < 0 || patch_tables(&f, &t, &e) < 0)
		die(e.msg);
	if (expand_write(&t.old_ranges, in_old, &out_old, &e) < 0)
		die(e.msg);
	out = f;
	for (s = 0; s < FORMAT_STREAMS; s++)
		out.part[s].coder = FORMAT_STORED;
	n = format_write(&out, header);
	if (fwrite(header, 1, n, to) != n)
		die("cannot write");
	for (s = 0; s < FORMAT_STREAMS; s++) {
		struct stream r;
		uint64_t i;

		if (stream_open(&r, &f.part[s], (enum format_stream)s,
			stream_preset(expanded, &t.old), &e) < 0)
			die(e.msg);
		for (i = 0; i < f.part[s].raw; i++)
			(void)fputc(stream_byte(&r), to);
		if (!stream_ended(&r))
			die("a stream is damaged");
		stream_done(&r);
	}
	return fclose(to) == 0 ? 0 : 1;
}
