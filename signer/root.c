/*
 * sluice-sign root: the ceremony.  A root document travels as one file; every
 * holder adds a signature on a machine of their own.  The rules of key sets
 * are in rootdoc.c.
 */
#include "signer/root.h"

#include <stdio.h>
#include <string.h>

#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/text.h"
#include "signer/keyfile.h"
#include "signer/rootdoc.h"
#include "signer/verbs.h"

#define ROOT_DAYS 365

static const struct opt init_opts[] = {
	{ "root-key", 0, OPT_LIST, "PUB", "a holder of root" },
	{ "root-threshold", 0, OPT_INT, "N", "holders who must agree (1)" },
	{ "release-key", 0, OPT_LIST, "PUB", "may sign releases" },
	{ "release-threshold", 0, OPT_INT, "N", "who must agree (1)" },
	{ "timestamp-key", 0, OPT_LIST, "PUB",
	    "the server's brake; the signer's twin of it" },
	{ "minisign", 0, OPT_LIST, "PUB", "minisign key of manifests" },
	{ "other", 0, OPT_LIST, "ROOT", "another channel's root, to be apart" },
	VERBS_OPT_EXPIRES,
	{ "out", 'o', OPT_TEXT, "FILE", "the unsigned document" },
};

static const struct opt next_opts[] = {
	{ "add-key", 0, OPT_LIST, "ROLE=PUB", "one more key" },
	{ "remove-key", 0, OPT_LIST, "KEYID", "a key that is to go" },
	{ "root-threshold", 0, OPT_INT, "N", "holders who must agree" },
	{ "release-threshold", 0, OPT_INT, "N", "release keys that must" },
	{ "other", 0, OPT_LIST, "ROOT", "another channel's root, to be apart" },
	VERBS_OPT_EXPIRES,
	{ "out", 'o', OPT_TEXT, "FILE", "the unsigned document" },
};

const struct role *
root_read(struct arena *a, const char *path, struct err *e)
{
	struct bytes file;
	const struct role *r;

	if (file_read(a, path, ROLE_ROOT_MAX, &file, e) < 0)
		return NULL;
	if ((r = role_read(a, ROLE_ROOT, file, ROLE_STRICT, e)) == NULL)
		(void)err_in(e, "%s", path);
	return r;
}

static int
add_public(struct rootdoc *d, enum keyfile_role set, const char *path,
    struct arena *a, struct err *e)
{
	struct pubkey public;
	struct bytes file;

	if (set != KEYFILE_MINISIGN) {
		if (pubkey_read(&public, path, a, e) < 0)
			return -1;
		return rootdoc_add(d, set, &public, e);
	}
	if (d->nminisign == ROLE_MINISIGN_MAX)
		return err_set(e, ERR_LIMIT, "more than %d minisign keys",
		    ROLE_MINISIGN_MAX);
	if (file_read(a, path, MINISIGN_FILE_MAX, &file, e) < 0)
		return -1;
	if (minisign_key_read(
		&d->minisign[d->nminisign], (const char *)file.at, e) < 0)
		return err_in(e, "%s", path);
	d->nminisign++;
	return 0;
}

static int
add_list(struct rootdoc *d, const struct args *args, const char *opt,
    enum keyfile_role set, struct arena *a, struct err *e)
{
	size_t n;
	const char *const *list = args_list(args, opt, &n);

	for (size_t i = 0; i < n; i++) {
		if (add_public(d, set, list[i], a, e) < 0)
			return -1;
	}
	return 0;
}

static void
root_say(const struct rootdoc *d, const char *out)
{
	char expires[TIME_TEXT_SIZE];

	time_write(expires, d->expires_s);
	(void)printf("root %lld of %s/%s, until %s\n", (long long)d->version,
	    d->product, d->channel, expires);
	for (size_t i = 0; i < ROOTDOC_SETS; i++) {
		const struct rootdoc_set *s = &d->sets[i];

		(void)printf("%-9s  %lld of %zu\n",
		    keyfile_role_name((enum keyfile_role)i),
		    (long long)s->threshold, s->n);
		for (size_t j = 0; j < s->n; j++)
			(void)printf("           %s\n", s->keys[j].id);
	}
	(void)printf("written    %s (unsigned: sluice-sign root sign)\n", out);
}

/* Check the rules, write the unsigned document. */
static int
root_put(const struct rootdoc *d, const struct args *args, struct arena *a,
    struct err *e)
{
	const char *out = args_text(args, "out", NULL);
	AUTO_BUF file;
	size_t n;
	const char *const *others = args_list(args, "other", &n);

	buf_init(&file, ROLE_ROOT_MAX);
	if (out == NULL)
		return err_set(e, ERR_USAGE, "--out is needed");
	if (rootdoc_check(d, clock_now_s(), e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct role *other = root_read(a, others[i], e);

		if (other == NULL)
			return -1;
		if (rootdoc_apart(d, other, e) < 0)
			return -1;
	}
	if (rootdoc_write(d, &file, e) < 0 ||
	    file_create(out, file.at, file.len, 0644, e) < 0)
		return -1;
	root_say(d, out);
	return 0;
}

static int
root_cmd_init(const struct args *args, struct err *e)
{
	AUTO_ARENA a = verbs_arena();
	struct rootdoc d = { .version = 1 };

	if (verbs_channel(args->argv[0], &d.product, &d.channel, a, e) < 0 ||
	    add_list(&d, args, "root-key", KEYFILE_ROOT, a, e) < 0 ||
	    add_list(&d, args, "release-key", KEYFILE_RELEASE, a, e) < 0 ||
	    add_list(&d, args, "timestamp-key", KEYFILE_TIMESTAMP, a, e) < 0 ||
	    add_list(&d, args, "minisign", KEYFILE_MINISIGN, a, e) < 0)
		return -1;
	d.sets[KEYFILE_ROOT].threshold = args_int(args, "root-threshold", 1);
	d.sets[KEYFILE_RELEASE].threshold =
	    args_int(args, "release-threshold", 1);
	d.sets[KEYFILE_TIMESTAMP].threshold = 1;
	d.expires_s = verbs_expiry(args, clock_now_s(), ROOT_DAYS);
	return root_put(&d, args, a, e);
}

static int
next_add(struct rootdoc *d, const char *what, struct arena *a, struct err *e)
{
	char *role = arena_text(a, what, e);
	char *eq = role == NULL ? NULL : strchr(role, '=');
	enum keyfile_role set;

	if (role == NULL)
		return -1;
	if (eq == NULL)
		return err_set(
		    e, ERR_USAGE, "--add-key %s: not ROLE=PUB", what);
	*eq = '\0';
	if (keyfile_role_named(role, &set) < 0)
		return err_set(
		    e, ERR_USAGE, "--add-key %s: unknown role", what);
	return add_public(d, set, eq + 1, a, e);
}

static int
root_cmd_next(const struct args *args, struct err *e)
{
	AUTO_ARENA a = verbs_arena();
	struct rootdoc d;
	const struct role *old = root_read(a, args->argv[0], e);
	size_t n;
	const char *const *list;

	if (old == NULL || rootdoc_from(&d, old, e) < 0)
		return -1;
	if (role_verify_own(old, e) < 0)
		return err_in(e, "%s: not fully signed", args->argv[0]);
	list = args_list(args, "remove-key", &n);
	for (size_t i = 0; i < n; i++) {
		if (rootdoc_remove(&d, list[i], e) < 0)
			return -1;
	}
	list = args_list(args, "add-key", &n);
	for (size_t i = 0; i < n; i++) {
		if (next_add(&d, list[i], a, e) < 0)
			return -1;
	}
	d.version = old->version + 1;
	d.expires_s = verbs_expiry(args, clock_now_s(), ROOT_DAYS);
	d.sets[KEYFILE_ROOT].threshold =
	    args_int(args, "root-threshold", d.sets[KEYFILE_ROOT].threshold);
	d.sets[KEYFILE_RELEASE].threshold = args_int(
	    args, "release-threshold", d.sets[KEYFILE_RELEASE].threshold);
	return root_put(&d, args, a, e);
}

const struct verb root_verb_init = { "root init", "PRODUCT/CHANNEL",
	"begin a channel: its first root", root_cmd_init, init_opts,
	COUNT(init_opts), 1, 1 };
const struct verb root_verb_next = { "root next", "ROOT",
	"the root after ROOT: renew it, change keys", root_cmd_next, next_opts,
	COUNT(next_opts), 1, 1 };
