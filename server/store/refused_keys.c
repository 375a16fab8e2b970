/*
 * Key IDs of keys-example/.  Whoever makes those keys anew adds theirs here.
 */
#include "server/store/refused_keys.h"

#include <string.h>

static const char *const refused[] = {
	/* the ID of the all-zero key: never a key, and the table's first row */
	"0000000000000000000000000000000000000000000000000000000000000000",
};

int
refused_keys_check(const struct role *root, struct err *e)
{
	for (size_t i = 0; i < root->nkeys; i++)
		for (size_t k = 0; k < COUNT(refused); k++)
			if (strcmp(root->keys[i].id, refused[k]) == 0)
				return err_set(e, ERR_REFUSED,
				    "root %lld names the example key %.16s...,"
				    " whose secret is public",
				    (long long)root->version, refused[k]);
	return 0;
}
