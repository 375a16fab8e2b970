/*
 * The outside of a patch in the native format, "sluice-delta/1": a header and
 * a list of streams.  sluice-delta(5) describes every byte.
 */
#ifndef SLUICE_CORE_FORMAT_H
#define SLUICE_CORE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

#define FORMAT_MAGIC  "SLDELTA1"
#define FORMAT_SHA256 32
/* magic, four sizes, two digests, memory */
#define FORMAT_FIXED 112
/* No file is larger: sums of two sizes never overflow. */
#define FORMAT_FILE_MAX ((uint64_t)1 << 48)
/* A byte of deflate makes at most so many (zlib's technical notes). */
#define FORMAT_INFLATE_MAX 1032
/* Bytes of the stream of tables. */
#define FORMAT_TABLES_MAX ((uint64_t)1 << 20)

/* One stream for each class of decision: each compresses by its own kind. */
enum format_stream {
	FORMAT_TABLES,	    /* regions, see core/image.h */
	FORMAT_BLOCK_SHIFT, /* where a block comes from */
	FORMAT_BLOCK_LEN,
	FORMAT_LITERAL_LEN, /* new bytes before a block */
	FORMAT_SITE_RUN,    /* references as predicted */
	FORMAT_SITE_CHOICE, /* what the next one is instead */
	FORMAT_SITE_0,	    /* explicit targets, by byte */
	FORMAT_SITE_1,
	FORMAT_SITE_2,
	FORMAT_SITE_3,
	FORMAT_SITE_4,
	FORMAT_SITE_RAW, /* fields that are no such reference any more */
	FORMAT_BYTE_RUN, /* equal bytes */
	FORMAT_BYTE,	 /* differences, modulo 256 */
	FORMAT_WORD_RUN,
	FORMAT_WORD_CHOICE,
	FORMAT_WORD_0,
	FORMAT_WORD_1,
	FORMAT_WORD_2,
	FORMAT_WORD_3,
	FORMAT_LITERAL,
	FORMAT_STREAMS,
};

enum format_coder {
	FORMAT_STORED,
	FORMAT_ZSTD,   /* one frame */
	FORMAT_XZ,     /* LZMA2 without a container */
	FORMAT_XZ_OLD, /* the same, its dictionary begins with bytes of old */
	FORMAT_CODERS,
};

/* Windows that the coders may use: 2 MiB; for new bytes 8 MiB. */
#define FORMAT_WINDOW_LOG	  21
#define FORMAT_WINDOW_LOG_LITERAL 23

struct format_part {
	enum format_coder coder;
	uint64_t raw;	   /* bytes that come out */
	const uint8_t *at; /* borrowed from the patch */
	size_t packed;
};

struct format {
	uint64_t old_size, new_size;
	/* with the ranges of core/range.h unpacked; blocks are of these */
	uint64_t old_expanded, new_expanded;
	uint8_t old_sha256[FORMAT_SHA256], new_sha256[FORMAT_SHA256];
	uint64_t memory; /* that applying takes at most beyond the files */
	struct format_part part[FORMAT_STREAMS];
};

extern const char *const format_names[FORMAT_STREAMS];

/*
 * format_read - the header and the parts of a patch, which must fill it.
 * ERR_INPUT where anything is out of its bounds.  Parts point into the patch.
 */
int format_read(
    struct format *f, const uint8_t *at, size_t len, struct err *e) MUST_CHECK;

/* format_write - header and list of parts; at has FORMAT_HEADER_MAX bytes. */
#define FORMAT_HEADER_MAX (FORMAT_FIXED + FORMAT_STREAMS * 21)
size_t format_write(const struct format *f, uint8_t *at);

/* Bytes of old that a dictionary begins with, at most. */
#define FORMAT_PRESET_MAX ((uint64_t)8 << 20)

/* format_window - log2 of the window that a stream's coder may use. */
unsigned format_window(enum format_stream s);

#endif
