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

int
coder_deflate_open(
    void **state, unsigned level, enum range_encoder encoder, struct err *e)
{
	(void)level;
	(void)encoder;
	*state = NULL;
	return refuse(e);
}

int
coder_deflate_add(
    void *state, struct coder_in in, const struct coder_out *out, struct err *e)
{
	(void)state;
	(void)in;
	(void)out;
	return refuse(e);
}

int
coder_deflate_end(void *state, const struct coder_out *out, struct err *e)
{
	(void)state;
	(void)out;
	return refuse(e);
}

void
coder_deflate_close(void *state)
{
	(void)state;
}
