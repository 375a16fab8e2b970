/*
 * In the place of the coders' libraries: patches that need one are refused.
 */
#include "delta/core/coder.h"

static int
refuse(void **state, struct err *e)
{
	*state = NULL;
	return err_set(e, ERR_INPUT, "patch: this coder is not built in");
}

int
coder_zstd_open(void **state, unsigned window, struct err *e)
{
	(void)window;
	return refuse(state, e);
}

size_t
coder_zstd_read(void *state, struct coder_in *in, uint8_t *out, size_t room)
{
	(void)state;
	(void)in;
	(void)out;
	(void)room;
	return 0;
}

void
coder_zstd_close(void *state)
{
	(void)state;
}

int
coder_xz_open(
    void **state, uint32_t dict, struct coder_in preset, struct err *e)
{
	(void)dict;
	(void)preset;
	return refuse(state, e);
}

size_t
coder_xz_read(void *state, struct coder_in *in, uint8_t *out, size_t room)
{
	(void)state;
	(void)in;
	(void)out;
	(void)room;
	return 0;
}

void
coder_xz_close(void *state)
{
	(void)state;
}
