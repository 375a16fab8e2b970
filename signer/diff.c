/*
 * sluice-sign diff: what a signer is about to put their name under, against
 * what is published: publications or root documents.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "manifest/base/file.h"
#include "signer/existing.h"
#include "signer/facts.h"
#include "signer/token.h"
#include "signer/verbs.h"

static const struct opt opts[] = {
	VERBS_OPT_JSON,
	VERBS_OPT_TOKEN_FILE,
	VERBS_OPT_TOKEN_FD,
};

static bool
is_file(const char *path)
{
	struct stat st;

	return !source_is_url(path) && stat(path, &st) == 0 &&
	    S_ISREG(st.st_mode);
}

static int
facts_file(struct facts *f, const char *path, struct arena *a, struct err *e)
{
	struct bytes file;
	const struct role *root;

	if (file_read(a, path, ROLE_ROOT_MAX, &file, e) < 0)
		return -1;
	root = role_read(a, ROLE_ROOT, file, ROLE_STRICT, e);
	if (root == NULL)
		return err_in(e, "%s", path);
	return facts_root(f, root, e);
}

/* Facts of what is at where, under its own roots; *p stays open. */
static int
facts_at(struct facts *f, struct existing *p, const struct source_ask *ask,
    struct arena *a, struct err *e)
{
	struct existing_ask whole = { .source = *ask, .partial = true };

	if (facts_init(f, a, e) < 0)
		return -1;
	if (is_file(ask->where))
		return facts_file(f, ask->where, a, e);
	if (existing_open(p, &whole, a, e) < 0)
		return -1;
	return p->pub == NULL ? facts_root(f, p->root, e)
			      : facts_publication(f, p->pub, e);
}

static json_t *
only_in(const struct facts *f, const struct facts *other)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->n; i++) {
		if (!facts_have(other, f->lines[i]))
			json_array_append_new(list, json_string(f->lines[i]));
	}
	return list;
}

static int
diff_print(const struct facts *old, const struct facts *new, bool as_json,
    struct err *e)
{
	json_t *v;
	int rc;

	if (!as_json) {
		facts_print_changes(old, new);
		return 0;
	}
	v = json_pack("{so so}", "removed", only_in(old, new), "added",
	    only_in(new, old));
	rc = verbs_print_json(v, e);
	json_decref(v);
	return rc;
}

static int
diff_cmd(const struct args *args, struct err *e)
{
	AUTO_ARENA a = verbs_arena();
	AUTO_EXISTING old = { .source = { .dirfd = -1 } };
	AUTO_EXISTING new = { .source = { .dirfd = -1 } };
	AUTO_SECRET token = { 0 };
	struct source_ask ask = { .where = args->argv[1] };
	struct facts f_old, f_new;

	if (source_is_url(ask.where))
		return err_set(e, ERR_USAGE, "NEW is a folder or a root");
	if (facts_at(&f_new, &new, &ask, a, e) < 0)
		return -1;
	ask.where = args->argv[0];
	if (source_is_url(ask.where)) {
		if (new.root == NULL)
			return err_set(e, ERR_USAGE,
			    "a server is compared with a publication");
		if (token_read(&token, args, e) < 0)
			return -1;
		ask.product = new.root->product;
		ask.channel = new.root->channel;
		ask.token = &token;
	}
	if (facts_at(&f_old, &old, &ask, a, e) < 0)
		return -1;
	return diff_print(&f_old, &f_new, args_flag(args, "json"), e);
}

const struct verb diff_verb = { "diff", "OLD NEW",
	"what a publication or a root would change", diff_cmd, opts,
	COUNT(opts), 2, 2 };
