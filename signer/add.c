/*
 * sluice-sign add: the next holder's signatures on a publication that needs
 * several.
 *
 * A snapshot carries the digest of its targets, signatures included.  So the
 * holders go round: while targets lack signatures, whoever adds one makes the
 * snapshots anew and is the first to sign them; when the targets are complete,
 * everybody else signs the snapshots.  With two holders: publish (A), add (B),
 * add (A).  Nothing but signatures changes; content is checked before.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/text.h"
#include "signer/check.h"
#include "signer/compose.h"
#include "signer/describe.h"
#include "signer/existing.h"
#include "signer/facts.h"
#include "signer/keyring.h"
#include "signer/outdir.h"
#include "signer/report.h"
#include "signer/token.h"
#include "signer/verbs.h"

static const struct opt opts[] = {
	{ "root", 0, OPT_LIST, "ROOT", "a trusted root" },
	{ "key", 'k', OPT_LIST, "KEY", "a release key" },
	{ "previous", 0, OPT_TEXT, "URL|DIR",
	    "what is published now: shows what changes" },
	{ "yes", 'y', OPT_FLAG, NULL, "do not ask" },
	{ "jobs", 'j', OPT_INT, "N", "threads (all processors)" },
	KEYRING_OPTS,
	REPORT_OPT,
	VERBS_OPT_TOKEN_FILE,
	VERBS_OPT_TOKEN_FD,
};

struct adding {
	struct existing there; /* what is to be signed, as far as it is */
	const struct publication *pub;
	struct keyring ring;
	struct outdir outdir;
	struct arena *a;
	struct err *e;
};

static void
adding_done(struct adding *k)
{
	existing_done(&k->there);
	keyring_done(&k->ring);
	outdir_done(&k->outdir);
}

static int
add_open(struct adding *k, const struct args *args)
{
	struct existing_ask ask = { .source = { .where = args->argv[0] },
		.now_s = clock_now_s(),
		.partial = true };

	ask.roots = args_list(args, "root", &ask.nroots);
	if (existing_folder(&k->there, &ask, k->a, k->e) < 0)
		return -1;
	k->pub = k->there.pub;
	if (k->pub->expires_s <= ask.now_s)
		return err_set(
		    k->e, ERR_REFUSED, "%s has expired", ask.source.where);
	return 0;
}

/* What would change, beside what is published now. */
static int
show_changes(struct adding *k, const struct args *args)
{
	AUTO_EXISTING now = { .source = { .dirfd = -1 } };
	AUTO_SECRET token = { 0 };
	struct existing_ask ask = { .source = { .where = args_text(
						    args, "previous", NULL),
					.product = k->pub->product,
					.channel = k->pub->channel } };
	struct facts before, after;

	if (ask.source.where == NULL)
		return 0;
	if (source_is_url(ask.source.where)) {
		if (token_read(&token, args, k->e) < 0)
			return -1;
		ask.source.token = &token;
	}
	ask.roots = args_list(args, "root", &ask.nroots);
	if (existing_open(&now, &ask, k->a, k->e) < 0)
		return -1;
	if (now.pub == NULL)
		return err_set(k->e, ERR_MISSING, "%s: nothing published",
		    ask.source.where);
	if (facts_init(&before, k->a, k->e) < 0 ||
	    facts_init(&after, k->a, k->e) < 0 ||
	    facts_publication(&before, now.pub, k->e) < 0 ||
	    facts_publication(&after, k->pub, k->e) < 0)
		return -1;
	(void)printf("changes    from %s\n", ask.source.where);
	facts_print_changes(&before, &after);
	return 0;
}

/* A holder confirms one list of digests, not each of the rungs. */
static int
confirm(struct adding *k, const struct args *args)
{
	struct check c = { .pub = k->pub,
		.source = &k->there.source,
		.threads = verbs_jobs(args),
		.deltas = true };
	char answer[8];

	if (check_run(&c, k->a, k->e) < 0)
		return -1;
	describe_publication(stdout, k->pub);
	describe_rungs(stdout, k->pub);
	describe_files(stdout, &c, args->argv[0]);
	if (show_changes(k, args) < 0)
		return -1;
	if (args_flag(args, "yes"))
		return 0;
	if (!isatty(STDIN_FILENO))
		return err_set(k->e, ERR_USAGE,
		    "no terminal to ask on: --yes signs without asking");
	(void)printf("Sign this? [y/N] ");
	(void)fflush(stdout);
	if (fgets(answer, sizeof(answer), stdin) == NULL ||
	    (answer[0] != 'y' && answer[0] != 'Y'))
		return err_set(k->e, ERR_REFUSED, "not signed");
	return 0;
}

static bool
has_signed(const struct role *doc, const struct signer *key)
{
	for (size_t i = 0; i < doc->nsigs; i++) {
		if (strcmp(doc->sigs[i].keyid, key->public.id) == 0)
			return true;
	}
	return false;
}

/* A document with the signatures that it has and those of the ring. */
static int
add_to(
    struct adding *k, const struct role *doc, struct bytes *out, bool *changed)
{
	struct role_sig sigs[ROLE_KEYS_MAX + KEYRING_MAX];
	struct role_sig mine[KEYRING_MAX];
	size_t n = 0, nmine;
	AUTO_BUF file;

	buf_init(&file, role_max(doc->kind));
	if (doc->nsigs > ROLE_KEYS_MAX)
		return err_set(k->e, ERR_LIMIT, "too many signatures");
	if (keyring_sign(&k->ring, doc->kind, doc->signed_, mine, &nmine, k->a,
		k->e) < 0)
		return -1;
	while (n < doc->nsigs) {
		sigs[n] = doc->sigs[n];
		n++;
	}
	for (size_t i = 0; i < nmine; i++) {
		if (has_signed(doc, &k->ring.keys[i]))
			continue;
		sigs[n++] = mine[i];
		*changed = true;
	}
	if (role_wrap(doc->signed_, sigs, n, &file, k->e) < 0 ||
	    buf_ok(&file, k->e) < 0)
		return -1;
	out->len = file.len;
	out->at = arena_bytes(k->a, file.at, file.len, k->e);
	return out->at == NULL ? -1 : 0;
}

static int
put(struct adding *k, const struct role *doc, struct bytes file)
{
	char *path = arena_printf(k->a, k->e, "%lld.%s.json",
	    (long long)doc->version, role_name(doc->kind));

	if (path == NULL)
		return -1;
	return outdir_write(&k->outdir, path, file, k->e);
}

static int
add_rung(struct adding *k, const struct rung *r, bool *changed)
{
	struct compose_head h = { k->pub->product, k->pub->channel,
		r->snapshot->version, r->snapshot->expires_s };
	struct bytes targets, snapshot, signed_;
	bool targets_changed = false, full;

	/* targets that are complete stay as they are: a further signature
	 * would undo those of the snapshots */
	full = role_verify(r->targets, k->there.root, NULL, true, k->e) == 0;
	k->e->kind = ERR_NONE;
	if (!full && add_to(k, r->targets, &targets, &targets_changed) < 0)
		return -1;
	if (!targets_changed) {
		if (add_to(k, r->snapshot, &snapshot, changed) < 0)
			return -1;
		return put(k, r->snapshot, snapshot);
	}
	*changed = true;
	if (compose_snapshot(&h, targets, &signed_, k->a, k->e) < 0 ||
	    keyring_seal(
		&k->ring, ROLE_SNAPSHOT, signed_, &snapshot, k->a, k->e) < 0 ||
	    put(k, r->targets, targets) < 0)
		return -1;
	return put(k, r->snapshot, snapshot);
}

/* Read what came out, under root and, while it is not complete, as far as it
 * is signed. */
static int
add_check(struct adding *k, const struct publication **p, bool *complete)
{
	AUTO_SOURCE own = { .dirfd = -1 };
	struct source_ask ask = { .where = k->outdir.dir };
	struct publication_source src = { source_read, &own };

	if (source_open(&own, &ask, k->a, k->e) < 0)
		return -1;
	*p = publication_load(
	    k->a, &src, k->there.root, own.m, clock_now_s(), k->e);
	*complete = *p != NULL;
	if (!*complete)
		*p = publication_load(
		    k->a, &src, &k->there.lowered, own.m, clock_now_s(), k->e);
	return *p == NULL ? err_in(k->e, "own output") : 0;
}

static int
add_commit(struct adding *k, const struct args *args)
{
	struct report report = { .path = args_text(args, "report", NULL),
		.verb = args->verb->name,
		.now_s = clock_now_s(),
		.ring = &k->ring };
	const struct publication *p;
	bool complete;

	if (add_check(k, &p, &complete) < 0 ||
	    outdir_commit(&k->outdir, k->e) < 0)
		return -1;
	report.complete = complete;
	if (report_publication(&report, p, NULL, k->e) < 0)
		return err_in(k->e, "it is signed, but");
	if (complete) {
		(void)printf("complete   ready for verify and push\n");
		return 0;
	}
	(void)printf("targets    %zu of %d signatures\n"
		     "snapshots  %zu of %d: another holder runs"
		     " sluice-sign add\n",
	    p->rungs[0].targets->nsigs,
	    k->there.root->roles[ROLE_TARGETS].threshold,
	    p->rungs[0].snapshot->nsigs,
	    k->there.root->roles[ROLE_SNAPSHOT].threshold);
	return 0;
}

static int
add_cmd(const struct args *args, struct err *e)
{
	AUTO_ARENA a = verbs_arena();
	CLEANUP(adding_done) struct adding k = { .a = a, .e = e };
	size_t n;
	const char *const *keys = args_list(args, "key", &n);
	bool changed = false;

	keyring_init(&k.ring);
	k.there.source.dirfd = -1;
	k.outdir.lock = -1;
	if (keyring_options(&k.ring, args, e) < 0)
		return -1;
	if (n == 0)
		return err_set(e, ERR_USAGE, "--key is needed");
	if (add_open(&k, args) < 0 || confirm(&k, args) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (keyring_add(&k.ring, keys[i], KEYFILE_RELEASE, a, e) < 0)
			return -1;
	}
	if (keyring_check(&k.ring, k.there.root, NULL, ROLE_TARGETS, e) < 0 ||
	    outdir_again(&k.outdir, k.there.source.dir, a, e) < 0)
		return -1;
	for (int i = 0; i < k.pub->nrungs; i++) {
		if (add_rung(&k, &k.pub->rungs[i], &changed) < 0)
			return -1;
	}
	if (!changed)
		return err_set(
		    e, ERR_CONFLICT, "these keys have signed already");
	return add_commit(&k, args);
}

const struct verb add_verb = { "add", "DIR",
	"add another holder's signatures to a publication", add_cmd, opts,
	COUNT(opts), 1, 1 };
