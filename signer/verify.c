/*
 * sluice-sign verify: everything that can be checked in a publication
 * directory or a keyless tree, under a root that one trusts.
 */
#include <stdio.h>

#include "manifest/base/clock.h"
#include "signer/check.h"
#include "signer/describe.h"
#include "signer/existing.h"
#include "signer/verbs.h"

static const struct opt opts[] = {
	{ "root", 0, OPT_LIST, "ROOT", "a trusted root" },
	{ "complete", 0, OPT_FLAG, NULL,
	    "files of older releases must be there" },
	{ "jobs", 'j', OPT_INT, "N", "threads (all processors)" },
	VERBS_OPT_JSON,
};

static int
verify_say(const struct check *c, bool as_json, const char *dir, struct err *e)
{
	json_t *v;
	int rc;

	if (!as_json) {
		describe_publication(stdout, c->pub);
		describe_files(stdout, c, dir);
		(void)printf("verified   yes\n");
		return 0;
	}
	v = describe_json(c->pub);
	(void)json_object_set_new(v, "verified", json_true());
	(void)json_object_set_new(
	    v, "files", json_integer((json_int_t)c->files));
	(void)json_object_set_new(
	    v, "absent", json_integer((json_int_t)c->absent));
	(void)json_object_set_new(
	    v, "deltas_applied", json_integer((json_int_t)c->applied));
	rc = verbs_print_json(v, e);
	json_decref(v);
	return rc;
}

static int
verify_cmd(const struct args *args, struct err *e)
{
	AUTO_ARENA a = verbs_arena();
	AUTO_EXISTING p = { .source = { .dirfd = -1 } };
	int64_t now = clock_now_s();
	struct existing_ask ask = { .source = { .where = args->argv[0] },
		.now_s = now };
	struct check c = { .source = &p.source,
		.threads = verbs_jobs(args),
		.complete = args_flag(args, "complete"),
		.deltas = true };
	struct publication_source src = { source_read, &p.source };

	ask.roots = args_list(args, "root", &ask.nroots);
	if (existing_folder(&p, &ask, a, e) < 0)
		return -1;
	/* once more, and this time nothing may have expired */
	c.pub = publication_load(a, &src, p.root, p.source.m, now, e);
	if (c.pub == NULL || check_run(&c, a, e) < 0 ||
	    check_timestamp(&c, now, a, e) < 0)
		return -1;
	return verify_say(&c, args_flag(args, "json"), args->argv[0], e);
}

const struct verb verify_verb = { "verify", "DIR",
	"check everything in a publication directory", verify_cmd, opts,
	COUNT(opts), 1, 1 };
