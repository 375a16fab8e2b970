/*
 * sluice-sign publish: the command line.
 */
#include "signer/publish.h"

#include "manifest/base/clock.h"
#include "manifest/base/text.h"
#include "manifest/cohort.h"
#include "signer/keyless.h"
#include "signer/token.h"
#include "signer/verbs.h"

/* clang-format off */
static const struct opt opts[] = {
	{ "artifact", 'a', OPT_LIST, "OS-ARCH=FILE", "what a platform gets" },
	{ "attach", 0, OPT_LIST, "FILE", "another signed file beside them" },
	{ "stage", 0, OPT_LIST, "PCT:DURATION", "one step of the rollout" },
	{ "plan", 0, OPT_TEXT, "FILE", "the rollout, from JSON" },
	{ "control", 0, OPT_PERCENT, "PCT", "control slice (10)" },
	{ "not-before", 0, OPT_TEXT, "TIME|DURATION", "nobody before that" },
	{ "repairs", 0, OPT_LIST, "VERSION", "a release that this one mends" },
	{ "critical", 0, OPT_FLAG, NULL, "clients should not wait" },
	{ "security", 0, OPT_FLAG, NULL, "no rollback past this release" },
	{ "notes", 0, OPT_TEXT, "URL", "release notes" },
	{ "minimum-os", 0, OPT_TEXT, "TEXT", "oldest system that it runs on" },
	{ "fallback", 0, OPT_TEXT, "VERSION|none", "instead of the base's" },
	{ "withdrawn", 0, OPT_LIST, "VERSION", "a bad release to go back from" },
	{ "good", 0, OPT_INT, "K", "releases to be able to go back to (3)" },
	{ "rollback-to", 0, OPT_LIST, "VERSION", "even past a security release" },
	{ "reason", 0, OPT_TEXT, "TEXT", "why one would roll back" },
	{ "no-lift", 0, OPT_FLAG, NULL, "one block: a halt is for good" },
	{ "floor", 0, OPT_INT, "SEQ", "nothing below may be installed" },
	{ "seq", 0, OPT_INT, "N", "release number (the next free one)" },
	{ "lower-version", 0, OPT_FLAG, NULL, "than that of the release before" },
	{ "delta-from", 0, OPT_INT, "N", "deltas from the N newest releases" },
	{ "delta-format", 0, OPT_TEXT, "FORMAT", "sluice, bsdiff40 or both" },
	{ "delta-memory", 0, OPT_TEXT, "SIZE", "for making them (half of all)" },
	{ "delta-time", 0, OPT_DURATION, "DURATION", "of the CPUs (no end)" },
	{ "versions", 0, OPT_TEXT, "FILE|-", "from sluicectl versions --json" },
	{ "share", 0, OPT_PERCENT, "PCT", "deltas from what so many run, too (1)" },
	PUBLISH_OPTS,
};
/* clang-format on */

static struct publish_list
list(const struct args *args, const char *name)
{
	struct publish_list l;

	l.at = args_list(args, name, &l.n);
	return l;
}

static int
read_plan(
    struct publish *p, const struct args *args, struct arena *a, struct err *e)
{
	const char *file = args_text(args, "plan", NULL);
	struct publish_list stages = list(args, "stage");
	int64_t control = args_int(args, "control", -1);

	plan_default(&p->plan, p->channel);
	if (file != NULL && stages.n > 0)
		return err_set(e, ERR_USAGE, "--plan or --stage, not both");
	if (file != NULL && plan_file(&p->plan, file, a, e) < 0)
		return -1;
	if (stages.n > 0 && plan_stages(&p->plan, stages.at, stages.n, e) < 0)
		return -1;
	if (control == BP_ALL)
		return err_set(e, ERR_USAGE, "--control: less than 100");
	if (control >= 0)
		p->plan.control_bp = (int)control;
	p->planned = file != NULL || stages.n > 0 || control >= 0;
	return 0;
}

static int
read_not_before(struct publish *p, const struct args *args, struct err *e)
{
	const char *text = args_text(args, "not-before", NULL);
	int64_t s;

	if (text == NULL)
		return 0;
	if (duration_read(text, INT32_MAX, &s) == 0)
		p->not_before_s = p->now_s + s;
	else if (time_read(text, &p->not_before_s) < 0)
		return err_set(e, ERR_USAGE,
		    "--not-before %s: neither 2026-01-31T00:00:00Z nor 24h",
		    text);
	if (p->not_before_s >= p->expires_s)
		return err_set(
		    e, ERR_USAGE, "--not-before lies after the expiry");
	return 0;
}

int
publish_read(
    struct publish *p, const struct args *args, struct arena *a, struct err *e)
{
	p->now_s = clock_now_s();
	p->previous = args_text(args, "previous", NULL);
	p->out = args_text(args, "out", NULL);
	p->work = args_text(args, "work", NULL);
	p->keyless = args_text(args, "keyless", NULL);
	p->minisign_key = args_text(args, "minisign-key", NULL);
	p->timestamp_key = args_text(args, "timestamp-key", NULL);
	p->roots = list(args, "root");
	p->keys = list(args, "key");
	p->partial = args_flag(args, "partial");
	p->complete = args_flag(args, "complete");
	p->threads = verbs_jobs(args);
	p->expires_s = verbs_expiry(args, p->now_s, PUBLISH_DAYS);
	p->timestamp_expires_s = p->now_s +
	    args_int(args, "timestamp-expires", KEYLESS_DAYS * 86400);
	p->good = p->floor_seq = p->seq = p->delta_from = -1;
	p->reason = "";
	p->deltas = deltas_ask_default();
	p->args = args;
	if (verbs_channel(args->argv[0], &p->product, &p->channel, a, e) < 0)
		return -1;
	if (p->previous != NULL && source_is_url(p->previous))
		return token_read(&p->token, args, e);
	return 0;
}

static int
read_release(struct publish *p, const struct args *args)
{
	p->version = args->argv[1];
	p->artifacts = list(args, "artifact");
	p->attach = list(args, "attach");
	p->repairs = list(args, "repairs");
	p->withdrawn = list(args, "withdrawn");
	p->rollback_to = list(args, "rollback-to");
	p->fallback = args_text(args, "fallback", NULL);
	p->notes_url = args_text(args, "notes", NULL);
	p->minimum_os = args_text(args, "minimum-os", NULL);
	p->reason = args_text(args, "reason", "");
	p->critical = args_flag(args, "critical");
	p->security = args_flag(args, "security");
	p->no_lift = args_flag(args, "no-lift");
	p->lower_version = args_flag(args, "lower-version");
	p->good = args_int(args, "good", -1);
	p->floor_seq = args_int(args, "floor", -1);
	p->seq = args_int(args, "seq", -1);
	p->delta_from = args_int(args, "delta-from", -1);
	return 0;
}

static int
read_deltas(struct publish *p, const struct args *args, struct err *e)
{
	const char *memory = args_text(args, "delta-memory", NULL);

	p->deltas.list = args_text(args, "versions", NULL);
	p->deltas.time_s = args_int(args, "delta-time", 0);
	p->deltas.share_bp = (int)args_int(args, "share", p->deltas.share_bp);
	if (memory != NULL &&
	    (size_read(memory, INT64_C(1) << 50, &p->deltas.memory) < 0 ||
		p->deltas.memory == 0))
		return err_set(e, ERR_USAGE,
		    "--delta-memory %s: not a size such as 500M", memory);
	return deltaplan_formats_read(
	    args_text(args, "delta-format", "sluice"), &p->deltas.formats, e);
}

static void
publish_done(struct publish *p)
{
	secret_done(&p->token);
}

static int
publish_cmd(const struct args *args, struct err *e)
{
	AUTO_ARENA a = verbs_arena();
	CLEANUP(publish_done) struct publish p = { 0 };

	if (publish_read(&p, args, a, e) < 0 || read_release(&p, args) < 0 ||
	    read_plan(&p, args, a, e) < 0 || read_not_before(&p, args, e) < 0 ||
	    read_deltas(&p, args, e) < 0)
		return -1;
	return publish_make(&p, a, e);
}

const struct verb publish_verb = { "publish", "PRODUCT/CHANNEL VERSION",
	"sign a release: the ladder of views that a server may show",
	publish_cmd, opts, COUNT(opts), 2, 2 };
