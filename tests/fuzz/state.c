/*
 * The client's state file: whatever is read is written and read again.
 */
#include "client/state.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static struct state one, two;
	struct bytes text = { at, len };
	AUTO_BUF out;
	struct err e;

	buf_init(&out, STATE_MAX);
	if (state_parse(&one, text, &e) < 0)
		return 0;
	if (state_text(&one, &out, &e) < 0)
		return 0; /* too long when written in full */
	if (state_parse(&two, buf_bytes(&out), &e) < 0)
		abort();
	state_merge(&one, &two);
	return 0;
}
