/*
 * Reading key files: form and bounds.  Opening the box is keyfile.c.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "manifest/base/verb.h"
#include "signer/keyfile.h"

struct keyfile_doc {
	const char *schema, *role, *keyid, *comment;
	uint8_t public[ED25519_PUBLIC_SIZE];
	const json_t *kdf, *box;
};

struct kdf_doc {
	const char *name;
	int64_t ops, mem;
	uint8_t salt[KEYFILE_SALT];
};

struct box_doc {
	const char *name;
	uint8_t nonce[KEYFILE_NONCE];
	uint8_t ciphertext[KEYFILE_SEED + KEYFILE_TAG];
};

static const struct json_field file_fields[] = {
	JSON_TEXT(struct keyfile_doc, schema, 1, 32),
	JSON_TEXT(struct keyfile_doc, role, 1, 32),
	JSON_TEXT(struct keyfile_doc, keyid, 16, 64),
	JSON_TEXT(struct keyfile_doc, comment, 0, KEYFILE_COMMENT),
	JSON_F(JSON_FIELD_HEX, struct keyfile_doc, public, false, 0,
	    ED25519_PUBLIC_SIZE),
	JSON_F(JSON_FIELD_OBJECT, struct keyfile_doc, kdf, false, 0, 0),
	JSON_F(JSON_FIELD_OBJECT, struct keyfile_doc, box, false, 0, 0),
};

/* A hostile file must not be able to ask for a terabyte. */
static const struct json_field kdf_fields[] = {
	JSON_TEXT(struct kdf_doc, name, 1, 32),
	JSON_INT(struct kdf_doc, ops, 1, KEYFILE_OPS_MAX),
	JSON_INT(struct kdf_doc, mem, 8192, KEYFILE_MEM_MAX),
	JSON_F(JSON_FIELD_HEX, struct kdf_doc, salt, false, 0, KEYFILE_SALT),
};

static const struct json_field box_fields[] = {
	JSON_TEXT(struct box_doc, name, 1, 32),
	JSON_F(JSON_FIELD_HEX, struct box_doc, nonce, false, 0, KEYFILE_NONCE),
	JSON_F(JSON_FIELD_HEX, struct box_doc, ciphertext, false, 0,
	    KEYFILE_SEED + KEYFILE_TAG),
};

static int
keyfile_fill(struct keyfile *k, const struct keyfile_doc *d,
    const struct kdf_doc *kdf, const struct box_doc *box, struct err *e)
{
	char id[KEYID_SIZE];
	uint8_t mid[MINISIGN_ID_SIZE];

	if (strcmp(d->schema, KEYFILE_SCHEMA) != 0)
		return err_set(e, ERR_INPUT, "schema is not " KEYFILE_SCHEMA);
	if (keyfile_role_named(d->role, &k->role) < 0)
		return err_set(e, ERR_INPUT, "unknown role");
	if (strcmp(kdf->name, "argon2id") != 0 ||
	    strcmp(box->name, "xchacha20-poly1305") != 0)
		return err_set(e, ERR_INPUT, "unknown encryption");
	key_id_ed25519(id, d->public);
	if (k->role == KEYFILE_MINISIGN ? hex_read(mid, sizeof(mid), d->keyid)
					: strcmp(id, d->keyid))
		return err_set(e, ERR_INPUT, "keyid does not fit the key");
	memcpy(k->keyid, d->keyid, strlen(d->keyid) + 1);
	memcpy(k->public, d->public, sizeof(k->public));
	memcpy(k->salt, kdf->salt, sizeof(k->salt));
	memcpy(k->nonce, box->nonce, sizeof(k->nonce));
	memcpy(k->box, box->ciphertext, sizeof(k->box));
	k->comment = d->comment;
	k->ops = kdf->ops;
	k->mem = kdf->mem;
	return 0;
}

int
keyfile_parse(
    struct keyfile *k, struct bytes file, struct arena *a, struct err *e)
{
	AUTO_JSON v = json_read(file, KEYFILE_MAX, e);
	AUTO_BUF ad;
	struct keyfile_doc d = { 0 };
	struct kdf_doc kdf = { 0 };
	struct box_doc box = { 0 };

	memset(k, 0, sizeof(*k));
	buf_init(&ad, KEYFILE_MAX);
	if (v == NULL ||
	    json_struct(v, file_fields, COUNT(file_fields), true, &d, a, e) <
		0 ||
	    json_struct(
		d.kdf, kdf_fields, COUNT(kdf_fields), true, &kdf, a, e) < 0 ||
	    json_struct(
		d.box, box_fields, COUNT(box_fields), true, &box, a, e) < 0 ||
	    keyfile_fill(k, &d, &kdf, &box, e) < 0 ||
	    keyfile_canon(k, false, &ad, e) < 0)
		return -1;
	k->ad.len = ad.len;
	k->ad.at = arena_bytes(a, ad.at, ad.len, e);
	return k->ad.at == NULL ? -1 : 0;
}

int
keyfile_read(struct keyfile *k, const char *path, bool secret, struct arena *a,
    struct err *e)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	struct bytes file;

	if (fd < 0)
		return err_sys(e, "%s", path);
	if (fstat(fd, &st) < 0)
		return err_sys(e, "%s", path);
	if (secret && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		verb_hint("chmod 600 %s", path);
		return err_set(e, ERR_AUTH,
		    "%s: group or others can reach this key file", path);
	}
	if (file_read_fd(a, fd, path, KEYFILE_MAX, &file, e) < 0)
		return -1;
	if (keyfile_parse(k, file, a, e) < 0)
		return err_in(e, "%s", path);
	return (k->path = arena_text(a, path, e)) == NULL ? -1 : 0;
}
