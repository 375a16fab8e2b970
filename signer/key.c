/*
 * sluice-sign key: the public half of a key, wherever the other half is, as
 * root init and root next take it.
 */
#include <stdio.h>

#include "signer/keyring.h"
#include "signer/verbs.h"

static const struct opt opts[] = {
	{ "minisign", 0, OPT_FLAG, NULL, "as a minisign public key" },
	KEYRING_OPTS,
};

/* A file may be any that has a public key in it; it stays locked. */
static int
key_file(const char *path, bool minisign, struct pubkey *public,
    struct minisign_key *m, struct arena *a, struct err *e)
{
	struct keyfile k;
	struct err none;

	if (minisign && keyfile_read(&k, path, false, a, &none) == 0 &&
	    k.role == KEYFILE_MINISIGN) {
		pubkey_ed25519(public, k.public);
		keyfile_minisign(m, &k);
		return 0;
	}
	if (pubkey_read(public, path, a, e) < 0)
		return -1;
	pubkey_minisign(m, public);
	return 0;
}

static int
key_public(const char *ref, struct keyring *ring, struct pubkey *public,
    struct arena *a, struct err *e)
{
	/* any role: the sources that come here do not know one */
	if (signer_open(
		&ring->keys[0], ref, KEYFILE_RELEASE, &ring->ask, a, e) < 0)
		return -1;
	ring->n = 1;
	*public = ring->keys[0].public;
	return 0;
}

static int
key_cmd(const struct args *args, struct err *e)
{
	AUTO_ARENA a = verbs_arena();
	AUTO_KEYRING ring;
	AUTO_BUF out;
	bool minisign = args_flag(args, "minisign");
	const char *ref = args->argv[0];
	struct pubkey public;
	struct minisign_key m;

	keyring_init(&ring);
	buf_init(&out, PUBKEY_FILE_MAX);
	if (keyring_options(&ring, args, e) < 0)
		return -1;
	if (signer_kind_of(ref) == SIGNER_FILE) {
		if (key_file(ref, minisign, &public, &m, a, e) < 0)
			return -1;
	} else {
		if (key_public(ref, &ring, &public, a, e) < 0)
			return -1;
		pubkey_minisign(&m, &public);
	}
	if (minisign && public.type != KEY_ED25519)
		return err_set(
		    e, ERR_USAGE, "%s: minisign knows Ed25519 keys only", ref);
	if (minisign)
		minisign_key_file(&out, &m);
	else if (pubkey_write(&public, &out, e) < 0)
		return -1;
	(void)printf("%s%s", buf_str(&out), minisign ? "" : "\n");
	return buf_ok(&out, e);
}

const struct verb key_verb = { "key", "KEY", "print the public half of a key",
	key_cmd, opts, COUNT(opts), 1, 1 };
