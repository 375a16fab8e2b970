/*
 * Both s and n - s verify; one of them has to be the one that we write.
 */
#include "signer/ecdsa.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#define NUMBER 32

/* The order of P-256 (FIPS 186-5, D.1.2.3). */
static const uint8_t order[NUMBER] = { 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7,
	0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51 };

static void
bn_freep(BIGNUM **p)
{
	BN_free(*p);
}
#define AUTO_BN CLEANUP(bn_freep) BIGNUM *

static void
sig_freep(ECDSA_SIG **p)
{
	ECDSA_SIG_free(*p);
}
#define AUTO_SIG CLEANUP(sig_freep) ECDSA_SIG *

/* The lower of s and n - s, into its own. */
static int
lower(BIGNUM *s)
{
	AUTO_BN n = BN_bin2bn(order, sizeof(order), NULL);
	AUTO_BN other = BN_new();

	if (n == NULL || other == NULL || BN_is_negative(s) || BN_is_zero(s) ||
	    BN_cmp(s, n) >= 0 || !BN_sub(other, n, s))
		return -1;
	return BN_cmp(other, s) >= 0 || BN_copy(s, other) != NULL ? 0 : -1;
}

/* Takes r and s, whether or not it fails. */
static int
write_der(uint8_t *out, size_t *len, BIGNUM *r, BIGNUM *s, struct err *e)
{
	AUTO_BN r0 = r;
	AUTO_BN s0 = s;
	AUTO_SIG sig = ECDSA_SIG_new();
	unsigned char *at = out;
	int n;

	if (r == NULL || s == NULL || sig == NULL || BN_is_negative(r) ||
	    BN_num_bytes(r) > NUMBER || lower(s) < 0 ||
	    ECDSA_SIG_set0(sig, r, s) != 1)
		return err_set(e, ERR_INPUT, "not a signature of ECDSA P-256");
	r0 = s0 = NULL; /* they are sig's now */
	n = i2d_ECDSA_SIG(sig, NULL);
	if (n <= 0 || n > ECDSA_DER_MAX)
		return err_set(e, ERR_INPUT, "not a signature of ECDSA P-256");
	*len = (size_t)i2d_ECDSA_SIG(sig, &at);
	return 0;
}

int
ecdsa_raw(uint8_t out[static ECDSA_DER_MAX], size_t *len,
    const uint8_t rs[static ECDSA_RAW], struct err *e)
{
	return write_der(out, len, BN_bin2bn(rs, NUMBER, NULL),
	    BN_bin2bn(rs + NUMBER, NUMBER, NULL), e);
}

int
ecdsa_der(uint8_t out[static ECDSA_DER_MAX], size_t *len, struct bytes sig,
    struct err *e)
{
	const unsigned char *at = sig.at;
	AUTO_SIG s = d2i_ECDSA_SIG(NULL, &at, (long)sig.len);

	ERR_clear_error();
	if (s == NULL || at != sig.at + sig.len)
		return err_set(e, ERR_INPUT, "not a signature of ECDSA P-256");
	return write_der(out, len, BN_dup(ECDSA_SIG_get0_r(s)),
	    BN_dup(ECDSA_SIG_get0_s(s)), e);
}
