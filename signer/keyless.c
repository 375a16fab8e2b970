/*
 * sluice-sign keyless: a tree that a web server without any key can serve.
 */
#include "signer/keyless.h"

#include <stdio.h>
#include <string.h>

#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/text.h"
#include "manifest/cohort.h"
#include "signer/check.h"
#include "signer/existing.h"
#include "signer/verbs.h"

struct tree {
	struct keyless *k;
	struct arena *a;
	struct err *e;
	const char *to;	  /* DIR/<product>/<channel> */
	const char *side; /* DIR.timestamps/<product>/<channel> */
	int64_t round;	  /* before: of the timestamp in place; 0: none */
	int index;	  /* of its rung, if it is of this publication; -1 */
};

/* --- files ---------------------------------------------------------------- */

/*
 * 1: the tree has it.  A name with a digest in it says what is in the file; a
 * version does not: a run that was interrupted has left others of the same,
 * which no timestamp has named yet.
 */
static int
has_it(struct tree *t, const char *path, const char *from, const char *to,
    int64_t size)
{
	AUTO_ARENA a = arena_new(2 * (size_t)ROLE_TARGETS_MAX + 65536);
	struct bytes ours, theirs;

	if (!file_exists(to))
		return 0;
	if (strchr(path, '/') != NULL)
		return file_size(to, t->e) == size;
	if (a == NULL)
		return err_set(t->e, ERR_SYS, "out of memory");
	if (file_read(a, from, ROLE_TARGETS_MAX, &ours, t->e) < 0 ||
	    file_read(a, to, ROLE_TARGETS_MAX, &theirs, t->e) < 0)
		return -1;
	return ours.len == theirs.len &&
	    memcmp(ours.at, theirs.at, ours.len) == 0;
}

static int
copy_one(void *ctx, const char *path, int64_t size, struct err *e)
{
	struct tree *t = ctx;
	char *from = file_path(t->a, e, t->k->source->dir, path);
	char *to = file_path(t->a, e, t->to, path);
	char *slash;
	int has;

	if (from == NULL || to == NULL)
		return -1;
	if (strcmp(path, "timestamp.json") == 0 ||
	    strcmp(path, "manifest.json") == 0 ||
	    strcmp(path, "manifest.json.minisig") == 0)
		return 0;
	if ((has = has_it(t, path, from, to, size)) != 0)
		return has < 0 ? -1 : 0;
	slash = strrchr(to, '/');
	*slash = '\0';
	if (file_mkdirs(to, 0755, e) < 0)
		return -1;
	*slash = '/';
	return file_copy(from, to, 0644, e);
}

/* --- timestamps ----------------------------------------------------------- */

/* What is in place now: its round and rung. */
static int
read_current(struct tree *t)
{
	char *path = file_path(t->a, t->e, t->to, "timestamp.json");
	struct bytes file;
	const struct role *r;
	const struct metafile *m;

	t->round = 0;
	t->index = -1;
	if (path == NULL)
		return -1;
	if (!file_exists(path))
		return 0;
	if (file_read(t->a, path, ROLE_TIMESTAMP_MAX, &file, t->e) < 0)
		return -1;
	r = role_read(t->a, ROLE_TIMESTAMP, file, ROLE_STRICT, t->e);
	if (r == NULL)
		return err_in(t->e, "%s", path);
	m = role_meta(r, "snapshot.json");
	t->round = r->version / LADDER_MAX;
	if (m != NULL)
		t->index = ladder_index(&t->k->pub->ladder, m->version);
	if (t->index >= 0 &&
	    memcmp(m->sha256, t->k->pub->rungs[t->index].snapshot_meta.sha256,
		sizeof(m->sha256)) != 0)
		return err_set(t->e, ERR_CONFLICT,
		    "%s is of another publication of the same versions: "
		    "publish once more, after what is in place",
		    path);
	if (m != NULL && t->index < 0 &&
	    m->version > ladder_version(&t->k->pub->ladder, 0))
		return err_set(
		    t->e, ERR_CONFLICT, "%s is of a newer publication", path);
	return 0;
}

/* The timestamp of a rung, written to path. */
static int
sign_rung(struct tree *t, int index, const char *path)
{
	struct keyless *k = t->k;
	const struct rung *r = &k->pub->rungs[index];
	struct timestamp_fields f = {
		.product = k->pub->product,
		.channel = k->pub->channel,
		.version =
		    LADDER_MAX * ladder_round(t->round, k->now_s) + index,
		.expires_s = k->expires_s,
		.signed_at_s = k->now_s,
		/* clients stage themselves by bucket and envelope */
		.cap_bp = r->kind == RUNG_OFFER ? BP_ALL : 0,
		.offline = true,
		.snapshot = r->snapshot_meta,
	};
	struct report_stamp *s = &k->stamps[k->nstamps];
	struct bytes file;
	AUTO_BUF b;

	buf_init(&b, ROLE_TIMESTAMP_MAX);
	if (timestamp_build(&f, &b, t->e) < 0 || buf_ok(&b, t->e) < 0 ||
	    keyring_seal(
		k->ring, ROLE_TIMESTAMP, buf_bytes(&b), &file, t->a, t->e) < 0)
		return -1;
	s->file = path;
	s->doc = role_read(t->a, ROLE_TIMESTAMP, file, ROLE_STRICT, t->e);
	if (s->doc == NULL)
		return -1;
	k->nstamps++;
	return file_replace(path, file.at, file.len, 0644, t->e);
}

/* "offer", "halt", "rollback-1.2.0" of a rung. */
static char *
rung_text(struct tree *t, int index)
{
	const struct rung *r = &t->k->pub->rungs[index];

	if (r->kind != RUNG_ROLLBACK)
		return arena_text(t->a, rung_kind_name(r->kind), t->e);
	return arena_printf(t->a, t->e, "rollback-%s", r->manifest->version);
}

/* The lowest rung at or above from that goes by this name; -1: none. */
static int
rung_named(struct tree *t, int from, const char *name)
{
	for (int i = from; i < t->k->pub->nrungs; i++) {
		char *text = rung_text(t, i);

		if (text != NULL && strcmp(text, name) == 0)
			return i;
	}
	return -1;
}

static int
choose(struct tree *t, int *index)
{
	const char *name = t->k->rung;
	int from = t->index < 0 ? 0 : t->index;

	if (name == NULL && t->index >= 0) {
		*index = t->index;
		return 0;
	}
	if (name == NULL)
		name = "offer";
	*index = rung_named(t, from, name);
	if (*index >= 0)
		return 0;
	return err_set(t->e, ERR_REFUSED,
	    "no rung \"%s\" above the one in place: publish or renew first",
	    name);
}

/* Every meaning that the site may move to later, in DIR.timestamps. */
static int
write_side(struct tree *t, int placed)
{
	int step = 2 + t->k->pub->ladder.ngood;

	if (file_remove_tree(t->side, t->e) < 0 ||
	    file_mkdirs(t->side, 0755, t->e) < 0)
		return -1;
	/* from the placed rung on, the next of each meaning is near */
	for (int i = placed; i <= placed + step && i < t->k->pub->nrungs; i++) {
		char *name = rung_text(t, i);
		char *path = name == NULL
		    ? NULL
		    : arena_printf(t->a, t->e, "%s/%s.json", t->side, name);

		if (path == NULL)
			return -1;
		if (file_exists(path))
			continue;
		if (sign_rung(t, i, path) < 0)
			return -1;
	}
	return 0;
}

static int
put_in_place(struct tree *t, int index)
{
	const struct rung *r = &t->k->pub->rungs[index];
	char *timestamp = file_path(t->a, t->e, t->to, "timestamp.json");
	char *manifest = file_path(t->a, t->e, t->to, "manifest.json");
	char *minisig = file_path(t->a, t->e, t->to, "manifest.json.minisig");
	char *from = arena_printf(t->a, t->e,
	    "%s/targets/%s.manifest.json.minisig", t->to, r->manifest_sha256);

	if (timestamp == NULL || manifest == NULL || minisig == NULL ||
	    from == NULL ||
	    file_replace(manifest, r->manifest_file.at, r->manifest_file.len,
		0644, t->e) < 0 ||
	    (file_exists(from) && file_copy(from, minisig, 0644, t->e) < 0))
		return -1;
	return sign_rung(t, index, timestamp);
}

int
keyless_write(struct keyless *k, struct arena *a, struct err *e)
{
	struct tree t = { .k = k, .a = a, .e = e };
	size_t len = strlen(k->dir);
	char *dir = arena_text(a, k->dir, e);
	int index;

	if (dir == NULL)
		return -1;
	while (len > 1 && dir[len - 1] == '/')
		dir[--len] = '\0';
	t.to = arena_printf(
	    a, e, "%s/%s/%s", dir, k->pub->product, k->pub->channel);
	t.side = arena_printf(
	    a, e, "%s.timestamps/%s/%s", dir, k->pub->product, k->pub->channel);
	if (t.to == NULL || t.side == NULL || file_mkdirs(t.to, 0755, e) < 0 ||
	    read_current(&t) < 0 || choose(&t, &index) < 0 ||
	    file_each(k->source->dir, copy_one, &t, e) < 0 ||
	    write_side(&t, index) < 0 || put_in_place(&t, index) < 0)
		return -1;
	(void)printf("in place   %s/timestamp.json (%s)\nbeside     %s/\n",
	    t.to, rung_text(&t, index), t.side);
	return 0;
}

/* --- the verb ------------------------------------------------------------- */

static const struct opt opts[] = {
	{ "root", 0, OPT_LIST, "ROOT", "a trusted root" },
	{ "timestamp-key", 'k', OPT_TEXT, "KEY", "signs the timestamps" },
	{ "rung", 0, OPT_TEXT, "RUNG",
	    "in place: offer, halt, rollback-VERSION, hold" },
	VERBS_OPT_EXPIRES,
	KEYRING_OPTS,
	REPORT_OPT,
};

static int
open_ring(const struct args *args, const struct role *root,
    struct keyring *ring, struct arena *a, struct err *e)
{
	const char *key = args_text(args, "timestamp-key", NULL);

	if (keyring_options(ring, args, e) < 0)
		return -1;
	if (key == NULL)
		return err_set(e, ERR_USAGE, "--timestamp-key is needed");
	if (keyring_add(ring, key, KEYFILE_TIMESTAMP, a, e) < 0)
		return -1;
	return keyring_check(ring, root, NULL, ROLE_TIMESTAMP, e);
}

static int
say_report(const struct args *args, const struct keyless *k, struct err *e)
{
	struct report report = { .path = args_text(args, "report", NULL),
		.verb = args->verb->name,
		.now_s = k->now_s,
		.ring = k->ring,
		.complete = true,
		.stamps = k->stamps,
		.nstamps = k->nstamps };

	return report_keyless(&report, k->pub, e) < 0
	    ? err_in(e, "%s is made, but", k->dir)
	    : 0;
}

static int
keyless_cmd(const struct args *args, struct err *e)
{
	AUTO_ARENA a = verbs_arena();
	AUTO_EXISTING p = { .source = { .dirfd = -1 } };
	AUTO_KEYRING ring;
	int64_t now = clock_now_s();
	struct existing_ask ask = { .source = { .where = args->argv[0] },
		.now_s = now };
	struct check check = {
		.source = &p.source, .threads = 1, .complete = true
	};
	struct keyless k = { .source = &p.source,
		.ring = &ring,
		.dir = args->argv[1],
		.rung = args_text(args, "rung", NULL),
		.now_s = now,
		.expires_s = verbs_expiry(args, now, KEYLESS_DAYS) };

	keyring_init(&ring);
	ask.roots = args_list(args, "root", &ask.nroots);
	if (existing_folder(&p, &ask, a, e) < 0)
		return -1;
	k.pub = check.pub = p.pub;
	if (p.pub->expires_s <= now)
		return err_set(e, ERR_REFUSED, "%s has expired: renew first",
		    args->argv[0]);
	if (k.expires_s > p.pub->expires_s)
		k.expires_s = p.pub->expires_s;
	if (check_run(&check, a, e) < 0 ||
	    open_ring(args, p.root, &ring, a, e) < 0)
		return -1;
	return keyless_write(&k, a, e) < 0 ? -1 : say_report(args, &k, e);
}

const struct verb keyless_verb = { "keyless", "DIR SITE",
	"write or refresh a tree for a static site", keyless_cmd, opts,
	COUNT(opts), 2, 2 };
