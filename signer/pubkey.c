/*
 * Public keys in and out of their files.  Ed25519 and ECDSA P-256 only: what
 * a root of ours may name.
 */
#include "signer/pubkey.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "signer/agentwire.h"
#include "signer/keyfile.h"

#define PEM_SIZE 256

/* SubjectPublicKeyInfo up to the key itself (RFC 5480, RFC 8410). */
static const uint8_t p256_head[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a,
	0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
	0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00 };
static const uint8_t ed25519_head[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
	0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };

static void
evp_freep(EVP_PKEY **p)
{
	EVP_PKEY_free(*p);
}

void
pubkey_ed25519(
    struct pubkey *out, const uint8_t public[static ED25519_PUBLIC_SIZE])
{
	memset(out, 0, sizeof(*out));
	out->type = KEY_ED25519;
	memcpy(out->at, public, ED25519_PUBLIC_SIZE);
	key_id_ed25519(out->id, public);
}

/* The ID of every type: the digest of the canonical object. */
static int
set_id(struct pubkey *k, struct err *e)
{
	AUTO_JSON v = pubkey_json(k);
	AUTO_BUF text;

	buf_init(&text, PUBKEY_FILE_MAX);
	if (v == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	if (json_canon(v, &text, e) < 0 || buf_ok(&text, e) < 0)
		return -1;
	sha256_hex(k->id, text.at, text.len);
	return 0;
}

static int
set_p256(struct pubkey *out, const uint8_t *spki, struct err *e)
{
	const unsigned char *at = spki;
	CLEANUP(evp_freep)
	EVP_PKEY *k = d2i_PUBKEY(NULL, &at, PUBKEY_P256_SPKI);

	ERR_clear_error();
	if (k == NULL || at != spki + PUBKEY_P256_SPKI)
		return err_set(e, ERR_INPUT, "not a point on the curve P-256");
	memset(out, 0, sizeof(*out));
	out->type = KEY_ECDSA_P256;
	memcpy(out->at, spki, PUBKEY_P256_SPKI);
	return set_id(out, e);
}

int
pubkey_p256(struct pubkey *out, struct bytes point, struct err *e)
{
	uint8_t spki[PUBKEY_P256_SPKI];

	if (point.len != PUBKEY_P256_POINT || point.at[0] != 0x04)
		return err_set(e, ERR_INPUT,
		    "not an uncompressed point of the curve P-256");
	memcpy(spki, p256_head, sizeof(p256_head));
	memcpy(spki + sizeof(p256_head), point.at, PUBKEY_P256_POINT);
	return set_p256(out, spki, e);
}

static int
from_spki(struct pubkey *out, struct bytes der, struct err *e)
{
	if (der.len == sizeof(ed25519_head) + ED25519_PUBLIC_SIZE &&
	    memcmp(der.at, ed25519_head, sizeof(ed25519_head)) == 0) {
		pubkey_ed25519(out, der.at + sizeof(ed25519_head));
		return 0;
	}
	if (der.len == PUBKEY_P256_SPKI &&
	    memcmp(der.at, p256_head, sizeof(p256_head)) == 0)
		return pubkey_p256(out,
		    (struct bytes){
			der.at + sizeof(p256_head), PUBKEY_P256_POINT },
		    e);
	return err_set(e, ERR_INPUT,
	    "a public key that is neither Ed25519 nor ECDSA P-256");
}

int
pubkey_from(struct pubkey *out, const struct key *k, struct err *e)
{
	if (k->type == KEY_ED25519) {
		pubkey_ed25519(out, k->ed25519);
		return 0;
	}
	return from_spki(out, k->spki, e);
}

struct key
pubkey_key(const struct pubkey *k)
{
	struct key key = { .id = k->id, .type = k->type };

	if (k->type == KEY_ED25519)
		memcpy(key.ed25519, k->at, sizeof(key.ed25519));
	else
		key.spki = (struct bytes){ k->at, PUBKEY_P256_SPKI };
	return key;
}

/* --- out ------------------------------------------------------------------ */

json_t *
pubkey_json(const struct pubkey *k)
{
	struct key key = pubkey_key(k);

	return key_json(&key);
}

static int
dump(const char *at, size_t len, void *out)
{
	buf_add(out, at, len);
	return 0;
}

int
pubkey_write(const struct pubkey *k, struct buf *out, struct err *e)
{
	AUTO_JSON v = pubkey_json(k);

	if (v == NULL ||
	    json_dump_callback(v, dump, out, JSON_COMPACT | JSON_SORT_KEYS) < 0)
		return err_set(e, ERR_SYS, "out of memory");
	return buf_ok(out, e);
}

void
pubkey_minisign(struct minisign_key *out, const struct pubkey *k)
{
	char id[HEX_SIZE(MINISIGN_ID_SIZE)] = { 0 };

	memset(out, 0, sizeof(*out));
	memcpy(id, k->id, sizeof(id) - 1);
	(void)hex_read(out->id, sizeof(out->id), id);
	memcpy(out->public, k->at, sizeof(out->public));
}

/* --- in ------------------------------------------------------------------- */

/* Base64 in lines, up to a line that begins with a dash. */
static int
pem_read(struct pubkey *out, const char *text, struct err *e)
{
	uint8_t der[PEM_SIZE];
	char line[BASE64_SIZE(PEM_SIZE)];
	size_t n = 0, len;

	for (text = strchr(text, '\n'); text != NULL && *text != '\0'; text++) {
		if (*text == '\n' || *text == '\r')
			continue;
		if (*text == '-' || n == sizeof(line) - 1)
			break;
		line[n++] = *text;
	}
	line[n] = '\0';
	if (base64_read(der, sizeof(der), &len, line) < 0)
		return err_set(e, ERR_INPUT, "not a PEM public key");
	return from_spki(out, (struct bytes){ der, len }, e);
}

/* "ssh-ed25519 AAAA... comment" */
static int
ssh_read(struct pubkey *out, const char *text, struct err *e)
{
	uint8_t blob[PEM_SIZE], public[ED25519_PUBLIC_SIZE];
	char line[BASE64_SIZE(PEM_SIZE)];
	const char *at = strchr(text, ' ');
	size_t n = at == NULL ? 0 : strcspn(at + 1, " \r\n");
	size_t len;

	if (n == 0 || n >= sizeof(line))
		return err_set(e, ERR_INPUT, "not an OpenSSH Ed25519 key");
	memcpy(line, at + 1, n);
	line[n] = '\0';
	if (base64_read(blob, sizeof(blob), &len, line) < 0 ||
	    agentwire_blob((struct bytes){ blob, len }, public) < 0)
		return err_set(e, ERR_INPUT, "not an OpenSSH Ed25519 key");
	pubkey_ed25519(out, public);
	return 0;
}

static int
read_json(struct pubkey *out, struct bytes file, struct arena *a, struct err *e)
{
	AUTO_JSON v = json_read(file, PUBKEY_FILE_MAX, e);
	struct keyfile k;
	struct key key;

	if (v == NULL)
		return -1;
	if (json_object_get(v, "schema") == NULL) {
		if (key_read(&key, "", v, false, a, e) < 0)
			return -1;
		return pubkey_from(out, &key, e);
	}
	if (keyfile_parse(&k, file, a, e) < 0)
		return -1;
	if (k.role == KEYFILE_MINISIGN)
		return err_set(e, ERR_USAGE, "a minisign key");
	pubkey_ed25519(out, k.public);
	return 0;
}

int
pubkey_parse(
    struct pubkey *out, struct bytes file, struct arena *a, struct err *e)
{
	const char *text =
	    (const char *)arena_bytes(a, file.at, file.len, e); /* with NUL */

	if (text == NULL)
		return -1;
	if (strncmp(text, "-----BEGIN PUBLIC KEY-----", 26) == 0)
		return pem_read(out, text, e);
	if (strncmp(text, "-----BEGIN ", 11) == 0)
		return err_set(e, ERR_INPUT, "not a public key");
	if (strncmp(text, "ssh-", 4) == 0 || strncmp(text, "ecdsa-", 6) == 0)
		return ssh_read(out, text, e);
	if (text[strspn(text, " \t\r\n")] != '{')
		return err_set(e, ERR_INPUT,
		    "not a key: neither a key file nor PEM nor OpenSSH");
	return read_json(out, file, a, e);
}

int
pubkey_read(
    struct pubkey *out, const char *path, struct arena *a, struct err *e)
{
	struct bytes file;

	if (file_read(a, path, PUBKEY_FILE_MAX, &file, e) < 0)
		return e->kind != ERR_LIMIT
		    ? -1
		    : err_set(e, ERR_INPUT,
			  "%s: not a key: longer than %d bytes", path,
			  PUBKEY_FILE_MAX);
	if (pubkey_parse(out, file, a, e) < 0)
		return err_in(e, "%s", path);
	return 0;
}
