/*
 * Public keys: TUF's key object in and out, Ed25519 verification by libsodium.
 * The other types are key_evp.c.
 */
#include "manifest/key.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "manifest/base/buf.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "manifest/key_evp.h"

#define ED25519_HEX HEX_SIZE(ED25519_PUBLIC_SIZE)

/* Other TUF tools write IDs of their own; this bounds what we keep of them. */
#define FOREIGN_ID_MAX 256

/* SEQUENCE of two INTEGERs of 1 to 33 bytes. */
#define ECDSA_DER_MIN 8
#define ECDSA_DER_MAX 72
#define P256_SIZE     32

/* (n - 1) / 2 for the order n of P-256 (FIPS 186-5, D.1.2.3). */
static const uint8_t p256_half[P256_SIZE] = { 0x7f, 0xff, 0xff, 0xff, 0x80, 0,
	0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xde, 0x73, 0x7d,
	0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92,
	0xa8 };

void
key_id_ed25519(char out[static KEYID_SIZE],
    const uint8_t public[static ED25519_PUBLIC_SIZE])
{
	char hex[ED25519_HEX];
	char text[160];
	int n;

	hex_write(hex, public, ED25519_PUBLIC_SIZE);
	n = snprintf(text, sizeof text,
	    "{\"keytype\":\"ed25519\",\"keyval\":{\"public\":\"%s\"},"
	    "\"scheme\":\"ed25519\"}",
	    hex);
	sha256_hex(out, text, (size_t)n);
}

json_t *
key_json_ed25519(const uint8_t public[static ED25519_PUBLIC_SIZE])
{
	char hex[ED25519_HEX];

	hex_write(hex, public, ED25519_PUBLIC_SIZE);
	return json_pack("{s:s, s:{s:s}, s:s}", "keytype", "ed25519", "keyval",
	    "public", hex, "scheme", "ed25519");
}

struct fields {
	const char *keytype, *scheme;
	const json_t *keyval;
};

static const struct json_field key_fields[] = {
	JSON_TEXT(struct fields, keytype, 1, 64),
	JSON_TEXT(struct fields, scheme, 1, 64),
	JSON_F(JSON_FIELD_OBJECT, struct fields, keyval, false, 0, 0),
};

struct keyval {
	const char *public;
};

static const struct json_field keyval_fields[] = {
	JSON_TEXT(struct keyval, public, 1, 8192),
};

/* What names a type in a document; strict: ours may have it. */
static const struct {
	const char *keytype, *scheme;
	enum key_type type;
	bool strict;
} types[] = {
	{ "ed25519", "ed25519", KEY_ED25519, true },
	{ "ecdsa", "ecdsa-sha2-nistp256", KEY_ECDSA_P256, true },
	{ "ecdsa", "ecdsa-sha2-nistp384", KEY_ECDSA_P384, false },
	{ "ecdsa", "ecdsa-sha2-nistp521", KEY_ECDSA_P521, false },
	{ "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", KEY_ECDSA_P256, false },
	{ "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384", KEY_ECDSA_P384, false },
	{ "rsa", "rsassa-pss-sha256", KEY_RSA_PSS_256, false },
	{ "rsa", "rsassa-pss-sha384", KEY_RSA_PSS_384, false },
	{ "rsa", "rsassa-pss-sha512", KEY_RSA_PSS_512, false },
	{ "rsa", "rsa-pkcs1v15-sha256", KEY_RSA_PKCS1_256, false },
	{ "rsa", "rsa-pkcs1v15-sha384", KEY_RSA_PKCS1_384, false },
	{ "rsa", "rsa-pkcs1v15-sha512", KEY_RSA_PKCS1_512, false },
};

static int
type_read(enum key_type *out, const struct fields *f, bool strict)
{
	for (size_t i = 0; i < COUNT(types); i++)
		if (strcmp(types[i].keytype, f->keytype) == 0 &&
		    strcmp(types[i].scheme, f->scheme) == 0 &&
		    (types[i].strict || !strict)) {
			*out = types[i].type;
			return 0;
		}
	return -1;
}

/* The digits of a document; foreign ones may be in upper case. */
static int
public_read(
    uint8_t out[static ED25519_PUBLIC_SIZE], const char *text, bool strict)
{
	char lower[ED25519_HEX];

	if (strict)
		return hex_read(out, ED25519_PUBLIC_SIZE, text);
	if (strlen(text) != sizeof lower - 1)
		return -1;
	for (size_t i = 0; i < sizeof lower; i++)
		lower[i] = (char)tolower((unsigned char)text[i]);
	return hex_read(out, ED25519_PUBLIC_SIZE, lower);
}

static int
read_object(struct key *out, const json_t *v, bool strict, struct arena *a,
    struct err *e)
{
	struct fields f = { 0 };
	struct keyval kv = { 0 };
	char shown[2][65];

	if (json_struct(v, key_fields, COUNT(key_fields), strict, &f, a, e) < 0)
		return -1;
	if (type_read(&out->type, &f, strict) < 0)
		return err_set(e, ERR_INPUT,
		    "keytype %s with scheme %s is not supported",
		    text_safe(shown[0], sizeof shown[0], f.keytype),
		    text_safe(shown[1], sizeof shown[1], f.scheme));
	if (json_struct(f.keyval, keyval_fields, COUNT(keyval_fields), strict,
		&kv, a, e) < 0)
		return err_in(e, "keyval");
	if (out->type != KEY_ED25519 || (!strict && key_evp_is_pem(kv.public)))
		return key_evp_read(out, kv.public, a, e);
	if (public_read(out->ed25519, kv.public, strict) < 0)
		return err_set(e, ERR_INPUT,
		    "keyval: public is not %d bytes in lower-case hex",
		    ED25519_PUBLIC_SIZE);
	return 0;
}

json_t *
key_json(const struct key *k)
{
	char pem[KEY_EVP_PEM];

	if (k->type == KEY_ED25519)
		return key_json_ed25519(k->ed25519);
	if (k->type != KEY_ECDSA_P256 || key_evp_pem(pem, k) < 0)
		return NULL;
	return json_pack("{s:s, s:{s:s}, s:s}", "keytype", "ecdsa", "keyval",
	    "public", pem, "scheme", "ecdsa-sha2-nistp256");
}

/* The one form of a key, and its digest for an ID. */
static int
check_strict(const struct key *k, const char *id, const json_t *v,
    const char *shown, struct err *e)
{
	AUTO_JSON own = NULL;
	AUTO_BUF canon;
	char want[KEYID_SIZE];

	buf_init(&canon, JSON_STRING_MAX);
	errno = 0;
	own = key_json(k);
	if (own == NULL && errno == ENOMEM)
		return err_set(e, ERR_SYS, "key %s: out of memory", shown);
	if (own == NULL || !json_equal(own, v))
		return err_set(
		    e, ERR_INPUT, "key %s: not in canonical form", shown);
	if (json_canon(own, &canon, e) < 0)
		return -1;
	sha256_hex(want, canon.at, canon.len);
	if (strcmp(want, id) != 0)
		return err_set(e, ERR_INPUT,
		    "key %s: the ID is not its digest %s", shown, want);
	return 0;
}

int
key_read(struct key *out, const char *id, const json_t *v, bool strict,
    struct arena *a, struct err *e)
{
	char shown[KEYID_SIZE];

	text_safe(shown, sizeof shown, id);
	if (strnlen(id, FOREIGN_ID_MAX + 1) > FOREIGN_ID_MAX)
		return err_set(
		    e, ERR_INPUT, "key %s...: ID is too long", shown);
	if (read_object(out, v, strict, a, e) < 0)
		return err_in(e, "key %s", shown);
	if (strict && check_strict(out, id, v, shown, e) < 0)
		return -1;
	return (out->id = arena_text(a, id, e)) == NULL ? -1 : 0;
}

bool
key_same(const struct key *a, const struct key *b)
{
	if (a->type == KEY_ED25519 || b->type == KEY_ED25519)
		return a->type == b->type &&
		    memcmp(a->ed25519, b->ed25519, sizeof a->ed25519) == 0;
	return memcmp(a->same, b->same, sizeof a->same) == 0;
}

/* 30 len 02 len r 02 len s, s at most half of the order; that the numbers are
 * in shortest form is checked with the signature. */
static bool
ecdsa_ours(const uint8_t *sig, size_t n)
{
	uint8_t s[P256_SIZE] = { 0 };
	size_t r = sig[3], len;
	const uint8_t *at;

	if (sig[0] != 0x30 || sig[1] != n - 2 || sig[2] != 0x02 ||
	    4 + r + 2 >= n || sig[4 + r] != 0x02 || sig[5 + r] != n - 6 - r)
		return false;
	at = sig + 6 + r;
	len = n - 6 - r;
	if (len > P256_SIZE)
		return false;
	memcpy(s + P256_SIZE - len, at, len);
	return memcmp(s, p256_half, sizeof s) <= 0;
}

bool
key_sig_ours(const char *sig_hex)
{
	uint8_t sig[ECDSA_DER_MAX];
	size_t n = strlen(sig_hex) / 2;

	if (n < ECDSA_DER_MIN || n > sizeof sig ||
	    hex_read(sig, n, sig_hex) < 0)
		return false;
	return n == ED25519_SIG_SIZE || ecdsa_ours(sig, n);
}

static int
ed25519_verify(const struct key *k, const char *sig_hex, struct bytes message,
    const char *shown, struct err *e)
{
	uint8_t sig[ED25519_SIG_SIZE];

	if (hex_read(sig, sizeof sig, sig_hex) < 0)
		return err_set(e, ERR_AUTH,
		    "signature by key %s is not %d bytes in lower-case hex",
		    shown, ED25519_SIG_SIZE);
	/* libsodium refuses S >= L and small-order points: one form only */
	if (crypto_sign_verify_detached(
		sig, message.at, message.len, k->ed25519) != 0)
		return err_set(
		    e, ERR_AUTH, "signature by key %s does not verify", shown);
	return 0;
}

int
key_verify(const struct key *k, const char *sig_hex, struct bytes message,
    struct err *e)
{
	char shown[KEYID_SIZE];
	uint8_t sig[KEY_SIG_MAX];
	size_t n = strlen(sig_hex) / 2;

	text_safe(shown, sizeof shown, k->id);
	if (k->type == KEY_ED25519)
		return ed25519_verify(k, sig_hex, message, shown, e);
	if (n == 0 || n > sizeof sig || hex_read(sig, n, sig_hex) < 0)
		return err_set(e, ERR_AUTH,
		    "signature by key %s is not lower-case hex", shown);
	if (key_evp_verify(k, (struct bytes){ sig, n }, message, e) < 0)
		return err_in(e, "signature by key %s", shown);
	return 0;
}
