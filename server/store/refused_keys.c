/*
 * Key IDs of keys-example/.  Whoever makes those keys anew adds theirs here.
 */
#include "server/store/refused_keys.h"

#include <string.h>

/* clang-format off */
static const char *const refused[] = {
	/* root-1 */
	"1eb9e920aa48999e34bc00bf9b2f5a1d7b7c36805d41bd4b2945056a8d7a5877",
	/* root-2 */
	"0e547e06d4897f0bffe5fcaa5da732ff1a2194f64a2ed90ae58ba7dfa40c0761",
	/* root-3 */
	"e554f8bf1c8a5fd5c71310b3751506b64d1eb2956e6feda1496c8b64fff746df",
	/* release-1 */
	"81279ab92d3d257ee38529c18179ce148bb7c2b5de29e7ec767fe1b4a7ff4ab9",
	/* release-2 */
	"5243b50099d664d17406b11ee4990e8220b73bc2a91c35b33962056a6541a973",
	/* timestamp */
	"15ec54197eb4c8dd90c1f5d0f2c31117c4e4c0425225a31038c78d02feaad5bc",
};
/* clang-format on */

static const char minisign_refused[] =
    "RWSWbiunDfW7Xs77m7qCac8GwYzReGgko8Eam0fwajcsnVnE5PycZbkR";

bool
refused_keys_known(const char *id)
{
	for (size_t i = 0; i < COUNT(refused); i++)
		if (strcmp(refused[i], id) == 0)
			return true;
	return false;
}

bool
refused_keys_minisign(const struct minisign_key *key)
{
	struct minisign_key known;
	struct err e;

	/* not by its ID, which anybody can write before it */
	return minisign_key_read(&known, minisign_refused, &e) == 0 &&
	    memcmp(known.public, key->public, sizeof(known.public)) == 0;
}

int
refused_keys_check(const struct role *root, struct err *e)
{
	char line[MINISIGN_KEY_TEXT + 1];

	for (size_t i = 0; i < root->nkeys; i++)
		if (refused_keys_known(root->keys[i].id))
			return err_set(e, ERR_REFUSED,
			    "root %lld names the example key %.16s..., whose"
			    " secret is public",
			    (long long)root->version, root->keys[i].id);
	for (size_t i = 0; i < root->nminisign; i++) {
		if (!refused_keys_minisign(&root->minisign[i]))
			continue;
		minisign_key_write(line, &root->minisign[i]);
		return err_set(e, ERR_REFUSED,
		    "root %lld names the example minisign key %s, whose secret"
		    " is public",
		    (long long)root->version, line);
	}
	return 0;
}
