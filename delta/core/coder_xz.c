/*
 * LZMA2, by liblzma.
 */
#include <stdlib.h>
#include <string.h>

#include <lzma.h>

#include "delta/core/coder.h"

int
coder_xz_open(
    void **state, uint32_t dict, struct coder_in preset, struct err *e)
{
	lzma_options_lzma options;
	lzma_filter filters[2] = { { LZMA_FILTER_LZMA2, &options },
		{ LZMA_VLI_UNKNOWN, NULL } };
	lzma_stream *z = calloc(1, sizeof(*z));

	*state = z;
	if (z == NULL)
		return err_set(e, ERR_SYS, "patch: out of memory");
	memset(&options, 0, sizeof(options));
	options.dict_size = dict;
	options.preset_dict = preset.at;
	options.preset_dict_size = (uint32_t)preset.len;
	if (lzma_raw_decoder(z, filters) != LZMA_OK)
		return err_set(e, ERR_SYS, "patch: liblzma refuses");
	return 0;
}

size_t
coder_xz_read(void *state, struct coder_in *in, uint8_t *out, size_t room)
{
	lzma_stream *z = state;
	lzma_ret ret;

	z->next_in = in->at;
	z->avail_in = in->len;
	z->next_out = out;
	z->avail_out = room;
	do
		ret = lzma_code(z, LZMA_RUN);
	while (ret == LZMA_OK && z->avail_out == room && z->avail_in > 0);
	in->at = z->next_in;
	in->len = z->avail_in;
	if (ret != LZMA_OK && ret != LZMA_STREAM_END)
		return 0;
	return room - z->avail_out;
}

void
coder_xz_close(void *state)
{
	lzma_end(state);
	free(state);
}
