/*
 * Finding a key on a token and signing with it.  The private key never leaves
 * the token; the public one is what the token says, and every signature is
 * checked with it by the caller.
 */
#include "signer/pkcs11.h"

#include <stdlib.h>
#include <string.h>

#include "manifest/base/digest.h"
#include "manifest/base/verb.h"
#include "signer/ecdsa.h"
#include "signer/pkcs11_token.h"

#define POINT_MAX  96
#define PARAMS_MAX 32

struct pkcs11 {
	struct pkcs11_token token;
	struct tokenuri uri;
	ck_object_handle_t key;
	ck_mechanism_type_t how;
	bool each_time; /* the token wants the PIN for every signature */
};

/* What CKA_EC_PARAMS may be. */
static const struct curve {
	enum key_type type;
	size_t len;
	uint8_t at[16];
} curves[] = {
	{ KEY_ECDSA_P256, 10,
	    { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 } },
	{ KEY_ED25519, 5, { 0x06, 0x03, 0x2b, 0x65, 0x70 } },
	{ KEY_ED25519, 11,
	    { 0x06, 0x09, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f,
		0x01 } },
	{ KEY_ED25519, 14,
	    "\x13\x0c"
	    "edwards25519" },
};

/* --- objects -------------------------------------------------------------- */

/* The only object of a class that the URI describes; how many there are. */
static int
find(struct pkcs11 *p, ck_object_class_t class, ck_object_handle_t *out,
    unsigned long *n, struct err *e)
{
	const struct ck_function_list *f = p->token.f;
	ck_object_handle_t found[2];
	struct ck_attribute want[3] = {
		{ CKA_CLASS, &class, sizeof(class) },
	};
	unsigned long nwant = 1;
	ck_rv_t rv;

	if (p->uri.object[0] != '\0')
		want[nwant++] = (struct ck_attribute){ CKA_LABEL, p->uri.object,
			strlen(p->uri.object) };
	if (p->uri.nid > 0)
		want[nwant++] =
		    (struct ck_attribute){ CKA_ID, p->uri.id, p->uri.nid };
	rv = f->C_FindObjectsInit(p->token.session, want, nwant);
	if (rv == CKR_OK) {
		rv = f->C_FindObjects(p->token.session, found, COUNT(found), n);
		(void)f->C_FindObjectsFinal(p->token.session);
	}
	if (rv != CKR_OK)
		return pkcs11_token_failed(rv, "looking for the key", e);
	if (*n > 1) {
		verb_hint("name it by its id: id=%%01 in the URI");
		return err_set(e, ERR_USAGE, "several keys answer to this URI");
	}
	if (*n == 1)
		*out = found[0];
	return 0;
}

static int
get(struct pkcs11 *p, ck_object_handle_t o, ck_attribute_type_t what,
    uint8_t *room, size_t *len)
{
	struct ck_attribute a = { what, room, *len };

	if (p->token.f->C_GetAttributeValue(p->token.session, o, &a, 1) !=
		CKR_OK ||
	    a.value_len > *len)
		return -1;
	*len = a.value_len;
	return 0;
}

/* The point, which is wrapped in an OCTET STRING (or, by some, a BIT STRING;
 * or, by others, not at all). */
static struct bytes
unwrap(const uint8_t *at, size_t len, size_t want)
{
	if (len == want + 2 && at[0] == 0x04 && at[1] == want)
		return (struct bytes){ at + 2, want };
	if (len == want + 3 && at[0] == 0x03 && at[1] == want + 1 && at[2] == 0)
		return (struct bytes){ at + 3, want };
	return (struct bytes){ at, len };
}

static int
public_of(
    struct pkcs11 *p, ck_object_handle_t o, struct pubkey *out, struct err *e)
{
	uint8_t params[PARAMS_MAX], point[POINT_MAX];
	size_t nparams = sizeof(params), npoint = sizeof(point);
	struct bytes b;

	if (get(p, o, CKA_EC_PARAMS, params, &nparams) < 0 ||
	    get(p, o, CKA_EC_POINT, point, &npoint) < 0)
		return err_set(e, ERR_INPUT,
		    "the token does not show a public key of a curve");
	for (size_t i = 0; i < COUNT(curves); i++) {
		if (nparams != curves[i].len ||
		    memcmp(params, curves[i].at, nparams) != 0)
			continue;
		if (curves[i].type == KEY_ECDSA_P256) {
			p->how = CKM_ECDSA;
			b = unwrap(point, npoint, PUBKEY_P256_POINT);
			return pubkey_p256(out, b, e);
		}
		p->how = CKM_EDDSA;
		b = unwrap(point, npoint, ED25519_PUBLIC_SIZE);
		if (b.len != ED25519_PUBLIC_SIZE)
			break;
		pubkey_ed25519(out, b.at);
		return 0;
	}
	return err_set(e, ERR_INPUT,
	    "the key on the token is neither Ed25519 nor ECDSA P-256");
}

/* --- opening -------------------------------------------------------------- */

static int
find_public(
    struct pkcs11 *p, struct pass *pass, struct pubkey *public, struct err *e)
{
	ck_object_handle_t o = 0;
	unsigned long n = 0;

	if (find(p, CKO_PUBLIC_KEY, &o, &n, e) < 0)
		return -1;
	if (n == 0 &&
	    (pkcs11_token_login(&p->token, pass, e) < 0 ||
		find(p, CKO_PUBLIC_KEY, &o, &n, e) < 0))
		return -1;
	/* some tokens keep the point with the private key */
	if (n == 0 && find(p, CKO_PRIVATE_KEY, &o, &n, e) < 0)
		return -1;
	if (n == 0) {
		verb_hint("pkcs11-tool --list-objects shows what it has");
		return err_set(
		    e, ERR_MISSING, "no such key on %s", p->token.label);
	}
	return public_of(p, o, public, e);
}

struct pkcs11 *
pkcs11_open(const char *uri, struct pass *pass, struct pubkey *public,
    struct arena *a, struct err *e)
{
	struct pkcs11 *p = arena_get(a, sizeof(*p), e);

	if (p == NULL || tokenuri_read(&p->uri, uri, e) < 0)
		return NULL;
	if (pkcs11_token_open(&p->token, &p->uri, e) == 0 &&
	    find_public(p, pass, public, e) == 0)
		return p;
	pkcs11_close(p);
	return NULL;
}

void
pkcs11_close(struct pkcs11 *p)
{
	if (p != NULL)
		pkcs11_token_close(&p->token);
}

int
pkcs11_login(struct pkcs11 *p, struct pass *pass, struct err *e)
{
	unsigned long n = 0;
	uint8_t each = 0;
	size_t len = sizeof(each);

	if (pkcs11_token_login(&p->token, pass, e) < 0 ||
	    find(p, CKO_PRIVATE_KEY, &p->key, &n, e) < 0)
		return -1;
	if (n == 0)
		return err_set(e, ERR_MISSING,
		    "%s has no private key of this name", p->token.label);
	p->each_time =
	    get(p, p->key, CKA_ALWAYS_AUTHENTICATE, &each, &len) == 0 && each;
	return p->each_time ? pkcs11_token_keep(&p->token, pass, e) : 0;
}

/* --- signing -------------------------------------------------------------- */

int
pkcs11_sign(struct pkcs11 *p, struct bytes message,
    uint8_t out[static PKCS11_SIG_MAX], size_t *len, struct err *e)
{
	const struct ck_function_list *f = p->token.f;
	struct ck_mechanism how = { p->how, NULL, 0 };
	uint8_t sum[SHA256_SIZE], sig[ECDSA_RAW];
	unsigned long n = sizeof(sig);
	AUTO_BUF copy;
	ck_rv_t rv;

	buf_init(&copy, message.len + 1);
	if (p->how == CKM_ECDSA) { /* of a digest, which is ours to make */
		sha256(sum, message.at, message.len);
		message = (struct bytes){ sum, sizeof(sum) };
	}
	/* the standard's functions do not promise to leave it alone */
	buf_add(&copy, message.at, message.len);
	if (buf_ok(&copy, e) < 0)
		return -1;
	rv = f->C_SignInit(p->token.session, &how, p->key);
	if (rv == CKR_OK && p->each_time &&
	    pkcs11_token_again(&p->token, e) < 0)
		return -1;
	if (rv == CKR_OK)
		rv = f->C_Sign(p->token.session, copy.at, copy.len, sig, &n);
	if (rv != CKR_OK)
		return pkcs11_token_failed(rv, p->token.label, e);
	if (n != sizeof(sig))
		return err_set(e, ERR_INPUT, "%s: a signature of %lu bytes",
		    p->token.label, n);
	if (p->how == CKM_ECDSA)
		return ecdsa_raw(out, len, sig, e);
	memcpy(out, sig, n);
	*len = n;
	return 0;
}
