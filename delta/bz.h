/*
 * bzip2 streams in a part of a file: one reader and one writer, in constant
 * memory.  Only bz.c knows libbz2.
 */
#ifndef SLUICE_BZ_H
#define SLUICE_BZ_H

#include <stdbool.h>
#include <stdint.h>

#include <bzlib.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

#define BZ_BLOCK 65536

struct bz_reader {
	const char *name; /* for messages */
	int fd;
	int64_t at, end; /* what is not read yet of the file */
	bz_stream z;
	bool open, ended;
	char in[BZ_BLOCK];
};

/* bz_open - read the stream in len bytes at offset at of the file fd. */
int bz_open(struct bz_reader *r, const char *name, int fd, int64_t at,
    int64_t len, struct err *e) MUST_CHECK;

/* bz_read - exactly n bytes; ERR_INPUT where the stream is damaged or ends. */
int bz_read(struct bz_reader *r, void *out, size_t n, struct err *e) MUST_CHECK;

/* bz_skip - as bz_read without keeping the bytes. */
int bz_skip(struct bz_reader *r, int64_t n, struct err *e) MUST_CHECK;

/* bz_end - ERR_INPUT unless stream and file part end here, checksum right. */
int bz_end(struct bz_reader *r, struct err *e) MUST_CHECK;

void bz_done(struct bz_reader *r);

struct bz_writer {
	int fd;
	int64_t written; /* compressed bytes so far */
	bz_stream z;
	bool open;
	char in[BZ_BLOCK], out[BZ_BLOCK];
};

/* bz_create - write a stream at the file's present position. */
int bz_create(struct bz_writer *w, int fd, struct err *e) MUST_CHECK;
int bz_write(
    struct bz_writer *w, const void *at, size_t n, struct err *e) MUST_CHECK;
/* bz_finish - end the stream; w->written is its length. */
int bz_finish(struct bz_writer *w, struct err *e) MUST_CHECK;
void bz_discard(struct bz_writer *w);

/* Most memory of one reader and of one writer at level 9, from libbz2's page:
 * 100k + 4 x 900k, 400k + 8 x 900k. */
#define BZ_READER_MEMORY ((int64_t)3700000 + sizeof(struct bz_reader))
#define BZ_WRITER_MEMORY ((int64_t)7600000 + sizeof(struct bz_writer))

#endif
