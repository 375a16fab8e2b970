/*
 * x86-64 instruction lengths, enough to walk code from one instruction to the
 * next and to find the 32-bit relative field of each.
 */
#ifndef SLUICE_CORE_X86_H
#define SLUICE_CORE_X86_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define X86_MAX 15

struct x86 {
	unsigned len;
	unsigned field; /* offset of a relative field; 0: none */
	unsigned after; /* bytes of the instruction behind the field */
	bool lea;	/* it takes the address */
};

/* x86_decode - false: no instruction that fits in len bytes. */
bool x86_decode(const uint8_t *at, size_t len, struct x86 *out);

#endif
