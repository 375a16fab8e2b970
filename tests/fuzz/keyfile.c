/*
 * Key files.  One that was read has bounds on what it asks of the machine, and
 * is written again to the same bytes where it was canonical.
 */
#include <stdlib.h>
#include <string.h>

#include "signer/keyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	AUTO_ARENA a = arena_new(1 << 22);
	AUTO_BUF out = { 0 };
	AUTO_BUF twice = { 0 };
	struct keyfile k;
	struct err e;

	if (a == NULL ||
	    keyfile_parse(&k, (struct bytes){ at, len }, a, &e) < 0)
		return 0;
	if (k.ops < 1 || k.ops > KEYFILE_OPS_MAX || k.mem < 0 ||
	    k.mem > KEYFILE_MEM_MAX || strlen(k.comment) > KEYFILE_COMMENT)
		abort();
	buf_init(&out, 2 * KEYFILE_MAX);
	buf_init(&twice, 2 * KEYFILE_MAX);
	if (keyfile_canon(&k, true, &out, &e) < 0)
		abort();
	/* control characters in a comment have no canonical form in a file */
	for (size_t i = 0; i < out.len; i++) {
		if (out.at[i] < 0x20)
			return 0;
	}
	if (keyfile_parse(&k, buf_bytes(&out), a, &e) < 0 ||
	    keyfile_canon(&k, true, &twice, &e) < 0 || twice.len != out.len ||
	    memcmp(twice.at, out.at, out.len) != 0)
		abort();
	return 0;
}
