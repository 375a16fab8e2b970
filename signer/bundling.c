/*
 * sluice-sign bundle: one file with everything that a site without a network
 * needs.  Reads from top to bottom: what was asked, the channels, what goes
 * in, signing the list, writing.
 */
#include "signer/bundling.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "manifest/bundle_file.h"
#include "signer/report.h"
#include "signer/token.h"
#include "signer/verbs.h"

#define CLOCK_AHEAD_S 60

static const struct opt opts[] = {
	{ "from", 0, OPT_TEXT, "URL|DIR",
	    "a server, a site, a publication directory or a keyless tree" },
	{ "channel", 0, OPT_LIST, "PRODUCT/CHANNEL", "may be repeated" },
	{ "root", 0, OPT_LIST, "ROOT", "a trusted root of each channel" },
	{ "timestamp-key", 'k', OPT_LIST, "KEY",
	    "the signer's own timestamp key of each channel" },
	{ "minisign-key", 0, OPT_LIST, "KEY",
	    "signs the list, where root names such keys" },
	{ "platform", 0, OPT_LIST, "OS-ARCH", "only these (all)" },
	{ "version", 0, OPT_LIST, "VERSION", "this release, too" },
	{ "rung", 0, OPT_TEXT, "RUNG",
	    "hold, offer, halt, rollback-VERSION (by who may have what)" },
	{ "created", 0, OPT_TEXT, "TIME",
	    "2026-01-31T00:00:00Z, for the same bytes again (now)" },
	{ "since", 0, OPT_TEXT, "OLDBUNDLE", "only what that one has not" },
	{ "split", 0, OPT_TEXT, "SIZE", "parts FILE.000, FILE.001 ..." },
	{ "with-client", 0, OPT_LIST, "FILE", "a program that travels along" },
	{ "out", 'o', OPT_TEXT, "FILE", "the bundle" },
	VERBS_OPT_EXPIRES,
	VERBS_OPT_TOKEN_FILE,
	VERBS_OPT_TOKEN_FD,
	VERBS_OPT_JSON,
	KEYRING_OPTS,
	REPORT_OPT,
};

struct work {
	const struct args *args;
	struct bundling b;
	struct keyring ring;
	struct secret token;
	bool remote, open; /* without a token */
	const char *from;
	int64_t now_s;
	struct err *e;
};

/* --- what was asked ------------------------------------------------------- */

static int
read_times(struct work *w)
{
	const char *created = args_text(w->args, "created", NULL);
	struct bundling *b = &w->b;

	w->now_s = b->created_s = clock_now_s();
	if (created != NULL && time_read(created, &b->created_s) < 0)
		return err_set(w->e, ERR_USAGE,
		    "--created %s: not a time as 2026-01-31T00:00:00Z",
		    created);
	if (b->created_s > w->now_s + CLOCK_AHEAD_S)
		return err_set(w->e, ERR_USAGE, "--created: in the future");
	b->expires_s = verbs_expiry(w->args, b->created_s, BUNDLE_DAYS);
	return 0;
}

static int
read_ask(struct work *w)
{
	const char *split = args_text(w->args, "split", NULL);
	struct bundling *b = &w->b;
	size_t nkeys;

	w->from = args_text(w->args, "from", NULL);
	w->b.out = args_text(w->args, "out", NULL);
	if (w->from == NULL || w->b.out == NULL)
		return err_set(
		    w->e, ERR_USAGE, "--from and -o FILE are needed");
	(void)args_list(w->args, "timestamp-key", &nkeys);
	if (nkeys == 0)
		return err_set(w->e, ERR_USAGE,
		    "-k KEY is needed: a timestamp key that root names");
	if (split != NULL &&
	    (size_read(split, BUNDLE_SIZE_MAX, &w->b.split) < 0 ||
		w->b.split < 4096))
		return err_set(
		    w->e, ERR_USAGE, "--split %s: not a size", split);
	b->rung = args_text(w->args, "rung", NULL);
	b->platforms = args_list(w->args, "platform", &b->nplatforms);
	b->versions = args_list(w->args, "version", &b->nversions);
	b->files =
	    arena_array(b->a, BUNDLE_MEMBERS_MAX, sizeof(*b->files), w->e);
	w->remote = source_is_url(w->from);
	if (b->files == NULL || read_times(w) < 0)
		return -1;
	w->open = w->remote && !token_given(w->args);
	return w->remote && !w->open ? token_read(&w->token, w->args, w->e) : 0;
}

/* --- keys ----------------------------------------------------------------- */

static int
add_keys(struct work *w, const char *option, enum keyfile_role role)
{
	size_t n;
	const char *const *refs = args_list(w->args, option, &n);

	for (size_t i = 0; i < n; i++) {
		if (keyring_add(&w->ring, refs[i], role, w->b.a, w->e) < 0)
			return -1;
	}
	return 0;
}

static bool
is_stamp(const struct role *root, const struct signer *k)
{
	const struct role_keys *ids = &root->roles[ROLE_TIMESTAMP];

	for (size_t i = 0; i < ids->n; i++) {
		if (strcmp(ids->keyids[i], k->public.id) == 0)
			return k->role == KEYFILE_TIMESTAMP;
	}
	return false;
}

static bool
is_list_key(const struct role *root, const struct signer *k)
{
	for (size_t i = 0; i < root->nminisign; i++) {
		if (k->role == KEYFILE_MINISIGN &&
		    memcmp(root->minisign[i].public, k->minisign.public,
			sizeof(k->minisign.public)) == 0)
			return true;
	}
	return false;
}

/* The keys of a channel, out of all that were given. */
static int
choose_keys(struct work *w, struct bundling_channel *c)
{
	const struct role *root = c->there.root;
	struct signer *by_stamp;

	for (size_t i = 0; i < w->ring.n; i++) {
		struct signer *k = &w->ring.keys[i];

		if (is_stamp(root, k))
			c->stamps.keys[c->stamps.n++] = *k;
		else if (c->list == NULL && is_list_key(root, k))
			c->list = k;
	}
	if (c->stamps.n == 0)
		return err_set(w->e, ERR_USAGE,
		    "%s: root names none of the timestamp keys given", c->id);
	if (root->nminisign > 0 && c->list == NULL)
		return err_set(w->e, ERR_USAGE,
		    "%s: root names minisign keys: give one by --minisign-key",
		    c->id);
	if (c->list != NULL)
		return 0;
	if ((by_stamp = arena_get(w->b.a, sizeof(*by_stamp), w->e)) == NULL)
		return -1;
	*by_stamp = c->stamps.keys[0];
	if (by_stamp->public.type != KEY_ED25519)
		return err_set(w->e, ERR_USAGE,
		    "%s: the list needs an Ed25519 key", c->id);
	pubkey_minisign(&by_stamp->minisign, &by_stamp->public);
	c->list = by_stamp;
	return 0;
}

/* --- channels ------------------------------------------------------------- */

/* Of the roots given, those of this channel. */
static int
choose_roots(struct work *w, const char *product, const char *channel,
    struct existing_ask *ask)
{
	size_t n;
	const char *const *all = args_list(w->args, "root", &n);
	const char **own = arena_array(w->b.a, n, sizeof(*own), w->e);

	if (own == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct role *r;
		struct bytes file;

		if (file_read(w->b.a, all[i], ROLE_ROOT_MAX, &file, w->e) < 0)
			return -1;
		r = role_read(w->b.a, ROLE_ROOT, file, ROLE_STRICT, w->e);
		if (r == NULL)
			return err_in(w->e, "%s", all[i]);
		if (strcmp(r->product, product) == 0 &&
		    strcmp(r->channel, channel) == 0)
			own[ask->nroots++] = all[i];
	}
	ask->roots = own;
	return ask->nroots > 0
	    ? 0
	    : err_set(w->e, ERR_USAGE, "--root: none of %s/%s was given",
		  product, channel);
}

static int
choose_rung(struct work *w, struct bundling_channel *c)
{
	const struct bundling *b = &w->b;

	if (c->only && (b->rung != NULL || b->nversions > 0)) {
		verb_hint("--token-file FILE, a token of scope read");
		return err_set(w->e, ERR_USAGE,
		    "%s: without a token there is only what everybody gets,"
		    " no --rung and no --version",
		    c->id);
	}
	if (!c->only)
		c->rung = bundling_rung(
		    c->there.pub, &c->there.base, b->rung, &c->everybody, w->e);
	else if (c->there.pub->offer->seq == 0)
		return err_set(w->e, ERR_REFUSED,
		    "%s: no release has reached everybody yet", c->id);
	if (c->rung < 0 && w->e->kind == ERR_REFUSED)
		verb_hint("--rung offer gives it to whoever gets the bundle");
	return c->rung;
}

static int
open_channel(struct work *w, struct bundling_channel *c)
{
	struct bundling *b = &w->b;
	struct existing_ask ask = { .source = { .where = w->from,
					.token = w->remote ? &w->token : NULL },
		.now_s = w->now_s };
	const char *product, *channel;

	if (verbs_channel(c->id, &product, &channel, b->a, w->e) < 0)
		return -1;
	ask.source.product = product;
	ask.source.channel = channel;
	ask.source.once = true; /* nothing else gets in than was verified */
	if (choose_roots(w, product, channel, &ask) < 0)
		return -1;
	if (w->open ? bundling_public_open(c, &ask, b->a, w->e) < 0 ||
		    bundling_public(c, w->now_s, b->a, w->e) < 0
		    : existing_open(&c->there, &ask, b->a, w->e) < 0)
		return -1;
	if (c->there.pub == NULL)
		return err_set(w->e, ERR_MISSING, "%s: %s: nothing published",
		    w->from, c->id);
	if (strcmp(c->there.pub->product, product) != 0 ||
	    strcmp(c->there.pub->channel, channel) != 0)
		return err_set(w->e, ERR_INPUT, "%s: is of %s/%s, not of %s",
		    w->from, c->there.pub->product, c->there.pub->channel,
		    c->id);
	if (b->created_s < c->there.pub->offer->created_s)
		return err_set(w->e, ERR_USAGE,
		    "--created: before the publication of %s was made", c->id);
	if (c->there.pub->expires_s <= b->created_s)
		return err_set(
		    w->e, ERR_REFUSED, "%s has expired: renew first", c->id);
	return choose_rung(w, c) < 0 ? -1 : choose_keys(w, c);
}

/* Nobody could use it after that: root counts as of the day of use. */
static void
shorten(struct work *w, const struct bundling_channel *c)
{
	char when[TIME_TEXT_SIZE];

	if (c->there.root->expires_s >= w->b.expires_s)
		return;
	w->b.expires_s = c->there.root->expires_s;
	time_write(when, w->b.expires_s);
	verbs_say("sluice-sign: note: the bundle ends %s, with the root of %s",
	    when, c->id);
}

/* Mirrors serve what clients judge as of the day of the poll. */
static void
tell_mirrors(const struct work *w, const struct bundling_channel *c)
{
	char when[TIME_TEXT_SIZE];

	if (c->only)
		verbs_say("sluice-sign: note: of %s it has the rung that"
			  " everybody gets alone, for machines and not for"
			  " mirrors: those need one that was made with a token",
		    c->id);
	if (c->only || c->there.pub->expires_s >= w->b.expires_s)
		return;
	time_write(when, c->there.pub->expires_s);
	verbs_say("sluice-sign: note: a mirror can serve %s until %s, when its"
		  " publication expires",
	    c->id, when);
}

static void
warn_rung(const struct work *w, const struct bundling_channel *c)
{
	const struct rung *r = &c->there.pub->rungs[c->rung];

	if (w->b.rung == NULL || c->everybody || r->kind != RUNG_OFFER)
		return;
	verbs_say("sluice-sign: warning: %s: %s has not reached everybody: the"
		  " bundle takes it past the rollout",
	    c->id, r->manifest->version);
}

static int
by_id(const void *pa, const void *pb)
{
	const struct bundling_channel *a = pa, *b = pb;

	return strcmp(a->id, b->id);
}

/* In the order of the list. */
static int
name_channels(struct work *w)
{
	struct bundling *b = &w->b;
	const char *const *ids = args_list(w->args, "channel", &b->nchannels);

	if (b->nchannels == 0 || b->nchannels > BUNDLE_CHANNELS_MAX)
		return err_set(
		    w->e, ERR_USAGE, "--channel PRODUCT/CHANNEL is needed");
	b->channels =
	    arena_array(b->a, b->nchannels, sizeof(*b->channels), w->e);
	if (b->channels == NULL)
		return -1;
	for (size_t i = 0; i < b->nchannels; i++) {
		b->channels[i].id = ids[i];
		b->channels[i].there.source.dirfd = -1;
	}
	qsort(b->channels, b->nchannels, sizeof(*b->channels), by_id);
	for (size_t i = 1; i < b->nchannels; i++) {
		if (strcmp(b->channels[i - 1].id, b->channels[i].id) == 0)
			return err_set(w->e, ERR_USAGE,
			    "--channel %s: given twice", b->channels[i].id);
	}
	return 0;
}

static int
open_channels(struct work *w)
{
	struct bundling *b = &w->b;

	for (size_t i = 0; i < b->nchannels; i++) {
		struct bundling_channel *c = &b->channels[i];

		if (open_channel(w, c) < 0)
			return -1;
		shorten(w, c);
		warn_rung(w, c);
	}
	for (size_t i = 0; i < b->nchannels; i++)
		tell_mirrors(w, &b->channels[i]);
	return 0;
}

/* --- what is there already ------------------------------------------------ */

/* Only its list counts, and only if one of our channels' keys signed it. */
static int
read_since(struct work *w)
{
	const char *path = args_text(w->args, "since", NULL);
	AUTO_BUNDLE_FILE f = { 0 };
	struct bundling *b = &w->b;

	if (path == NULL)
		return 0;
	if (bundle_file_open(&f, path, b->a, w->e) < 0)
		return -1;
	for (size_t i = 0; i < b->nchannels; i++) {
		for (size_t k = 0; k < f.list->nchannels; k++) {
			if (strcmp(f.list->channels[k], b->channels[i].id) != 0)
				continue;
			if (bundle_verify(f.list_file, f.sigs[k],
				b->channels[i].there.root, w->e) < 0)
				return err_in(w->e, "%s", path);
			b->since = f.list;
		}
	}
	if (b->since == NULL)
		return err_set(
		    w->e, ERR_REFUSED, "%s: is of other channels", path);
	b->since_sha256 = arena_text(b->a, f.sha256, w->e);
	return b->since_sha256 == NULL ? -1 : 0;
}

static int
pick(struct work *w)
{
	size_t n;
	const char *const *programs = args_list(w->args, "with-client", &n);

	for (size_t i = 0; i < w->b.nchannels; i++) {
		if (bundling_pick(&w->b, &w->b.channels[i], w->e) < 0)
			return -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (bundling_program(&w->b, programs[i], w->e) < 0)
			return -1;
	}
	return 0;
}

/* --- what was done -------------------------------------------------------- */

static int
say_report(const struct work *w, const char *sha256)
{
	struct report_stamp stamps[BUNDLE_CHANNELS_MAX];
	struct report report = { .path = args_text(w->args, "report", NULL),
		.verb = w->args->verb->name,
		.now_s = w->now_s,
		.ring = &w->ring,
		.complete = true,
		.stamps = stamps,
		.nstamps = w->b.nchannels };

	for (size_t i = 0; i < w->b.nchannels; i++)
		stamps[i] = (struct report_stamp){ "timestamp.json",
			w->b.channels[i].stamp };
	return report_bundle(&report, bundling_json(&w->b, sha256), w->e) < 0
	    ? err_in(w->e, "%s is made, but", w->b.out)
	    : 0;
}

static int
run(struct work *w)
{
	char sha256[SHA256_HEX_SIZE];

	/* keys last: whoever is asked for a passphrase is not asked in vain */
	if (read_ask(w) < 0 || name_channels(w) < 0 ||
	    keyring_options(&w->ring, w->args, w->e) < 0 ||
	    add_keys(w, "timestamp-key", KEYFILE_TIMESTAMP) < 0 ||
	    add_keys(w, "minisign-key", KEYFILE_MINISIGN) < 0 ||
	    open_channels(w) < 0 || read_since(w) < 0 || pick(w) < 0 ||
	    bundling_write(&w->b, w->e) < 0)
		return -1;
	sha256_hex(sha256, w->b.list.at, w->b.list.len);
	if (say_report(w, sha256) < 0)
		return -1;
	if (args_flag(w->args, "json")) {
		AUTO_JSON v = bundling_json(&w->b, sha256);

		return verbs_print_json(v, w->e);
	}
	bundling_print(&w->b, sha256);
	return 0;
}

static int
bundling_cmd(const struct args *args, struct err *e)
{
	AUTO_ARENA a = verbs_arena();
	struct work w = { .args = args, .b = { .a = a }, .e = e };
	int rc;

	keyring_init(&w.ring);
	rc = run(&w);
	for (size_t i = 0; i < w.b.nchannels; i++) {
		if (w.b.channels != NULL)
			existing_done(&w.b.channels[i].there);
	}
	keyring_done(&w.ring);
	secret_done(&w.token);
	return rc;
}

const struct verb bundling_verb = { "bundle", "",
	"make a bundle for sites without a network", bundling_cmd, opts,
	COUNT(opts), 0, 0 };
