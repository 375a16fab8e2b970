/*
 * In the place of zlib: patches that unpack parts of a file are refused.
 */
#include "delta/core/coder.h"

static int
refuse(struct err *e)
{
	return err_set(e, ERR_INPUT, "patch: zlib is not built in");
}

int
coder_inflate(struct coder_in packed, uint64_t raw, const struct coder_out *out,
    struct err *e)
{
	(void)packed;
	(void)raw;
	(void)out;
	return refuse(e);
}
