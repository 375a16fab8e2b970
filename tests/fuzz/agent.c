/*
 * What an ssh-agent may answer, what a command may, and the public keys and
 * URIs that name them.
 */
#include <stdlib.h>
#include <string.h>

#include "manifest/base/text.h"
#include "signer/agentwire.h"
#include "signer/command.h"
#include "signer/pubkey.h"
#include "signer/tokenuri.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void
try_agent(struct bytes reply)
{
	static struct agentwire_key keys[AGENTWIRE_KEYS_MAX];
	uint8_t sig[ED25519_SIG_SIZE];
	size_t n, others;
	struct err e;

	if (agentwire_keys(reply, keys, &n, &others, &e) == 0) {
		if (n > AGENTWIRE_KEYS_MAX)
			abort();
		for (size_t i = 0; i < n; i++) {
			if (!utf8_ok(
				keys[i].comment, strlen(keys[i].comment)) ||
			    strlen(keys[i].fingerprint) != 50)
				abort();
		}
	}
	if (agentwire_signature(reply, sig, &e) == 0 && reply.len != 88)
		abort(); /* there is one form only */
	(void)agentwire_foreign(reply);
}

static void
try_text(struct bytes text, struct arena *a)
{
	uint8_t sig[COMMAND_SIG_MAX];
	struct tokenuri u;
	struct pubkey k, again;
	char *copy;
	size_t n;
	struct err e;
	AUTO_BUF out = { 0 };

	if ((copy = (char *)arena_bytes(a, text.at, text.len, &e)) == NULL)
		return;
	if (tokenuri_read(&u, copy, &e) == 0 && u.nid > sizeof u.id)
		abort();
	if (command_answer(text, sig, &n, &e) == 0 && n > sizeof sig)
		abort();
	if (pubkey_parse(&k, text, a, &e) < 0)
		return;
	buf_init(&out, PUBKEY_FILE_MAX);
	if (pubkey_write(&k, &out, &e) < 0 ||
	    pubkey_parse(&again, buf_bytes(&out), a, &e) < 0 ||
	    strcmp(again.id, k.id) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	AUTO_ARENA a = arena_new(1 << 22);
	struct bytes in = { at, len };

	if (a == NULL || len > 65536)
		return 0;
	try_agent(in);
	try_text(in, a);
	return 0;
}
