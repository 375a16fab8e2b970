/*
 * Reading the streams of a patch, each in bounded memory: a buffer, and what
 * its coder needs for a window no larger than the format allows.  What goes
 * wrong is remembered; readers then get zeros, and runs without an end, so
 * that a loop over them ends soon.
 */
#ifndef SLUICE_CORE_STREAM_H
#define SLUICE_CORE_STREAM_H

#include <stdbool.h>

#include "delta/core/coder.h"
#include "delta/core/format.h"
#include "delta/core/image.h"

#define STREAM_BUFFER 32768

struct stream {
	const uint8_t *at, *end; /* decoded and not read yet */
	uint64_t left;		 /* not decoded yet */
	struct coder_in in;
	enum format_coder coder;
	void *state;	 /* of the coder; owned */
	uint8_t *buffer; /* owned */
	bool failed;
};

/* stream_memory - most that reading a stream takes; old_size: of old. */
uint64_t stream_memory(
    const struct format_part *p, enum format_stream s, uint64_t old_size);

/* preset: for FORMAT_XZ_OLD, see stream_preset. */
int stream_open(struct stream *r, const struct format_part *p,
    enum format_stream s, struct coder_in preset, struct err *e) MUST_CHECK;

/* stream_preset - the bytes of old that dictionaries begin with: from its first
 * code on, or all. */
struct coder_in stream_preset(const uint8_t *old, const struct image *m);

/* stream_preset_dict - bytes of the dictionary that begins with a preset of so
 * many bytes, for a stream of raw bytes. */
uint32_t stream_preset_dict(uint64_t preset, uint64_t raw);
void stream_done(struct stream *r);

/* stream_refill - for the functions below. */
bool stream_refill(struct stream *r);

/* stream_read - n bytes; zeros past the end, which is then a failure. */
void stream_read(struct stream *r, uint8_t *out, size_t n);

static inline uint8_t
stream_byte(struct stream *r)
{
	if (r->at == r->end && !stream_refill(r))
		return 0;
	return *r->at++;
}

/* stream_number - as number_read; UINT64_MAX where there is none. */
uint64_t stream_number(struct stream *r);

/* stream_run - as stream_number, but the end of the stream is no failure: it
 * stands for a run to the end of the file. */
uint64_t stream_run(struct stream *r);

/* stream_ended - everything was read, nothing failed. */
bool stream_ended(const struct stream *r);

#endif
