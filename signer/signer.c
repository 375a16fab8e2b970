/*
 * The sources of signatures behind one seam.
 */
#include "signer/signer.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "manifest/base/text.h"
#include "signer/agentwire.h"
#include "signer/ecdsa.h"

#define TUF_BEGIN "{\"_type\":\""

static const struct source_kind {
	const char *prefix, *name;
} kinds[] = {
	[SIGNER_FILE] = { "", "key file" },
	[SIGNER_AGENT] = { "ssh-agent:", "ssh-agent" },
	[SIGNER_PKCS11] = { "pkcs11:", "token" },
	[SIGNER_COMMAND] = { "cmd:", "command" },
};

const char *
signer_kind_name(enum signer_kind k)
{
	return kinds[k].name;
}

enum signer_kind
signer_kind_of(const char *ref)
{
	for (size_t i = 1; i < COUNT(kinds); i++) {
		if (strncmp(ref, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
			return (enum signer_kind)i;
	}
	return SIGNER_FILE;
}

/* --- opening -------------------------------------------------------------- */

static int
open_file(struct signer *s, struct arena *a, struct err *e)
{
	if (keyfile_read(&s->file, s->ref, true, a, e) < 0)
		return -1;
	if (s->file.role != s->role)
		return err_set(e, ERR_USAGE, "%s: a %s key, not a %s key",
		    s->ref, keyfile_role_name(s->file.role),
		    keyfile_role_name(s->role));
	pubkey_ed25519(&s->public, s->file.public);
	return 0;
}

static int
open_kind(struct signer *s, const char *rest, const struct signer_ask *ask,
    struct arena *a, struct err *e)
{
	const struct command_ask env = { keyfile_role_name(s->role), ask->env,
		ask->nenv };

	switch (s->kind) {
	case SIGNER_FILE:
		return open_file(s, a, e);
	case SIGNER_AGENT:
		if (agent_open(&s->agent, rest, a, e) < 0)
			return -1;
		pubkey_ed25519(&s->public, s->agent.public);
		return 0;
	case SIGNER_PKCS11:
		s->pkcs11 = pkcs11_open(s->ref, ask->pass, &s->public, a, e);
		return s->pkcs11 == NULL ? -1 : 0;
	case SIGNER_COMMAND:
		if (command_open(&s->command, rest, &s->public, a, e) < 0)
			return -1;
		return command_env(&s->command, &env, s->public.id, a, e);
	}
	return -1;
}

int
signer_open(struct signer *s, const char *ref, enum keyfile_role role,
    const struct signer_ask *ask, struct arena *a, struct err *e)
{
	char shown[128];

	memset(s, 0, sizeof(*s));
	s->agent.fd = -1;
	s->kind = signer_kind_of(ref);
	s->role = role;
	s->ref = ref;
	s->timeout_s = ask->timeout_s;
	if (open_kind(s, ref + strlen(kinds[s->kind].prefix), ask, a, e) < 0) {
		signer_close(s);
		if (s->kind == SIGNER_FILE)
			return -1; /* it has named itself */
		return err_in(e, "%s", text_safe(shown, sizeof(shown), ref));
	}
	if (role != KEYFILE_MINISIGN)
		return 0;
	if (s->kind == SIGNER_FILE)
		keyfile_minisign(&s->minisign, &s->file);
	else
		pubkey_minisign(&s->minisign, &s->public);
	if (s->public.type == KEY_ED25519)
		return 0;
	signer_close(s);
	return err_set(e, ERR_USAGE, "%s: minisign knows Ed25519 keys only",
	    text_safe(shown, sizeof(shown), ref));
}

void
signer_close(struct signer *s)
{
	secret_done(&s->secret);
	agent_close(&s->agent);
	pkcs11_close(s->pkcs11);
	s->pkcs11 = NULL;
}

int
signer_unlock(struct signer *s, const struct signer_ask *ask, struct arena *a,
    struct err *e)
{
	char shown[128];
	char *prompt;

	if (s->kind == SIGNER_PKCS11 &&
	    pkcs11_login(s->pkcs11, ask->pass, e) < 0)
		return err_in(e, "%s", text_safe(shown, sizeof(shown), s->ref));
	if (s->kind != SIGNER_FILE)
		return 0;
	prompt = arena_printf(a, e, "Passphrase of the %s key %s",
	    keyfile_role_name(s->role), s->ref);
	if (prompt == NULL)
		return -1;
	if (pass_next(ask->pass, prompt, e) < 0)
		return -1;
	if (keyfile_unlock(&s->file, &ask->pass->last, &s->secret, e) < 0)
		return err_in(e, "%s", s->ref);
	return 0;
}

/* --- signing -------------------------------------------------------------- */

int
signer_may(enum signer_what what, struct bytes message, struct err *e)
{
	switch (what) {
	case SIGNER_TUF:
		/* no SSH message begins so: it would be 2 GB long */
		if (message.len > strlen(TUF_BEGIN) &&
		    memcmp(message.at, TUF_BEGIN, strlen(TUF_BEGIN)) == 0)
			return 0;
		return err_set(e, ERR_REFUSED, "these bytes are no document");
	case SIGNER_MINISIGN:
		/* a hash or a signature first: random bytes, which look like
		 * the length of a login once in 2^26 times, and then nothing
		 * fits behind it */
		if (message.len >= ED25519_SIG_SIZE &&
		    !agentwire_foreign(message))
			return 0;
		return err_set(e, ERR_REFUSED,
		    "these bytes might be a login: sign once more");
	case SIGNER_PLAIN:
		break;
	}
	return err_set(e, ERR_REFUSED, "only a key file signs a file as it is");
}

static int
ask_source(const struct signer *s, struct bytes message, struct signer_sig *out,
    struct err *e)
{
	out->len = ED25519_SIG_SIZE;
	switch (s->kind) {
	case SIGNER_FILE:
		(void)crypto_sign_detached(
		    out->at, NULL, message.at, message.len, s->secret.at);
		return 0;
	case SIGNER_AGENT:
		return agent_sign(&s->agent, message, s->timeout_s, out->at, e);
	case SIGNER_PKCS11:
		return pkcs11_sign(s->pkcs11, message, out->at, &out->len, e);
	case SIGNER_COMMAND:
		if (command_sign(&s->command, message, s->timeout_s, out->at,
			&out->len, e) < 0)
			return -1;
		return s->public.type != KEY_ECDSA_P256
		    ? 0
		    : ecdsa_der(out->at, &out->len,
			  (struct bytes){ out->at, out->len }, e);
	}
	return -1;
}

static int
check(const struct signer *s, struct bytes message,
    const struct signer_sig *sig, struct err *e)
{
	struct key key = pubkey_key(&s->public);
	char hex[HEX_SIZE(SIGNER_SIG_MAX)];
	struct err why;

	hex_write(hex, sig->at, sig->len);
	if (key_verify(&key, hex, message, &why) == 0)
		return 0;
	return err_set(e, ERR_AUTH,
	    "the %s gave a signature (%zu bytes) that is not by its key"
	    " %.16s...",
	    signer_kind_name(s->kind), sig->len, s->public.id);
}

int
signer_sign(const struct signer *s, enum signer_what what, struct bytes message,
    struct signer_sig *out, struct err *e)
{
	char shown[128];

	memset(out, 0, sizeof(*out));
	if ((s->kind == SIGNER_FILE || signer_may(what, message, e) == 0) &&
	    ask_source(s, message, out, e) == 0 &&
	    check(s, message, out, e) == 0)
		return 0;
	return err_in(e, "%s", text_safe(shown, sizeof(shown), s->ref));
}
