/*
 * Fuzz target: applying and describing patches of the format BSDIFF40.  The
 * input is a patch; old is zeros.  What is mutated is what the three bzip2
 * streams hold, so that their checksums are right, and the header's lengths.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bzlib.h>

#include "delta/bsdiff.h"
#include "manifest/base/buf.h"
#include "manifest/base/file.h"
#include "tests/fuzz/mutate.h"

#define OLD_SIZE     65536
#define NEW_MAX	     ((int64_t)1 << 18)
#define STREAM_MAX   ((unsigned)1 << 18)
#define TRIPLE	     ((size_t)3 * BSDIFF_NUMBER)
#define PATCH_FIELDS 3 /* of the header: two lengths, the new size */

/* --- the target ------------------------------------------------------------- */

/* What the header promises, and no more than this host would take. */
static int64_t
promised(const uint8_t *at, size_t len)
{
	int64_t n = len < BSDIFF_HEADER ? 0 : bsdiff_number_read(at + 24);

	return n < 0 || n > NEW_MAX ? NEW_MAX : n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static const uint8_t old_bytes[OLD_SIZE];
	AUTO_FD old = mutate_file(old_bytes, sizeof(old_bytes));
	AUTO_FD patch = mutate_file(at, len);
	AUTO_FD out = mutate_file("", 0);
	AUTO_BUF text;
	struct delta_apply d = { .format = DELTA_BSDIFF40,
		.old_fd = old,
		.patch_fd = patch,
		.out_fd = out,
		.out_size = promised(at, len) };
	struct err e = { 0 };

	/* a digest of zeros is nobody's digest */
	if (delta_apply(&d, &e) == 0 || lseek(out, 0, SEEK_END) > d.out_size)
		abort();
	buf_init(&text, 4096);
	(void)!delta_inspect(patch, &text, &e);
	return 0;
}

/* --- mutation ----------------------------------------------------------------- */

enum stream {
	CONTROL,
	DIFF,
	EXTRA,
	STREAMS,
};

struct parts {
	uint8_t *at[STREAMS]; /* owned; room for STREAM_MAX */
	size_t len[STREAMS];
	int64_t new_size;
};

static void
parts_done(struct parts *p)
{
	for (int s = 0; s < STREAMS; s++)
		free(p->at[s]);
}

static bool
unpack(struct parts *p, enum stream s, const uint8_t *at, size_t len)
{
	unsigned n = STREAM_MAX;
	char *copy = malloc(len + 1);
	bool good;

	p->at[s] = malloc(STREAM_MAX);
	if (copy == NULL || p->at[s] == NULL)
		abort();
	memcpy(copy, at, len);
	good = BZ2_bzBuffToBuffDecompress(
		   (char *)p->at[s], &n, copy, (unsigned)len, 0, 0) == BZ_OK;
	p->len[s] = n;
	free(copy);
	return good;
}

static bool
parts_open(struct parts *p, const uint8_t *at, size_t len)
{
	int64_t control, diff, left;

	memset(p, 0, sizeof(*p));
	if (len < BSDIFF_HEADER)
		return false;
	left = (int64_t)len - BSDIFF_HEADER;
	control = bsdiff_number_read(at + 8);
	diff = bsdiff_number_read(at + 16);
	p->new_size = bsdiff_number_read(at + 24);
	if (control < 0 || control > left || diff < 0 || diff > left - control)
		return false;
	at += BSDIFF_HEADER;
	return unpack(p, CONTROL, at, (size_t)control) &&
	    unpack(p, DIFF, at + control, (size_t)diff) &&
	    unpack(
		p, EXTRA, at + control + diff, (size_t)(left - control - diff));
}

static size_t
parts_write(const struct parts *p, uint8_t *out, size_t room)
{
	size_t n = BSDIFF_HEADER;

	if (room < n)
		return 0;
	memcpy(out, "BSDIFF40", 8);
	bsdiff_number_write(out + 24, p->new_size);
	for (int s = 0; s < STREAMS; s++) {
		unsigned len = (unsigned)(room - n);

		/* at level 1: little memory, many inputs a second */
		if (BZ2_bzBuffToBuffCompress((char *)out + n, &len,
			(char *)p->at[s], (unsigned)p->len[s], 1, 0,
			0) != BZ_OK)
			return 0;
		if (s < EXTRA)
			bsdiff_number_write(out + 8 + 8 * s, len);
		n += len;
	}
	return n;
}

/* One triple has another number, is gone, or is there twice. */
static void
change_triple(struct mutate *m, struct parts *p)
{
	size_t n = p->len[CONTROL] / TRIPLE, i;
	uint8_t *at, *field;

	if (n == 0)
		return;
	i = (size_t)mutate_below(m, n);
	at = p->at[CONTROL] + i * TRIPLE;
	switch (mutate_below(m, 6)) {
	case 0:
		memmove(at, at + TRIPLE, (n - i - 1) * TRIPLE);
		p->len[CONTROL] = (n - 1) * TRIPLE;
		return;
	case 1:
		if ((n + 1) * TRIPLE > STREAM_MAX)
			return;
		memmove(at + TRIPLE, at, (n - i) * TRIPLE);
		p->len[CONTROL] = (n + 1) * TRIPLE;
		return;
	default:
		field = at + BSDIFF_NUMBER * mutate_below(m, 3);
		bsdiff_number_write(field,
		    (int64_t)mutate_number(
			m, (uint64_t)bsdiff_number_read(field), OLD_SIZE));
	}
}

static void
resize(struct parts *p, enum stream s, uint64_t len)
{
	if (len > STREAM_MAX)
		return;
	if (len > p->len[s])
		memset(p->at[s] + p->len[s], 0x55, (size_t)len - p->len[s]);
	p->len[s] = (size_t)len;
}

/* As much in the other streams as the triples take, and the sum of it. */
static void
fit(struct parts *p)
{
	const uint8_t *at = p->at[CONTROL];
	uint64_t add = 0, extra = 0;

	for (size_t n = p->len[CONTROL] / TRIPLE; n > 0; n--, at += TRIPLE) {
		add += (uint64_t)bsdiff_number_read(at);
		extra += (uint64_t)bsdiff_number_read(at + BSDIFF_NUMBER);
	}
	if (add > STREAM_MAX || extra > STREAM_MAX)
		return;
	resize(p, DIFF, add);
	resize(p, EXTRA, extra);
	p->new_size = (int64_t)(add + extra);
}

static void
change(struct mutate *m, struct parts *p)
{
	enum stream s = (enum stream)mutate_below(m, STREAMS);

	switch (mutate_below(m, 8)) {
	case 0:
		p->new_size = (int64_t)mutate_number(
		    m, (uint64_t)p->new_size, (uint64_t)NEW_MAX);
		return;
	case 1:
		p->len[s] = LLVMFuzzerMutate(p->at[s], p->len[s], STREAM_MAX);
		return;
	case 2:
		p->len[CONTROL] = LLVMFuzzerMutate(
		    p->at[CONTROL], p->len[CONTROL], STREAM_MAX);
		break;
	default:
		change_triple(m, p);
	}
	if (mutate_below(m, 4) > 0)
		fit(p);
}

/* A number of the header, over streams that are as they were. */
static size_t
change_header(struct mutate *m, uint8_t *at, size_t len)
{
	uint8_t *field = at + 8 + 8 * mutate_below(m, PATCH_FIELDS);

	bsdiff_number_write(field,
	    (int64_t)mutate_number(
		m, (uint64_t)bsdiff_number_read(field), len));
	return len;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *at, size_t len, size_t room, unsigned seed)
{
	struct mutate m = mutate_begin(seed);
	uint64_t how = mutate_below(&m, 16);
	struct parts p = { 0 };
	size_t n = 0;

	if (how == 0 && len >= BSDIFF_HEADER)
		return change_header(&m, at, len);
	if (how > 1 && parts_open(&p, at, len)) {
		do
			change(&m, &p);
		while (mutate_below(&m, 3) == 0);
		n = parts_write(&p, at, room);
	}
	parts_done(&p);
	return n > 0 ? n : LLVMFuzzerMutate(at, len, room);
}
