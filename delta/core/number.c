/*
 * Numbers of the native format.
 */
#include "delta/core/number.h"

uint64_t
number_read(struct numbers *r)
{
	uint64_t n = 0;
	unsigned shift;
	uint8_t b;

	for (shift = 0; shift < 64; shift += 7) {
		if (r->failed || r->at == r->end)
			break;
		b = *r->at++;
		/* bits past the 64th; a zero group that says nothing */
		if ((shift == 63 && b > 1) || (b == 0 && shift > 0))
			break;
		n |= (uint64_t)(b & 0x7f) << shift;
		if (b < 0x80)
			return n;
	}
	r->failed = 1;
	return 0;
}

int64_t
number_read_signed(struct numbers *r)
{
	return number_unzigzag(number_read(r));
}

size_t
number_write(uint8_t *at, uint64_t n)
{
	size_t len = 0;

	for (; n >= 0x80; n >>= 7)
		at[len++] = (uint8_t)(n | 0x80);
	at[len++] = (uint8_t)n;
	return len;
}
