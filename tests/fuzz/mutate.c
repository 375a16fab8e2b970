/*
 * See the header.
 */
#include "tests/fuzz/mutate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct mutate
mutate_begin(unsigned seed)
{
	return (struct mutate){ (uint64_t)seed * 0x9e3779b97f4a7c15 + 1 };
}

uint64_t
mutate_below(struct mutate *m, uint64_t n)
{
	m->state ^= m->state << 13;
	m->state ^= m->state >> 7;
	m->state ^= m->state << 17;
	return (m->state >> 11) % n;
}

uint64_t
mutate_number(struct mutate *m, uint64_t was, uint64_t bound)
{
	uint64_t bit = (uint64_t)1 << mutate_below(m, 64);

	switch (mutate_below(m, 8)) {
	case 0:
		return was + 1 + mutate_below(m, 8);
	case 1:
		return was - 1 - mutate_below(m, 8);
	case 2:
		return bound - 8 + mutate_below(m, 17);
	case 3:
		return mutate_below(m, bound | 1);
	case 4:
		return bit - 1 + mutate_below(m, 3);
	case 5:
		return was ^ bit;
	case 6:
		return -bit - 1 + mutate_below(m, 3);
	default:
		return mutate_below(m, 16);
	}
}

int
mutate_file(const void *at, size_t len)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || (len > 0 && pwrite(fd, at, len, 0) != (ssize_t)len))
		abort();
	return fd;
}

uint32_t
mutate_u32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	    (uint32_t)at[3] << 24;
}

void
mutate_put_u32(uint8_t *at, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(n >> 8 * i);
}
