/*
 * In the place of core/coder_zstd.c where that library is not to be had:
 * patches that need it are refused.
 */
#include "delta/core/coder.h"

int
coder_zstd_open(void **state, unsigned window, struct err *e)
{
	(void)window;
	*state = NULL;
	return err_set(e, ERR_INPUT, "patch: zstd is not built in");
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
