/*
 * SHA-256 and SHA-512 through OpenSSL's EVP.
 */
#include "manifest/base/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest/base/file.h"

#define STEP (1 << 20) /* bytes per read: measured flat from 64 KiB to 1 MiB */

int
digest_init(struct digest *d, struct err *e)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	d->ctx = ctx;
	if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
		return err_set(e, ERR_SYS, "cannot start SHA-256");
	return 0;
}

void
digest_add(struct digest *d, const void *at, size_t len)
{
	if (EVP_DigestUpdate(d->ctx, at, len) != 1)
		abort();
}

void
digest_end(struct digest *d, uint8_t out[static SHA256_SIZE])
{
	unsigned int n = 0;

	if (EVP_DigestFinal_ex(d->ctx, out, &n) != 1 || n != SHA256_SIZE)
		abort();
}

void
digest_done(struct digest *d)
{
	EVP_MD_CTX_free(d->ctx);
	d->ctx = NULL;
}

/*
 * One context per thread, so that a poll costs no allocation; EVP_Digest
 * would look the algorithm up at every call.  Without memory for one libsodium
 * does it, more slowly: it needs none.
 */
void
sha256(uint8_t out[static SHA256_SIZE], const void *at, size_t len)
{
	static _Thread_local EVP_MD_CTX *ctx;
	static _Thread_local EVP_MD *md;
	unsigned int n = 0;

	if (md == NULL)
		md = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (ctx == NULL)
		ctx = EVP_MD_CTX_new();
	if (md == NULL || ctx == NULL ||
	    EVP_DigestInit_ex(ctx, md, NULL) != 1 ||
	    EVP_DigestUpdate(ctx, at, len) != 1 ||
	    EVP_DigestFinal_ex(ctx, out, &n) != 1)
		(void)crypto_hash_sha256(out, at, len);
}

void
sha256_hex(char out[static SHA256_HEX_SIZE], const void *at, size_t len)
{
	uint8_t d[SHA256_SIZE];

	sha256(d, at, len);
	hex_write(out, d, sizeof(d));
}

void
sha512(uint8_t out[static SHA512_SIZE], const void *at, size_t len)
{
	unsigned int n = 0;

	if (EVP_Digest(at, len, out, &n, EVP_sha512(), NULL) != 1 ||
	    n != SHA512_SIZE)
		(void)crypto_hash_sha512(out, at, len);
}

static void
freep(uint8_t **p)
{
	free(*p);
}

/* Hashes what is left of fd; the caller ends the digest. */
static int
add_fd(struct digest *d, int fd, int64_t *size,
    void (*progress)(void *ctx, int64_t bytes), void *ctx, struct err *e)
{
	CLEANUP(freep) uint8_t *step = malloc(STEP);

	if (step == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	for (*size = 0;;) {
		ssize_t n = read(fd, step, STEP);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot read");
		if (n == 0)
			return 0;
		digest_add(d, step, (size_t)n);
		*size += n;
		if (progress != NULL)
			progress(ctx, n);
	}
}

int
digest_fd(int fd, uint8_t out[static SHA256_SIZE], int64_t *size,
    void (*progress)(void *ctx, int64_t bytes), void *ctx, struct err *e)
{
	AUTO_DIGEST d = { 0 };

	if (digest_init(&d, e) < 0 ||
	    add_fd(&d, fd, size, progress, ctx, e) < 0)
		return -1;
	digest_end(&d, out);
	return 0;
}

int
digest_fd_sha512(
    int fd, uint8_t out[static SHA512_SIZE], int64_t *size, struct err *e)
{
	AUTO_DIGEST d = { EVP_MD_CTX_new() };
	unsigned int n = 0;

	if (d.ctx == NULL || EVP_DigestInit_ex(d.ctx, EVP_sha512(), NULL) != 1)
		return err_set(e, ERR_SYS, "cannot start SHA-512");
	if (add_fd(&d, fd, size, NULL, NULL, e) < 0)
		return -1;
	if (EVP_DigestFinal_ex(d.ctx, out, &n) != 1 || n != SHA512_SIZE)
		abort();
	return 0;
}

int
digest_file(const char *path, uint8_t out[static SHA256_SIZE], int64_t *size,
    struct err *e)
{
	struct stat st;
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return err_sys(e, "%s", path);
	if (fstat(fd, &st) < 0)
		return err_sys(e, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "%s: not a regular file", path);
	if (digest_fd(fd, out, size, NULL, NULL, e) < 0)
		return err_in(e, "%s", path);
	return 0;
}
