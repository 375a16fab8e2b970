/*
 * sluice-sign renew: the release on offer once more, with new versions and
 * dates.
 */
#include "signer/publish.h"
#include "signer/verbs.h"

static const struct opt opts[] = {
	PUBLISH_OPTS,
};

static void
renew_done(struct publish *p)
{
	secret_done(&p->token);
}

static int
renew_cmd(const struct args *args, struct err *e)
{
	AUTO_ARENA a = verbs_arena();
	CLEANUP(renew_done) struct publish p = { 0 };

	if (publish_read(&p, args, a, e) < 0)
		return -1;
	if (p.previous == NULL)
		return err_set(e, ERR_USAGE, "--previous is needed");
	return publish_make(&p, a, e);
}

const struct verb renew_verb = { "renew", "PRODUCT/CHANNEL",
	"the same release with new versions and dates", renew_cmd, opts,
	COUNT(opts), 1, 1 };
