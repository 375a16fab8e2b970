/*
 * sluice-sign keygen: a new key, encrypted, with its public half beside it.
 */
#include <stdio.h>
#include <string.h>

#include "manifest/base/secret.h"
#include "manifest/base/text.h"
#include "signer/keyfile.h"
#include "signer/verbs.h"

static const struct opt opts[] = {
	{ "role", 0, OPT_TEXT, "ROLE", "root, release, timestamp or minisign" },
	{ "comment", 0, OPT_TEXT, "TEXT", "whose key it is, for people" },
	{ "kdf", 0, OPT_TEXT, "COST",
	    "interactive, moderate (default), sensitive or minimal" },
	VERBS_OPT_PASS_FD,
};

static int
keygen_how(const struct args *args, struct keyfile_new *how, struct err *e)
{
	const char *role = args_text(args, "role", NULL);
	const char *kdf = args_text(args, "kdf", "moderate");

	if (role == NULL || keyfile_role_named(role, &how->role) < 0)
		return err_set(e, ERR_USAGE,
		    "--role must be root, release, timestamp or minisign");
	if (keyfile_kdf_named(kdf, &how->kdf) < 0)
		return err_set(e, ERR_USAGE,
		    "--kdf must be interactive, moderate, sensitive or"
		    " minimal");
	how->comment = args_text(args, "comment", "");
	if (!utf8_ok(how->comment, strlen(how->comment)))
		return err_set(e, ERR_USAGE, "--comment is not UTF-8");
	if (how->kdf == KDF_MINIMAL)
		(void)fprintf(stderr,
		    "sluice-sign: warning: --kdf minimal protects nothing;"
		    " it is for tests\n");
	return 0;
}

static void
keygen_say(const struct keyfile *k, const char *path)
{
	struct minisign_key m;
	char text[MINISIGN_KEY_TEXT + 1];

	if (k->role == KEYFILE_MINISIGN) {
		keyfile_minisign(&m, k);
		minisign_key_write(text, &m);
		(void)printf("minisign key %s\n", text);
	} else {
		(void)printf(
		    "%s key %s\n", keyfile_role_name(k->role), k->keyid);
	}
	(void)printf("secret  %s\npublic  %s.pub\n", path, path);
}

static int
keygen_cmd(const struct args *args, struct err *e)
{
	AUTO_ARENA a = verbs_arena();
	AUTO_SECRET pass = { 0 };
	struct keyfile_new how = { 0 };
	struct keyfile k;
	int fd;

	if (keygen_how(args, &how, e) < 0 ||
	    verbs_fd(args, "pass-fd", &fd, e) < 0 ||
	    keyfile_absent(args->argv[0], a, e) < 0 ||
	    secret_passphrase(&pass, fd, KEYFILE_CREDENTIAL,
		"Passphrase of the new key", 1, e) < 0 ||
	    keyfile_make(&k, &how, &pass, a, e) < 0 ||
	    keyfile_write(&k, args->argv[0], a, e) < 0)
		return -1;
	keygen_say(&k, args->argv[0]);
	return 0;
}

const struct verb keygen_verb = { "keygen", "FILE",
	"make a key: FILE, encrypted, and FILE.pub", keygen_cmd, opts,
	COUNT(opts), 1, 1 };
