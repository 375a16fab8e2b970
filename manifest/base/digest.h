/*
 * SHA-256, by OpenSSL (it uses the CPU's instructions); SHA-512 for what other
 * TUF tools write.
 */
#ifndef SLUICE_DIGEST_H
#define SLUICE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "manifest/base/text.h"

#define SHA256_SIZE	32
#define SHA256_HEX_SIZE HEX_SIZE(SHA256_SIZE)
#define SHA512_SIZE	64
#define SHA512_HEX_SIZE HEX_SIZE(SHA512_SIZE)

struct digest {
	void *ctx; /* EVP_MD_CTX, owned */
};

/* digest_init - start; digest_done must follow on every path. */
int digest_init(struct digest *d, struct err *e) MUST_CHECK;
/* digest_add - cannot fail after a successful digest_init. */
void digest_add(struct digest *d, const void *at, size_t len);
/* digest_end - write the digest; the state is spent. */
void digest_end(struct digest *d, uint8_t out[static SHA256_SIZE]);
void digest_done(struct digest *d);
#define AUTO_DIGEST CLEANUP(digest_done) struct digest

/* sha256 - of one buffer; cannot fail, whatever OpenSSL lacks. */
void sha256(uint8_t out[static SHA256_SIZE], const void *at, size_t len);
void sha256_hex(char out[static SHA256_HEX_SIZE], const void *at, size_t len);
void sha512(uint8_t out[static SHA512_SIZE], const void *at, size_t len);

/*
 * digest_fd - hash from the current offset to the end.  *size gets the bytes
 * read.  progress may be NULL; it is called with the bytes of each step.
 */
int digest_fd(int fd, uint8_t out[static SHA256_SIZE], int64_t *size,
    void (*progress)(void *ctx, int64_t bytes), void *ctx,
    struct err *e) MUST_CHECK;

/* digest_fd_sha512 - the same by SHA-512, without progress. */
int digest_fd_sha512(int fd, uint8_t out[static SHA512_SIZE], int64_t *size,
    struct err *e) MUST_CHECK;

/* digest_file - as digest_fd for a path (regular files only). */
int digest_file(const char *path, uint8_t out[static SHA256_SIZE],
    int64_t *size, struct err *e) MUST_CHECK;

#endif
