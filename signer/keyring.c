/*
 * Opening keys and signing with them.  Which documents are right to sign is
 * decided by the callers.
 */
#include "signer/keyring.h"

#include <string.h>

#include "manifest/base/text.h"
#include "signer/verbs.h"

void
keyring_init(struct keyring *r)
{
	memset(r, 0, sizeof(*r));
	pass_init(&r->pass, -1);
	r->ask.pass = &r->pass;
	r->ask.timeout_s = SIGNER_TIMEOUT_S;
}

int
keyring_options(struct keyring *r, const struct args *args, struct err *e)
{
	r->ask.timeout_s = args_int(args, "sign-timeout", SIGNER_TIMEOUT_S);
	r->ask.env = args_list(args, "sign-env", &r->ask.nenv);
	return verbs_fd(args, "pass-fd", &r->pass.fd, e);
}

void
keyring_done(struct keyring *r)
{
	/* the first key of a PKCS#11 module ends it */
	while (r->n > 0)
		signer_close(&r->keys[--r->n]);
	pass_done(&r->pass);
}

int
keyring_add(struct keyring *r, const char *ref, enum keyfile_role role,
    struct arena *a, struct err *e)
{
	struct signer *s = &r->keys[r->n];
	char shown[128];

	if (r->n == KEYRING_MAX)
		return err_set(e, ERR_LIMIT, "more than %d keys", KEYRING_MAX);
	if (signer_open(s, ref, role, &r->ask, a, e) < 0)
		return -1;
	r->n++; /* closed with the others from now on */
	for (size_t i = 0; i + 1 < r->n; i++) {
		if (strcmp(r->keys[i].public.id, s->public.id) == 0)
			return err_set(e, ERR_USAGE,
			    "%s: this key was given twice",
			    text_safe(shown, sizeof(shown), ref));
	}
	return signer_unlock(s, &r->ask, a, e);
}

const struct signer *
keyring_find(const struct keyring *r, enum keyfile_role role)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->keys[i].role == role)
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
	char shown[128];

	for (size_t i = 0; i < r->n; i++) {
		const struct signer *k = &r->keys[i];

		if (k->role != keyring_role(kind) ||
		    named(root, kind, k->public.id) ||
		    (also != NULL && named(also, kind, k->public.id)))
			continue;
		return err_set(e, ERR_AUTH,
		    "%s: root does not name this key (%.16s...) for %s",
		    text_safe(shown, sizeof(shown), k->ref), k->public.id,
		    role_name(kind));
	}
	return 0;
}

int
keyring_sign(const struct keyring *r, enum role_kind kind, struct bytes signed_,
    struct role_sig *out, size_t *n, struct arena *a, struct err *e)
{
	struct signer_sig sig;
	char hex[HEX_SIZE(SIGNER_SIG_MAX)];

	*n = 0;
	for (size_t i = 0; i < r->n; i++) {
		if (r->keys[i].role != keyring_role(kind))
			continue;
		if (signer_sign(&r->keys[i], SIGNER_TUF, signed_, &sig, e) < 0)
			return -1;
		hex_write(hex, sig.at, sig.len);
		out[*n].keyid = r->keys[i].public.id;
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

int
keyring_minisign(const struct signer *k,
    const uint8_t hash[static MINISIGN_HASH_SIZE], const char *trusted,
    struct buf *out, struct err *e)
{
	struct minisign_sig s;
	struct signer_sig sig;
	uint8_t both[ED25519_SIG_SIZE + MINISIGN_COMMENT_MAX];
	size_t len = strlen(trusted);

	if (len > MINISIGN_COMMENT_MAX || strpbrk(trusted, "\r\n") != NULL)
		return err_set(e, ERR_INPUT, "unfit trusted comment");
	memset(&s, 0, sizeof(s));
	memcpy(s.id, k->minisign.id, sizeof(s.id));
	memcpy(s.trusted, trusted, len + 1);
	if (signer_sign(k, SIGNER_MINISIGN,
		(struct bytes){ hash, MINISIGN_HASH_SIZE }, &sig, e) < 0)
		return -1;
	memcpy(s.sig, sig.at, sizeof(s.sig));
	/* the global signature covers the signature and the comment */
	memcpy(both, s.sig, sizeof(s.sig));
	memcpy(both + sizeof(s.sig), trusted, len);
	if (signer_sign(k, SIGNER_MINISIGN,
		(struct bytes){ both, sizeof(s.sig) + len }, &sig, e) < 0)
		return -1;
	memcpy(s.global, sig.at, sizeof(s.global));
	minisign_write(out, &s);
	return buf_ok(out, e);
}
