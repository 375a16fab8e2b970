/*
 * Numbers of the native format: LEB128 in its shortest form, signed ones
 * zigzag, little-endian words.  All by shifts, so that no host differs.
 */
#ifndef SLUICE_CORE_NUMBER_H
#define SLUICE_CORE_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

#define NUMBER_MAX 10 /* bytes of the longest one */

/* A reader over bytes in memory; a failed one stays failed and gives 0. */
struct numbers {
	const uint8_t *at, *end;
	int failed;
};
uint64_t number_read(struct numbers *r);
int64_t number_read_signed(struct numbers *r);

/* number_write - bytes written, at most NUMBER_MAX. */
size_t number_write(uint8_t *at, uint64_t n);

static inline uint64_t
number_zigzag(int64_t n)
{
	return ((uint64_t)n << 1) ^ (n < 0 ? ~(uint64_t)0 : 0);
}

static inline int64_t
number_unzigzag(uint64_t n)
{
	return (int64_t)((n >> 1) ^ (n & 1 ? ~(uint64_t)0 : 0));
}

static inline uint32_t
number_u16(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static inline uint32_t
number_u32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	    (uint32_t)at[3] << 24;
}

static inline uint64_t
number_u64(const uint8_t *at)
{
	return (uint64_t)number_u32(at) | (uint64_t)number_u32(at + 4) << 32;
}

static inline void
number_put_u16(uint8_t *at, uint32_t n)
{
	at[0] = (uint8_t)n;
	at[1] = (uint8_t)(n >> 8);
}

static inline void
number_put_u24(uint8_t *at, uint32_t n)
{
	number_put_u16(at, n);
	at[2] = (uint8_t)(n >> 16);
}

static inline void
number_put_u32(uint8_t *at, uint32_t n)
{
	at[0] = (uint8_t)n;
	at[1] = (uint8_t)(n >> 8);
	at[2] = (uint8_t)(n >> 16);
	at[3] = (uint8_t)(n >> 24);
}

static inline void
number_put_u64(uint8_t *at, uint64_t n)
{
	number_put_u32(at, (uint32_t)n);
	number_put_u32(at + 4, (uint32_t)(n >> 32));
}

/* A 32-bit field as a signed distance. */
static inline uint64_t
number_s32(const uint8_t *at)
{
	return (uint64_t)(int64_t)(int32_t)number_u32(at);
}

#endif
