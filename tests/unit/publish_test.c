/*
 * Publications from decisions to documents and back: what publish_decide and
 * compose_run make must be what publication_load and publication_follows ask
 * for.  No files, no network; the time is an argument.
 */
#include "signer/publish.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/cohort.h"
#include "signer/rootdoc.h"
#include "tests/tap.h"

#define T0  1800000000 /* some noon */
#define DAY 86400

static struct arena *a;
static struct err e;

/* A channel in memory: the ring, its root, and the newest publication. */
struct world {
	struct keyring ring;
	const struct role *root;
	struct composed files;
	struct existing prev;
};

static void
add_key(struct world *w, enum keyfile_role role)
{
	struct keyfile_new how = { role, KDF_MINIMAL, "" };
	struct signer *k = &w->ring.keys[w->ring.n++];
	AUTO_SECRET pass = { 0 };

	if (secret_new(&pass, 1, &e) < 0 ||
	    keyfile_make(&k->file, &how, &pass, a, &e) < 0)
		abort();
	/* the seal is of no use here: a key of our own in its place */
	if (secret_new(&k->secret, 64, &e) < 0)
		abort();
	crypto_sign_keypair(k->file.public, k->secret.at);
	pubkey_ed25519(&k->public, k->file.public);
	k->role = role;
	k->ref = "memory";
}

static struct rootdoc
doc_of(const struct world *w)
{
	struct rootdoc d = { .product = "editor",
		.channel = "stable",
		.version = 1,
		.expires_s = T0 + 3650 * DAY };

	for (size_t i = 0; i < w->ring.n; i++) {
		enum keyfile_role r = w->ring.keys[i].role;

		if (rootdoc_add(&d, r, &w->ring.keys[i].public, &e) < 0)
			abort();
		d.sets[r].threshold = 1;
	}
	return d;
}

static void
world_init(struct world *w)
{
	struct rootdoc d;
	AUTO_BUF b;
	const struct role *unsigned_;
	struct bytes file;

	memset(w, 0, sizeof(*w));
	w->prev.source.dirfd = -1;
	buf_init(&b, ROLE_ROOT_MAX);
	add_key(w, KEYFILE_ROOT);
	add_key(w, KEYFILE_RELEASE);
	add_key(w, KEYFILE_TIMESTAMP);
	d = doc_of(w);
	if (rootdoc_check(&d, 0, &e) < 0 || rootdoc_write(&d, &b, &e) < 0)
		abort();
	unsigned_ = role_read(a, ROLE_ROOT, buf_bytes(&b), ROLE_STRICT, &e);
	if (unsigned_ == NULL ||
	    keyring_seal(
		&w->ring, ROLE_ROOT, unsigned_->signed_, &file, a, &e) < 0)
		abort();
	w->root = role_read(a, ROLE_ROOT, file, ROLE_STRICT, &e);
	if (w->root == NULL ||
	    role_verify(w->root, w->root, NULL, true, &e) < 0)
		abort();
	w->prev.base.next_seq = 1;
}

static int
read_files(void *ctx, const char *path, size_t max, struct arena *mem,
    struct bytes *out, struct err *err)
{
	const struct composed *c = ctx;

	(void)max;
	(void)mem;
	for (size_t i = 0; i < c->n; i++) {
		if (strcmp(c->files[i].path, path) == 0) {
			*out = c->files[i].file;
			return 0;
		}
	}
	return err_set(err, ERR_MISSING, "%s", path);
}

static struct publish
asked(const char *version, int64_t now_s)
{
	static const char *const one[] = { "linux-x86_64=editor" };
	struct publish p = {
		.product = "editor",
		.channel = "stable",
		.version = version,
		.reason = "",
		.artifacts = { one, 1 },
		.good = -1,
		.floor_seq = -1,
		.seq = -1,
		.now_s = now_s,
		.expires_s = now_s + 30 * DAY,
	};

	plan_default(&p.plan, "stable");
	return p;
}

/* Decide, compose, load, hold against the base; the new one becomes prev. */
static int
published(struct world *w, const struct publish *p)
{
	struct publish *kept = arena_get(a, sizeof(*kept), &e);
	struct publish_decision *d = arena_get(a, sizeof(*d), &e);
	struct artifact *x = arena_get(a, sizeof(*x), &e);
	struct publication_source src = { read_files, &w->files };
	const struct publication *pub;

	*kept = *p; /* the plan is borrowed by what follows */
	if (publish_decide(kept, &w->prev, d, a, &e) < 0)
		return -1;
	if (!d->renewal) {
		*x = (struct artifact){ .os = "linux",
			.arch = "x86_64",
			.name = "editor",
			.size = 1 };
		x->path =
		    arena_printf(a, &e, "%s/linux-x86_64/editor", p->version);
		sha256(x->sha256, p->version, strlen(p->version));
		d->offer.artifacts = x;
		d->offer.nartifacts = 1;
	}
	d->compose.offer.m = &d->offer;
	d->compose.ring = &w->ring;
	if (compose_run(&d->compose, &w->files, a, &e) < 0)
		return -1;
	pub = publication_load(
	    a, &src, w->root, d->compose.ladder.m, p->now_s, &e);
	if (pub == NULL ||
	    publication_follows(pub, w->prev.pub, &d->base, &e) < 0)
		return -1;
	w->prev.pub = pub;
	return 0;
}

/* What the next publication is built on, some time later. */
static void
later(struct world *w, int64_t now_s)
{
	existing_base(&w->prev.base, w->prev.pub, now_s);
}

static int
step(struct world *w, const char *version, int64_t now_s)
{
	struct publish p = asked(version, now_s);

	if (w->prev.pub != NULL)
		later(w, now_s);
	return published(w, &p);
}

#define WORLD(w)                            \
	CLEANUP(world_done) struct world w; \
	world_init(&w)

static void
world_done(struct world *w)
{
	keyring_done(&w->ring);
}

static void
the_first_publication_has_no_fallback(void)
{
	WORLD(w);

	if (!CHECK_INT(step(&w, "1.0.0", T0), 0))
		return;
	CHECK_INT(w.prev.pub->nrungs, 9);
	CHECK_INT(w.prev.pub->ladder.fallback_seq, 0);
	CHECK(w.prev.pub->rungs[0].manifest->version == NULL);
	CHECK_INT(w.prev.pub->offer->seq, 1);
}

static void
what_everybody_may_have_becomes_the_fallback(void)
{
	WORLD(w);

	CHECK_INT(step(&w, "1.0.0", T0), 0);
	/* at 50 % it is not good yet */
	CHECK_INT(step(&w, "1.1.0", T0 + 2 * DAY), 0);
	CHECK_INT(w.prev.pub->ladder.fallback_seq, 0);
	CHECK_INT(step(&w, "1.2.0", T0 + 5 * DAY), 0);
	CHECK_INT(w.prev.pub->ladder.fallback_seq, 2);
	CHECK_INT(w.prev.pub->ladder.ngood, 1);
	/* a rollback lets go of everything newer that was out */
	CHECK_INT(w.prev.pub->rungs[3].manifest->rollback.nfrom, 1);
}

static void
a_full_ladder_has_21_rungs(void)
{
	static const char *const v[] = { "1.0.0", "1.1.0", "1.2.0", "1.3.0",
		"1.4.0" };
	WORLD(w);

	for (size_t i = 0; i < COUNT(v); i++)
		CHECK_INT(step(&w, v[i], T0 + (int64_t)i * 4 * DAY), 0);
	CHECK_INT(w.prev.pub->nrungs, 21);
	CHECK_INT(w.prev.pub->ladder.good_seq[0], 4);
	CHECK_INT(w.prev.pub->ladder.good_seq[2], 2);
	/* the oldest rollback leads away from all newer ones */
	CHECK_INT(w.prev.pub->rungs[5].manifest->rollback.nfrom, 3);
}

static void
a_withdrawn_release_is_led_away_from(void)
{
	static const char *const bad[] = { "1.1.0" };
	struct publish p = asked("1.2.0", T0 + 5 * DAY);
	WORLD(w);

	CHECK_INT(step(&w, "1.0.0", T0), 0);
	CHECK_INT(step(&w, "1.1.0", T0 + 4 * DAY), 0);
	later(&w, p.now_s);
	p.withdrawn = (struct publish_list){ bad, 1 };
	p.repairs = (struct publish_list){ bad, 1 };
	const char *salt = w.prev.pub->offer->rollout.salt;

	if (!CHECK_INT(published(&w, &p), 0))
		return;
	for (int i = 0; i < 3; i += 2) {
		const struct manifest *m = w.prev.pub->rungs[i].manifest;

		CHECK(m->permission);
		CHECK_INT(m->rollback.from[0].seq, 2);
	}
	/* a repair draws nobody anew */
	CHECK_TEXT(w.prev.pub->offer->rollout.salt, salt);
	CHECK_TEXT(w.prev.pub->offer->repairs_versions[0], "1.1.0");
	/* the permission lasts until the fallback is newer */
	CHECK_INT(step(&w, "1.3.0", T0 + 6 * DAY), 0);
	CHECK(w.prev.pub->rungs[0].manifest->permission);
	CHECK_INT(step(&w, "1.4.0", T0 + 10 * DAY), 0);
	CHECK(!w.prev.pub->rungs[0].manifest->permission);
}

static void
nobody_goes_back_past_a_security_release(void)
{
	static const char *const to[] = { "1.0.0" };
	struct publish p = asked("1.1.0", T0 + 4 * DAY);
	WORLD(w);

	CHECK_INT(step(&w, "1.0.0", T0), 0);
	later(&w, p.now_s);
	p.security = true;
	CHECK_INT(published(&w, &p), 0);
	CHECK_INT(w.prev.pub->ladder.ngood, 0);
	CHECK_INT(w.prev.pub->ladder.fallback_seq, 1);
	/* unless the signer names it */
	p = asked("1.2.0", T0 + 5 * DAY);
	later(&w, p.now_s);
	p.security = true;
	p.rollback_to = (struct publish_list){ to, 1 };
	CHECK_INT(published(&w, &p), 0);
	CHECK_INT(w.prev.pub->ladder.ngood, 1);
}

static void
the_floor_only_rises(void)
{
	struct publish p = asked("1.1.0", T0 + 4 * DAY);
	WORLD(w);

	CHECK_INT(step(&w, "1.0.0", T0), 0);
	later(&w, p.now_s);
	p.floor_seq = 2;
	CHECK_INT(published(&w, &p), 0);
	CHECK_INT(w.prev.pub->offer->floor_seq, 2);
	CHECK_INT(w.prev.pub->rungs[0].manifest->floor_seq, 1);
	CHECK_INT(w.prev.pub->ladder.ngood, 0);
	CHECK_INT(step(&w, "1.2.0", T0 + 5 * DAY), 0);
	CHECK_INT(w.prev.pub->offer->floor_seq, 2);
	p = asked("1.3.0", T0 + 6 * DAY);
	p.floor_seq = 9;
	CHECK_INT(published(&w, &p), -1);
	CHECK_INT(e.kind, ERR_USAGE);
}

static void
a_renewal_changes_versions_and_dates_only(void)
{
	struct publish p = asked(NULL, T0 + 20 * DAY);
	const struct publication *old;
	WORLD(w);

	CHECK_INT(step(&w, "1.0.0", T0), 0);
	CHECK_INT(step(&w, "1.1.0", T0 + 4 * DAY), 0);
	old = w.prev.pub;
	later(&w, p.now_s);
	if (!CHECK_INT(published(&w, &p), 0))
		return;
	CHECK_INT(w.prev.pub->offer->seq, 2);
	CHECK_INT(w.prev.pub->offer->created_s, old->offer->created_s);
	CHECK_TEXT(w.prev.pub->offer->rollout.salt, old->offer->rollout.salt);
	CHECK_INT(w.prev.pub->ladder.fallback_seq, 1);
	CHECK(w.prev.pub->ladder.m > old->ladder.m);
	CHECK(w.prev.pub->expires_s > old->expires_s);
	/* a plan is not a thing to renew */
	p = asked("1.1.0", T0 + 21 * DAY);
	p.planned = true;
	later(&w, p.now_s);
	CHECK_INT(published(&w, &p), -1);
}

static void
a_version_is_published_once(void)
{
	WORLD(w);

	CHECK_INT(step(&w, "1.0.0", T0), 0);
	CHECK_INT(step(&w, "1.1.0", T0 + 4 * DAY), 0);
	CHECK_INT(step(&w, "1.0.0", T0 + 5 * DAY), -1);
	CHECK_INT(e.kind, ERR_CONFLICT);
}

static void
a_lower_version_is_asked_for(void)
{
	struct publish p = asked("1.0.5", T0 + 4 * DAY);
	WORLD(w);

	CHECK_INT(step(&w, "1.0.9", T0), 0);
	later(&w, p.now_s);
	CHECK_INT(published(&w, &p), -1);
	CHECK_INT(e.kind, ERR_REFUSED);
	CHECK(strstr(e.msg, "1.0.5 is lower than 1.0.9") != NULL);
	p.version = "1.0.9-rc.1";
	CHECK_INT(published(&w, &p), -1);
	p.version = "1.0.5";
	p.lower_version = true;
	CHECK_INT(published(&w, &p), 0);
	CHECK_INT(w.prev.pub->offer->seq, 2);
	/* builds of one version are in no order */
	CHECK_INT(step(&w, "1.0.5+2", T0 + 8 * DAY), 0);
}

static void
no_lift_is_one_block(void)
{
	struct publish p = asked("1.0.0", T0);
	WORLD(w);

	p.no_lift = true;
	CHECK_INT(published(&w, &p), 0);
	CHECK_INT(w.prev.pub->nrungs, 3);
}

static void
roots_keep_channels_apart(void)
{
	struct world w, v;
	struct rootdoc d;

	world_init(&w);
	world_init(&v);
	d = doc_of(&w);
	d.channel = "canary";
	CHECK_INT(rootdoc_apart(&d, v.root, &e), 0);
	/* the same release key, threshold 1 in both */
	CHECK_INT(rootdoc_apart(&d, w.root, &e), -1);
	CHECK_INT(e.kind, ERR_REFUSED);
	/* a key of two roles */
	d = doc_of(&w);
	CHECK_INT(rootdoc_add(&d, KEYFILE_ROOT, &w.ring.keys[1].public, &e), 0);
	CHECK_INT(rootdoc_check(&d, 0, &e), -1);
	d = doc_of(&w);
	d.sets[KEYFILE_RELEASE].threshold = 2;
	CHECK_INT(rootdoc_check(&d, 0, &e), -1);
	/* one that has expired, and a release key that is a minisign key too */
	d = doc_of(&w);
	CHECK_INT(rootdoc_check(&d, d.expires_s - 1, &e), 0);
	CHECK_INT(rootdoc_check(&d, d.expires_s, &e), -1);
	CHECK(strstr(e.msg, "which is past") != NULL);
	pubkey_minisign(&d.minisign[0], &w.ring.keys[1].public);
	d.nminisign = 1;
	CHECK_INT(rootdoc_check(&d, 0, &e), -1);
	CHECK(strstr(e.msg, "minisign") != NULL);
	world_done(&w);
	world_done(&v);
}

static void
plans_are_read(void)
{
	static const char *const good[] = { "0.5:90m", "50:24h", "100" };
	static const char *const bad[] = { "101" };
	static const char *const falls[] = { "50:1h", "25.5" };
	struct plan p;

	plan_default(&p, "beta");
	CHECK_INT(p.n, 1);
	CHECK_INT(p.stages[0].percent_bp, BP_ALL);
	plan_default(&p, "stable");
	CHECK_INT(p.n, 4);
	CHECK_INT(p.control_bp, 1000);
	CHECK_INT(plan_stages(&p, good, COUNT(good), &e), 0);
	CHECK_INT(p.n, 3);
	CHECK_INT(p.stages[0].percent_bp, 50);
	CHECK_INT(p.stages[0].min_duration_s, 5400);
	CHECK_INT(plan_stages(&p, bad, COUNT(bad), &e), -1);
	CHECK_INT(plan_stages(&p, falls, COUNT(falls), &e), -1);
	CHECK(strstr(e.msg, "stage 2 has 25.5 percent") != NULL);
}

static const struct tap_test tests[] = {
	TAP(the_first_publication_has_no_fallback),
	TAP(what_everybody_may_have_becomes_the_fallback),
	TAP(a_full_ladder_has_21_rungs),
	TAP(a_withdrawn_release_is_led_away_from),
	TAP(nobody_goes_back_past_a_security_release),
	TAP(the_floor_only_rises),
	TAP(a_renewal_changes_versions_and_dates_only),
	TAP(a_version_is_published_once),
	TAP(a_lower_version_is_asked_for),
	TAP(no_lift_is_one_block),
	TAP(roots_keep_channels_apart),
	TAP(plans_are_read),
};

int
main(void)
{
	int rc;

	if (secret_process(&e) < 0 || (a = arena_new((size_t)1 << 28)) == NULL)
		return 2;
	rc = tap_run(tests, COUNT(tests));
	arena_free(a);
	return rc;
}
