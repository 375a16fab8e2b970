/*
 * sluice-sign - keys, ceremonies, publications: the only program that ever
 * holds a release key.  Each verb is a file of its own.
 */
#include <stdio.h>

#include "manifest/base/err.h"
#include "manifest/base/secret.h"
#include "signer/verbs.h"

int
main(int argc, char **argv)
{
	const struct verb verbs[] = {
		keygen_verb,
		key_verb,
		root_verb_init,
		root_verb_next,
		root_verb_sign,
		publish_verb,
		renew_verb,
		add_verb,
		keyless_verb,
		bundling_verb,
		verify_verb,
		inspect_verb,
		diff_verb,
		status_verb,
		push_verb,
		sums_verb,
	};
	const struct program program = {
		.name = "sluice-sign",
		.about = "make keys, sign publications, hand them over",
		.verbs = verbs,
		.nverbs = COUNT(verbs),
	};
	struct err e = { 0 };

	if (secret_process(&e) < 0) {
		(void)fprintf(stderr, "sluice-sign: error: %s\n", e.msg);
		return 2;
	}
	return verb_main(&program, argc, argv);
}
