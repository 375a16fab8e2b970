/*
 * ECDSA and RSA by OpenSSL's EVP.  A key is kept as DER: OpenSSL's own
 * form of it would have to be freed.
 */
#include "manifest/key_evp.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "manifest/base/text.h"

#define PEM_BEGIN    "-----BEGIN "
#define PEM_NAME     "PUBLIC KEY"
#define PEM_COLUMN   64
#define P256_POINT   65 /* 04 X Y */
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 16384

/* What each type is to OpenSSL. */
static const struct kind {
	const char *name, *curve;
	const EVP_MD *(*hash)(void);
	bool pss;
} kinds[] = {
	[KEY_ED25519] = { "ED25519", NULL, NULL, false },
	[KEY_ECDSA_P256] = { "EC", "prime256v1", EVP_sha256, false },
	[KEY_ECDSA_P384] = { "EC", "secp384r1", EVP_sha384, false },
	[KEY_ECDSA_P521] = { "EC", "secp521r1", EVP_sha512, false },
	[KEY_RSA_PSS_256] = { "RSA", NULL, EVP_sha256, true },
	[KEY_RSA_PSS_384] = { "RSA", NULL, EVP_sha384, true },
	[KEY_RSA_PSS_512] = { "RSA", NULL, EVP_sha512, true },
	[KEY_RSA_PKCS1_256] = { "RSA", NULL, EVP_sha256, false },
	[KEY_RSA_PKCS1_384] = { "RSA", NULL, EVP_sha384, false },
	[KEY_RSA_PKCS1_512] = { "RSA", NULL, EVP_sha512, false },
};

/* SubjectPublicKeyInfo of P-256 up to the point (RFC 5480). */
static const uint8_t p256_head[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a,
	0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
	0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00 };

static void
bio_freep(BIO **p)
{
	BIO_free_all(*p);
}

static void
evp_freep(EVP_PKEY **p)
{
	EVP_PKEY_free(*p);
}
#define AUTO_EVP CLEANUP(evp_freep) EVP_PKEY *

static void
ctx_freep(EVP_MD_CTX **p)
{
	EVP_MD_CTX_free(*p);
}

static void
bn_freep(BIGNUM **p)
{
	BN_free(*p);
}
#define AUTO_BN CLEANUP(bn_freep) BIGNUM *

struct pem {
	char *name, *header;
	unsigned char *data;
	long len;
};

static void
pem_done(struct pem *p)
{
	OPENSSL_free(p->name);
	OPENSSL_free(p->header);
	OPENSSL_free(p->data);
}

bool
key_evp_is_pem(const char *text)
{
	return strncmp(text, PEM_BEGIN, strlen(PEM_BEGIN)) == 0;
}

/* All of the bytes are one key. */
static EVP_PKEY *
from_der(const uint8_t *at, size_t len)
{
	const unsigned char *end = at;
	EVP_PKEY *k = d2i_PUBKEY(NULL, &end, (long)len);

	if (k != NULL && end != at + len) {
		EVP_PKEY_free(k);
		return NULL;
	}
	return k;
}

static EVP_PKEY *
from_pem(const char *text)
{
	CLEANUP(bio_freep) BIO *b = BIO_new_mem_buf(text, -1);
	CLEANUP(pem_done) struct pem p = { 0 };

	if (b == NULL ||
	    PEM_read_bio(b, &p.name, &p.header, &p.data, &p.len) != 1 ||
	    strcmp(p.name, PEM_NAME) != 0 || p.header[0] != '\0')
		return NULL;
	return from_der(p.data, (size_t)p.len);
}

/* An uncompressed point, as some early repositories have it. */
static EVP_PKEY *
from_hex(const char *text)
{
	uint8_t der[sizeof p256_head + P256_POINT];
	char lower[HEX_SIZE(P256_POINT)];

	if (strlen(text) != sizeof lower - 1)
		return NULL;
	for (size_t i = 0; i < sizeof lower; i++)
		lower[i] = (char)tolower((unsigned char)text[i]);
	memcpy(der, p256_head, sizeof p256_head);
	if (hex_read(der + sizeof p256_head, P256_POINT, lower) < 0)
		return NULL;
	return from_der(der, sizeof der);
}

/* Two numbers say which key it is, in whatever form it came. */
static int
digest_numbers(struct key *out, const EVP_PKEY *k, const char *one,
    const char *other, struct err *e)
{
	AUTO_BN a = NULL;
	AUTO_BN b = NULL;
	AUTO_DIGEST d = { 0 };
	uint8_t bytes[RSA_BITS_MAX / 8];
	const BIGNUM *n[2];

	if (EVP_PKEY_get_bn_param(k, one, &a) != 1 ||
	    EVP_PKEY_get_bn_param(k, other, &b) != 1)
		return err_set(e, ERR_INPUT, "keyval: public has no numbers");
	if (digest_init(&d, e) < 0)
		return -1;
	n[0] = a;
	n[1] = b;
	for (size_t i = 0; i < COUNT(n); i++) {
		int len = BN_bn2binpad(n[i], bytes, sizeof bytes);

		if (len < 0)
			return err_set(
			    e, ERR_INPUT, "keyval: public is too long");
		digest_add(&d, bytes, (size_t)len);
	}
	digest_end(&d, out->same);
	return 0;
}

static int
check_curve(struct key *out, const EVP_PKEY *k, struct err *e)
{
	const char *want = kinds[out->type].curve;
	char curve[32];
	size_t n;

	if (EVP_PKEY_get_group_name(k, curve, sizeof curve, &n) != 1 ||
	    strcmp(curve, want) != 0)
		return err_set(e, ERR_INPUT,
		    "keyval: public is not on the curve %s", want);
	return digest_numbers(
	    out, k, OSSL_PKEY_PARAM_EC_PUB_X, OSSL_PKEY_PARAM_EC_PUB_Y, e);
}

/* With 1 everybody can sign; an even one is no key of RSA. */
static bool
exponent_ok(const EVP_PKEY *k)
{
	AUTO_BN e = NULL;

	return EVP_PKEY_get_bn_param(k, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
	    BN_is_odd(e) && !BN_is_one(e);
}

static int
check_rsa(struct key *out, const EVP_PKEY *k, struct err *e)
{
	int bits = EVP_PKEY_get_bits(k);

	if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
		return err_set(e, ERR_INPUT,
		    "keyval: RSA of %d bits, expected %d to %d", bits,
		    RSA_BITS_MIN, RSA_BITS_MAX);
	if (!exponent_ok(k))
		return err_set(e, ERR_INPUT,
		    "keyval: RSA with an exponent that is 1 or even");
	return digest_numbers(
	    out, k, OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E, e);
}

static int
keep(struct key *out, const EVP_PKEY *k, struct arena *a, struct err *e)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(k, &der);

	if (n <= 0)
		return err_set(e, ERR_INPUT, "keyval: public is not a key");
	out->spki.len = (size_t)n;
	out->spki.at = arena_bytes(a, der, (size_t)n, e);
	OPENSSL_free(der);
	return out->spki.at == NULL ? -1 : 0;
}

static int
check_type(struct key *out, const EVP_PKEY *k, struct err *e)
{
	size_t n = sizeof out->ed25519;

	if (EVP_PKEY_is_a(k, kinds[out->type].name) != 1)
		return err_set(
		    e, ERR_INPUT, "keyval: public is of another type");
	if (kinds[out->type].curve != NULL)
		return check_curve(out, k, e);
	if (out->type != KEY_ED25519)
		return check_rsa(out, k, e);
	if (EVP_PKEY_get_raw_public_key(k, out->ed25519, &n) != 1)
		return err_set(e, ERR_INPUT, "keyval: public is no key");
	return 0;
}

int
key_evp_read(
    struct key *out, const char *public, struct arena *a, struct err *e)
{
	AUTO_EVP k = NULL;
	int rc;

	errno = 0;
	if (key_evp_is_pem(public))
		k = from_pem(public);
	else if (out->type == KEY_ECDSA_P256)
		k = from_hex(public);
	rc = k == NULL
	    ? err_set(e, ERR_INPUT, "keyval: public is not a PEM public key")
	    : check_type(out, k, e);
	if (rc == 0 && out->type != KEY_ED25519)
		rc = keep(out, k, a, e);
	/* of OpenSSL's reasons for saying no this one is not the key's */
	if (rc < 0 && errno == ENOMEM)
		rc = err_set(e, ERR_SYS, "out of memory");
	ERR_clear_error();
	return rc;
}

int
key_evp_pem(char out[static KEY_EVP_PEM], const struct key *k)
{
	char text[BASE64_SIZE(sizeof p256_head + P256_POINT)];
	size_t n = 0;

	if (k->spki.len != sizeof p256_head + P256_POINT)
		return -1;
	base64_write(text, k->spki.at, k->spki.len);
	n += (size_t)snprintf(
	    out, KEY_EVP_PEM, "%s%s-----\n", PEM_BEGIN, PEM_NAME);
	for (const char *at = text; *at != '\0'; at += strnlen(at, PEM_COLUMN))
		n += (size_t)snprintf(
		    out + n, KEY_EVP_PEM - n, "%.*s\n", PEM_COLUMN, at);
	(void)snprintf(
	    out + n, KEY_EVP_PEM - n, "-----END %s-----\n", PEM_NAME);
	return 0;
}

/* MGF1 has the same hash; tools differ in the length of the salt. */
static bool
set_pss(EVP_PKEY_CTX *c)
{
	return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PSS_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(c, RSA_PSS_SALTLEN_AUTO) == 1;
}

int
key_evp_verify(
    const struct key *k, struct bytes sig, struct bytes message, struct err *e)
{
	const struct kind *kind = &kinds[k->type];
	AUTO_EVP key = NULL;
	CLEANUP(ctx_freep) EVP_MD_CTX *md = NULL;
	EVP_PKEY_CTX *c; /* md's */
	bool good;

	errno = 0;
	key = from_der(k->spki.at, k->spki.len);
	md = EVP_MD_CTX_new();
	good = key != NULL && md != NULL &&
	    EVP_DigestVerifyInit(md, &c, kind->hash(), NULL, key) == 1 &&
	    (!kind->pss || set_pss(c)) &&
	    EVP_DigestVerify(md, sig.at, sig.len, message.at, message.len) == 1;
	ERR_clear_error();
	if (good)
		return 0;
	return errno == ENOMEM ? err_set(e, ERR_SYS, "out of memory")
			       : err_set(e, ERR_AUTH, "it does not verify");
}
