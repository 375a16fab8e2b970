/*
 * Which keys sign a publication.
 */
#include <string.h>

#include "signer/publish_make.h"
#include "signer/verbs.h"

static int
check_threshold(struct making *k)
{
	int need = k->prev.root->roles[ROLE_TARGETS].threshold;

	if (k->p->keys.n >= (size_t)need || k->p->partial)
		return 0;
	verb_hint("give --key for each, or --partial and then"
		  " sluice-sign add on the other machines");
	return err_set(k->e, ERR_REFUSED,
	    "%d release keys must sign, %zu given", need, k->p->keys.n);
}

static int
check_minisign(struct making *k)
{
	const struct role *root = k->prev.root;
	const struct signer *key = keyring_find(&k->ring, KEYFILE_MINISIGN);

	if (root->nminisign == 0 && key == NULL)
		return 0;
	if (key == NULL)
		return err_set(k->e, ERR_USAGE,
		    "root names a minisign key: --minisign-key is needed");
	for (size_t i = 0; i < root->nminisign; i++) {
		if (memcmp(root->minisign[i].id, key->minisign.id,
			MINISIGN_ID_SIZE) == 0 &&
		    memcmp(root->minisign[i].public, key->minisign.public,
			sizeof(key->minisign.public)) == 0)
			return 0;
	}
	return err_set(
	    k->e, ERR_AUTH, "root does not name the minisign key %s", key->ref);
}

int
publish_keys(struct making *k)
{
	const struct publish *p = k->p;
	struct keyring *r = &k->ring;

	if (p->keys.n == 0)
		return err_set(k->e, ERR_USAGE, "--key is needed");
	if (p->keyless != NULL && p->timestamp_key == NULL)
		return err_set(
		    k->e, ERR_USAGE, "--keyless needs --timestamp-key");
	if (p->keyless != NULL && p->partial)
		return err_set(k->e, ERR_USAGE,
		    "--keyless comes after sluice-sign add:"
		    " sluice-sign keyless");
	if (check_threshold(k) < 0)
		return -1;
	for (size_t i = 0; i < p->keys.n; i++) {
		if (keyring_add(r, p->keys.at[i], KEYFILE_RELEASE, k->a, k->e) <
		    0)
			return -1;
	}
	if ((p->minisign_key != NULL &&
		keyring_add(r, p->minisign_key, KEYFILE_MINISIGN, k->a, k->e) <
		    0) ||
	    (p->timestamp_key != NULL &&
		keyring_add(
		    r, p->timestamp_key, KEYFILE_TIMESTAMP, k->a, k->e) < 0) ||
	    keyring_check(r, k->prev.root, NULL, ROLE_TARGETS, k->e) < 0 ||
	    keyring_check(r, k->prev.root, NULL, ROLE_TIMESTAMP, k->e) < 0)
		return -1;
	return check_minisign(k);
}
