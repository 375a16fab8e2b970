/*
 * In the place of core/coder_xz.c where that library is not to be had: patches
 * that need it are refused.
 */
#include "delta/core/coder.h"

int
coder_xz_open(
    void **state, uint32_t dict, struct coder_in preset, struct err *e)
{
	(void)dict;
	(void)preset;
	*state = NULL;
	return err_set(e, ERR_INPUT, "patch: xz is not built in");
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
