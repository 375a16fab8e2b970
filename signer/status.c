/*
 * sluice-sign status: how long what is published stays valid.  For people,
 * and for a cron line that tells them.
 */
#include "signer/status.h"

#include <stdio.h>
#include <string.h>

#include "manifest/base/clock.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "signer/chain.h"
#include "signer/source.h"
#include "signer/verbs.h"

#define DAY_S	 INT64_C(86400)
#define ROWS_MAX 5

static const struct opt opts[] = {
	{ "root", 0, OPT_LIST, "ROOT", "a trusted root" },
	VERBS_OPT_JSON,
};

/* --- levels --------------------------------------------------------------- */

enum expiry_level
status_timestamp(int64_t signed_at_s, int64_t expires_s, int64_t now_s)
{
	/* of one that does not say it nothing short of its end is known */
	if (signed_at_s == 0)
		return expires_s <= now_s ? EXPIRY_EXPIRED : EXPIRY_FINE;
	return expiry_level(expires_s - now_s, expires_s - signed_at_s);
}

/* --- looking -------------------------------------------------------------- */

struct row {
	const char *what;
	int64_t version, expires_s;
	enum expiry_level level;
};

struct looking {
	struct source source;
	struct chain chain;
	const struct role *root;
	int64_t m; /* of what is shown; 0: not known yet */
	struct row rows[ROWS_MAX];
	size_t n;
	int64_t now_s;
	bool trusted; /* a root was given */
	struct arena *a;
	struct err *e;
};

static void
looking_done(struct looking *k)
{
	source_done(&k->source);
}

static void
add_row(struct looking *k, const char *what, int64_t version, int64_t expires_s)
{
	int64_t life_s = k->m == 0 ? 0 : expires_s - expiry_signed_s(k->m);

	k->rows[k->n++] = (struct row){ what, version, expires_s,
		expiry_level(expires_s - k->now_s, life_s) };
}

static int
look_root(struct looking *k, const struct args *args)
{
	size_t n;
	const char *const *roots = args_list(args, "root", &n);
	struct chain_ask ask = { 0 };

	k->trusted = n > 0;
	if (chain_files(&k->chain, roots, n, k->a, k->e) < 0 ||
	    chain_source(&k->chain, &k->source, &ask.version, k->e) < 0)
		return -1;
	if (ask.version == 0)
		return err_set(
		    k->e, ERR_MISSING, "%s: no root here", k->source.where);
	k->root = chain_root(&k->chain, &ask, k->a, k->e);
	if (k->root == NULL)
		return -1;
	add_row(k, "root", k->root->version, k->root->expires_s);
	return 0;
}

/* A document that root's keys have signed, whether or not it has expired. */
static const struct role *
look(struct looking *k, enum role_kind kind, const char *path,
    const struct metafile *m)
{
	struct bytes file;
	const struct role *r;

	if (path == NULL ||
	    source_read(&k->source, path, role_max(kind), k->a, &file, k->e) <
		0)
		return NULL;
	r = role_read(k->a, kind, file, ROLE_STRICT, k->e);
	if (r == NULL || (m != NULL && metafile_check(m, file, k->e) < 0) ||
	    role_verify(r, k->root, NULL, true, k->e) < 0) {
		(void)err_in(k->e, "%s", path);
		return NULL;
	}
	return r;
}

static int
look_timestamp(struct looking *k, const struct role **out)
{
	const struct role *t = look(k, ROLE_TIMESTAMP, "timestamp.json", NULL);

	*out = t;
	if (t == NULL)
		return -1;
	add_row(k, "timestamp", t->version, t->expires_s);
	k->rows[k->n - 1].level =
	    status_timestamp(t->signed_at_s, t->expires_s, k->now_s);
	return 0;
}

static int
look_manifest(struct looking *k, const struct role *targets)
{
	const struct target *t = role_target(targets, MANIFEST_TARGET);
	char *path = t == NULL ? NULL : role_path(k->a, t, k->e);
	struct metafile meta = { .name = MANIFEST_TARGET, .hashed = true };
	struct bytes file;
	const struct manifest *m;

	if (t == NULL)
		return err_set(k->e, ERR_INPUT, "targets name no manifest");
	meta.length = t->length;
	memcpy(meta.sha256, t->sha256, SHA256_SIZE);
	if (path != NULL)
		path = arena_printf(k->a, k->e, "targets/%s", path);
	if (path == NULL ||
	    source_read(&k->source, path, MANIFEST_MAX, k->a, &file, k->e) < 0)
		return -1;
	if (metafile_check(&meta, file, k->e) < 0 ||
	    (m = manifest_read(k->a, file, true, k->e)) == NULL)
		return err_in(k->e, "%s", path);
	add_row(k, "manifest", m->seq, m->expires_s);
	return 0;
}

/* What one client sees: the views of a server or a site that it shows now. */
static int
look_view(struct looking *k, const struct role *timestamp)
{
	const struct metafile *m = role_meta(timestamp, "snapshot.json");
	const struct role *s, *t;

	if (m == NULL)
		return err_set(k->e, ERR_INPUT, "timestamp names no snapshot");
	s = look(k, ROLE_SNAPSHOT,
	    arena_printf(
		k->a, k->e, "%lld.snapshot.json", (long long)m->version),
	    m);
	if (s == NULL)
		return -1;
	k->m = s->version / LADDER_MAX;
	add_row(k, "snapshot", s->version, s->expires_s);
	if ((m = role_meta(s, "targets.json")) == NULL)
		return err_set(k->e, ERR_INPUT, "snapshot names no targets");
	t = look(k, ROLE_TARGETS,
	    arena_printf(
		k->a, k->e, "%lld.targets.json", (long long)m->version),
	    m);
	if (t == NULL)
		return -1;
	add_row(k, "targets", t->version, t->expires_s);
	return look_manifest(k, t);
}

/* A folder has the whole ladder: the earliest of each kind counts. */
static int
look_ladder(struct looking *k)
{
	struct publication_source src = { source_read, &k->source };
	const struct publication *p =
	    publication_load(k->a, &src, k->root, k->source.m, 0, k->e);
	int64_t snapshot = INT64_MAX, targets = INT64_MAX, man = INT64_MAX;

	if (p == NULL)
		return -1;
	k->m = k->source.m;
	for (int i = 0; i < p->nrungs; i++) {
		const struct rung *r = &p->rungs[i];

		if (r->snapshot->expires_s < snapshot)
			snapshot = r->snapshot->expires_s;
		if (r->targets->expires_s < targets)
			targets = r->targets->expires_s;
		if (r->manifest->expires_s < man)
			man = r->manifest->expires_s;
	}
	add_row(k, "snapshot", p->rungs[0].snapshot->version, snapshot);
	add_row(k, "targets", p->rungs[0].targets->version, targets);
	add_row(k, "manifest", p->offer->seq, man);
	return 0;
}

static int
look_all(struct looking *k, const struct args *args)
{
	struct source_ask ask = { .where = args->argv[0], .site = true };
	const struct role *timestamp = NULL;

	if (source_open(&k->source, &ask, k->a, k->e) < 0 ||
	    look_root(k, args) < 0)
		return -1;
	if ((k->source.site || source_has(&k->source, "timestamp.json")) &&
	    look_timestamp(k, &timestamp) < 0)
		return -1;
	if (timestamp != NULL && k->source.site)
		return look_view(k, timestamp);
	return k->source.m == 0 ? 0 : look_ladder(k);
}

/* --- saying --------------------------------------------------------------- */

static enum expiry_level
worst(const struct looking *k)
{
	enum expiry_level l = EXPIRY_FINE;

	for (size_t i = 0; i < k->n; i++) {
		if (k->rows[i].level > l)
			l = k->rows[i].level;
	}
	return l;
}

static int
say_json(const struct looking *k, struct err *e)
{
	char now[TIME_TEXT_SIZE], expires[TIME_TEXT_SIZE];
	json_t *list = json_array();
	AUTO_JSON v = NULL;

	time_write(now, k->now_s);
	for (size_t i = 0; i < k->n; i++) {
		const struct row *r = &k->rows[i];

		time_write(expires, r->expires_s);
		json_array_append_new(list,
		    json_pack("{ss sI ss sI ss}", "document", r->what,
			"version", (json_int_t)r->version, "expires", expires,
			"left_s", (json_int_t)(r->expires_s - k->now_s),
			"level", expiry_level_name(r->level)));
	}
	v = json_pack("{ss ss ss sb ss so}", "product", k->root->product,
	    "channel", k->root->channel, "time", now, "trusted",
	    (int)k->trusted, "level", expiry_level_name(worst(k)), "documents",
	    list);
	return verbs_print_json(v, e);
}

static void
say(const struct looking *k)
{
	char expires[TIME_TEXT_SIZE];

	(void)printf("%s/%s\n", k->root->product, k->root->channel);
	for (size_t i = 0; i < k->n; i++) {
		const struct row *r = &k->rows[i];
		int64_t left = r->expires_s - k->now_s;

		time_write(expires, r->expires_s);
		(void)printf("%-9s  %s  ", r->what, expires);
		if (left <= 0)
			(void)printf("EXPIRED\n");
		else if (left < 2 * DAY_S)
			(void)printf("%lld hours left%s\n",
			    (long long)(left / 3600),
			    r->level >= EXPIRY_7_DAYS ? "  WARNING" : "");
		else
			(void)printf("%lld days left%s\n",
			    (long long)(left / DAY_S),
			    r->level == EXPIRY_FINE	    ? ""
				: r->level >= EXPIRY_7_DAYS ? "  WARNING"
							    : "  soon");
	}
	if (!k->trusted)
		verbs_say("note: signatures were checked with the root that is"
			  " there; --root checks under yours");
}

static int
status_cmd(const struct args *args, struct err *e)
{
	AUTO_ARENA a = verbs_arena();
	CLEANUP(looking_done) struct looking k = { .a = a, .e = e };

	k.source.dirfd = -1;
	k.now_s = clock_now_s();
	if (look_all(&k, args) < 0) {
		/* whatever it was: it is not known when things expire */
		if (err_exit(e->kind) == 1)
			e->kind = ERR_SYS;
		return -1;
	}
	if (args_flag(args, "json")) {
		if (say_json(&k, e) < 0)
			return -1;
	} else {
		say(&k);
	}
	return worst(&k) >= EXPIRY_7_DAYS ? 1 : 0;
}

const struct verb status_verb = { "status", "URL|DIR",
	"when documents expire; warns 60, 30 and 7 days ahead", status_cmd,
	opts, COUNT(opts), 1, 1 };
