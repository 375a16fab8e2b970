/*
 * sluice-sign root sign: what a root document changes, shown to a holder, and
 * one more holder's signature on it.
 */
#include <stdio.h>
#include <string.h>

#include "manifest/base/clock.h"
#include "manifest/base/digest.h"
#include "manifest/base/file.h"
#include "signer/facts.h"
#include "signer/keyring.h"
#include "signer/report.h"
#include "signer/root.h"
#include "signer/rootdoc.h"
#include "signer/verbs.h"

static const struct opt sign_opts[] = {
	{ "key", 'k', OPT_LIST, "KEY", "a root key" },
	{ "previous", 0, OPT_TEXT, "ROOT",
	    "the root before this one (from version 2 on)" },
	{ "out", 'o', OPT_TEXT, "FILE", "write there (default: in place)" },
	KEYRING_OPTS,
	REPORT_OPT,
};

/* The signatures that are there and those of the ring, refusing repeats. */
static int
merge(const struct role *doc, const struct keyring *ring, struct role_sig *sigs,
    size_t *n, struct arena *a, struct err *e)
{
	struct role_sig mine[KEYRING_MAX];
	size_t nmine;

	if (keyring_sign(ring, ROLE_ROOT, doc->signed_, mine, &nmine, a, e) < 0)
		return -1;
	for (*n = 0; *n < doc->nsigs; (*n)++)
		sigs[*n] = doc->sigs[*n];
	for (size_t i = 0; i < nmine; i++) {
		for (size_t j = 0; j < doc->nsigs; j++) {
			if (strcmp(doc->sigs[j].keyid, mine[i].keyid) == 0)
				return err_set(e, ERR_CONFLICT,
				    "%.16s... has signed already",
				    mine[i].keyid);
		}
		sigs[(*n)++] = mine[i];
	}
	return 0;
}

static size_t
signed_by(const struct role *doc, const struct role *root)
{
	const struct role_keys *rk = &root->roles[ROLE_ROOT];
	size_t n = 0;

	for (size_t i = 0; i < rk->n; i++) {
		for (size_t j = 0; j < doc->nsigs; j++)
			n += strcmp(rk->keyids[i], doc->sigs[j].keyid) == 0;
	}
	return n;
}

static bool
sign_say(const struct role *doc, const struct role *old)
{
	char hex[SHA256_HEX_SIZE];
	struct err why;
	bool done = role_verify_own(doc, &why) == 0;

	(void)printf("signatures  %zu of %d\n", signed_by(doc, doc),
	    doc->roles[ROLE_ROOT].threshold);
	if (old != NULL) {
		(void)printf("old keys    %zu of %d\n", signed_by(doc, old),
		    old->roles[ROLE_ROOT].threshold);
		done = role_verify(doc, old, doc, true, &why) == 0 &&
		    role_verify(doc, doc, old, true, &why) == 0;
	}
	sha256_hex(hex, doc->file.at, doc->file.len);
	if (done)
		(void)printf("complete    fingerprint %s\n", hex);
	else
		(void)printf("incomplete  pass the file to the next holder\n");
	return done;
}

static int
sign_keys(const struct args *args, const struct role *doc,
    const struct role *old, struct keyring *ring, struct arena *a,
    struct err *e)
{
	size_t n;
	const char *const *keys = args_list(args, "key", &n);

	if (n == 0)
		return err_set(e, ERR_USAGE, "--key is needed");
	for (size_t i = 0; i < n; i++) {
		if (keyring_add(ring, keys[i], KEYFILE_ROOT, a, e) < 0)
			return -1;
	}
	return keyring_check(ring, doc, old, ROLE_ROOT, e);
}

static int
sign_old(const struct args *args, const struct role *doc,
    const struct role **old, struct arena *a, struct err *e)
{
	const char *path = args_text(args, "previous", NULL);

	*old = NULL;
	if (path == NULL && doc->version > 1)
		return err_set(e, ERR_USAGE,
		    "root %lld needs --previous, the root before it",
		    (long long)doc->version);
	if (path == NULL)
		return 0;
	if ((*old = root_read(a, path, e)) == NULL)
		return -1;
	if ((*old)->version + 1 != doc->version ||
	    strcmp((*old)->product, doc->product) != 0 ||
	    strcmp((*old)->channel, doc->channel) != 0)
		return err_set(
		    e, ERR_USAGE, "%s is not the root before this one", path);
	if (role_verify_own(*old, e) < 0)
		return err_in(
		    e, "%s: not fully signed, so no client has it", path);
	return 0;
}

/* Before any key is opened: what the holder is asked to agree to. */
static int
sign_show(const struct role *doc, const struct role *old, struct arena *a,
    struct err *e)
{
	struct facts before, after;
	char hex[SHA256_HEX_SIZE];

	if (facts_init(&before, a, e) < 0 || facts_init(&after, a, e) < 0 ||
	    facts_root(&after, doc, e) < 0)
		return -1;
	if (old != NULL && facts_root(&before, old, e) < 0)
		return -1;
	(void)printf("%s/%s, root %lld\n", doc->product, doc->channel,
	    (long long)doc->version);
	if (old != NULL) {
		sha256_hex(hex, old->file.at, old->file.len);
		(void)printf("after       root %lld, fingerprint %s\n",
		    (long long)old->version, hex);
	}
	sha256_hex(hex, doc->signed_.at, doc->signed_.len);
	(void)printf("to sign     SHA-256 %s\n", hex);
	facts_print_changes(&before, &after);
	(void)fflush(stdout);
	return 0;
}

static int
root_cmd_sign(const struct args *args, struct err *e)
{
	AUTO_ARENA a = verbs_arena();
	const char *path = args->argv[0];
	const struct role *old, *doc = root_read(a, path, e);
	struct role_sig sigs[ROLE_KEYS_MAX + KEYRING_MAX];
	struct rootdoc rules;
	AUTO_KEYRING ring;
	struct report report = { .path = args_text(args, "report", NULL),
		.verb = args->verb->name,
		.now_s = clock_now_s(),
		.ring = &ring };
	AUTO_BUF file;
	size_t n;

	buf_init(&file, ROLE_ROOT_MAX);
	keyring_init(&ring);
	if (doc == NULL || sign_old(args, doc, &old, a, e) < 0 ||
	    rootdoc_from(&rules, doc, e) < 0 ||
	    rootdoc_check(&rules, clock_now_s(), e) < 0 ||
	    sign_show(doc, old, a, e) < 0 ||
	    keyring_options(&ring, args, e) < 0)
		return -1;
	if (doc->nsigs > ROLE_KEYS_MAX)
		return err_set(e, ERR_LIMIT, "%s: too many signatures", path);
	if (sign_keys(args, doc, old, &ring, a, e) < 0 ||
	    merge(doc, &ring, sigs, &n, a, e) < 0 ||
	    role_wrap(doc->signed_, sigs, n, &file, e) < 0 ||
	    buf_ok(&file, e) < 0)
		return -1;
	doc = role_read(a, ROLE_ROOT, buf_bytes(&file), ROLE_STRICT, e);
	if (doc == NULL)
		return -1;
	if (file_replace(
		args_text(args, "out", path), file.at, file.len, 0644, e) < 0)
		return -1;
	report.complete = sign_say(doc, old);
	return report_root(&report, doc, e);
}

const struct verb root_verb_sign = { "root sign", "ROOT",
	"add a holder's signature", root_cmd_sign, sign_opts, COUNT(sign_opts),
	1, 1 };
