/*
 * Unlocking keys and signing with them.  Which documents are right to sign is
 * decided by the callers.
 */
#include "signer/keyring.h"

#include <sodium.h>
#include <string.h>

#include "manifest/base/text.h"
#include "manifest/base/verb.h"

void
keyring_init(struct keyring *r, int pass_fd)
{
	memset(r, 0, sizeof(*r));
	r->pass_fd = pass_fd;
}

void
keyring_done(struct keyring *r)
{
	for (size_t i = 0; i < r->n; i++)
		secret_done(&r->keys[i].secret);
	secret_done(&r->last_pass);
	r->n = 0;
}

/* The next passphrase into last_pass. */
static int
keyring_pass(
    struct keyring *r, const struct keyfile *k, struct arena *a, struct err *e)
{
	struct secret next = { 0 };
	char *prompt = arena_printf(a, e, "Passphrase of the %s key %s",
	    keyfile_role_name(k->role), k->path);

	if (prompt == NULL ||
	    secret_passphrase(
		&next, r->pass_fd, KEYFILE_CREDENTIAL, prompt, 0, e) < 0)
		return -1;
	if (next.len > 0) {
		secret_done(&r->last_pass);
		r->last_pass = next;
		return 0;
	}
	secret_done(&next);
	if (r->pass_fd < 0 || r->last_pass.len == 0)
		return err_set(e, ERR_USAGE, "the passphrase is empty");
	return 0; /* no more lines: the last one again */
}

int
keyring_add(struct keyring *r, const char *path, enum keyfile_role role,
    struct arena *a, struct err *e)
{
	struct keyring_key *k = &r->keys[r->n];

	if (r->n == KEYRING_MAX)
		return err_set(e, ERR_LIMIT, "more than %d keys", KEYRING_MAX);
	if (keyfile_read(&k->file, path, true, a, e) < 0)
		return -1;
	if (k->file.role != role)
		return err_set(e, ERR_USAGE, "%s: a %s key, not a %s key", path,
		    keyfile_role_name(k->file.role), keyfile_role_name(role));
	for (size_t i = 0; i < r->n; i++) {
		if (memcmp(r->keys[i].file.public, k->file.public,
			sizeof(k->file.public)) == 0)
			return err_set(
			    e, ERR_USAGE, "%s: this key was given twice", path);
	}
	if (keyring_pass(r, &k->file, a, e) < 0)
		return err_in(e, "%s", path);
	if (keyfile_unlock(&k->file, &r->last_pass, &k->secret, e) < 0)
		return err_in(e, "%s", path);
	r->n++;
	return 0;
}

const struct keyring_key *
keyring_find(const struct keyring *r, enum keyfile_role role)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->keys[i].file.role == role)
			return &r->keys[i];
	}
	return NULL;
}

static enum keyfile_role
keyring_role(enum role_kind kind)
{
	switch (kind) {
	case ROLE_ROOT:
		return KEYFILE_ROOT;
	case ROLE_TIMESTAMP:
		return KEYFILE_TIMESTAMP;
	case ROLE_SNAPSHOT:
	case ROLE_TARGETS:
		break;
	}
	return KEYFILE_RELEASE;
}

static bool
named(const struct role *root, enum role_kind kind, const char *keyid)
{
	const struct role_keys *rk = &root->roles[kind];

	for (size_t i = 0; i < rk->n; i++) {
		if (strcmp(rk->keyids[i], keyid) == 0)
			return true;
	}
	return false;
}

int
keyring_check(const struct keyring *r, const struct role *root,
    const struct role *also, enum role_kind kind, struct err *e)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct keyfile *k = &r->keys[i].file;

		if (k->role != keyring_role(kind) ||
		    named(root, kind, k->keyid) ||
		    (also != NULL && named(also, kind, k->keyid)))
			continue;
		return err_set(e, ERR_AUTH,
		    "%s: root does not name this key (%.16s...) for %s",
		    k->path, k->keyid, role_name(kind));
	}
	return 0;
}

int
keyring_sign(const struct keyring *r, enum role_kind kind, struct bytes signed_,
    struct role_sig *out, size_t *n, struct arena *a, struct err *e)
{
	uint8_t sig[ED25519_SIG_SIZE];
	char hex[HEX_SIZE(ED25519_SIG_SIZE)];

	*n = 0;
	for (size_t i = 0; i < r->n; i++) {
		if (r->keys[i].file.role != keyring_role(kind))
			continue;
		keyring_ed25519(&r->keys[i], signed_, sig);
		hex_write(hex, sig, sizeof(sig));
		out[*n].keyid = r->keys[i].file.keyid;
		if ((out[*n].sig = arena_text(a, hex, e)) == NULL)
			return -1;
		(*n)++;
	}
	return 0;
}

int
keyring_seal(const struct keyring *r, enum role_kind kind, struct bytes signed_,
    struct bytes *out, struct arena *a, struct err *e)
{
	struct role_sig sigs[KEYRING_MAX];
	size_t n;
	AUTO_BUF file;

	buf_init(&file, role_max(kind));
	if (keyring_sign(r, kind, signed_, sigs, &n, a, e) < 0 ||
	    role_wrap(signed_, sigs, n, &file, e) < 0 || buf_ok(&file, e) < 0)
		return -1;
	out->len = file.len;
	out->at = arena_bytes(a, file.at, file.len, e);
	return out->at == NULL ? -1 : 0;
}

void
keyring_ed25519(const struct keyring_key *k, struct bytes message,
    uint8_t out[static ED25519_SIG_SIZE])
{
	(void)crypto_sign_detached(
	    out, NULL, message.at, message.len, k->secret.at);
}

int
keyring_minisign(const struct keyring_key *k,
    const uint8_t hash[static MINISIGN_HASH_SIZE], const char *trusted,
    struct buf *out, struct err *e)
{
	struct minisign_sig s;
	struct minisign_key public;
	uint8_t both[ED25519_SIG_SIZE + MINISIGN_COMMENT_MAX];
	size_t len = strlen(trusted);

	if (len > MINISIGN_COMMENT_MAX || strpbrk(trusted, "\r\n") != NULL)
		return err_set(e, ERR_INPUT, "unfit trusted comment");
	memset(&s, 0, sizeof(s));
	keyfile_minisign(&public, &k->file);
	memcpy(s.id, public.id, sizeof(s.id));
	memcpy(s.trusted, trusted, len + 1);
	keyring_ed25519(k, (struct bytes){ hash, MINISIGN_HASH_SIZE }, s.sig);
	/* the global signature covers the signature and the comment */
	memcpy(both, s.sig, sizeof(s.sig));
	memcpy(both + sizeof(s.sig), trusted, len);
	keyring_ed25519(
	    k, (struct bytes){ both, sizeof(s.sig) + len }, s.global);
	minisign_write(out, &s);
	return buf_ok(out, e);
}
