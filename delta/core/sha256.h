/*
 * SHA-256 in plain C (FIPS 180-4), for the core alone: the rest of the product
 * hashes by OpenSSL.
 */
#ifndef SLUICE_CORE_SHA256_H
#define SLUICE_CORE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_LEN 32

struct sha256 {
	uint32_t h[8];
	uint64_t len;
	uint8_t block[64];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const uint8_t *at, size_t n);
void sha256_end(struct sha256 *s, uint8_t out[static SHA256_LEN]);

#endif
