/*
 * zstd, by libzstd.
 */
#include <zstd.h>

#include "delta/core/coder.h"

int
coder_zstd_open(void **state, unsigned window, struct err *e)
{
	ZSTD_DCtx *z = ZSTD_createDCtx();

	*state = z;
	if (z == NULL)
		return err_set(e, ERR_SYS, "patch: out of memory");
	if (ZSTD_isError(
		ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, (int)window)))
		return err_set(e, ERR_SYS, "patch: libzstd refuses");
	return 0;
}

size_t
coder_zstd_read(void *state, struct coder_in *in, uint8_t *out, size_t room)
{
	ZSTD_inBuffer from = { in->at, in->len, 0 };
	ZSTD_outBuffer to = { out, room, 0 };
	size_t before;

	do {
		before = from.pos;
		if (ZSTD_isError(ZSTD_decompressStream(state, &to, &from)))
			return 0;
	} while (to.pos == 0 && from.pos > before);
	in->at += from.pos;
	in->len -= from.pos;
	return to.pos;
}

void
coder_zstd_close(void *state)
{
	(void)ZSTD_freeDCtx(state);
}
