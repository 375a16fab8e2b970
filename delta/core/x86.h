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

/* Lengths of the most frequent instructions; x86_init fills them. */
struct x86_maps {
	uint8_t one[256], modrm[256];
};
void x86_init(struct x86_maps *maps);

/*
 * x86_next - of code, instruction by instruction from *at on (where there is
 * none, one byte further), the next that has a relative field: *at becomes
 * where it begins.  false: there is none any more.
 */
bool x86_next(const struct x86_maps *maps, const uint8_t *code, size_t size,
    size_t *at, struct x86 *out);

#endif
