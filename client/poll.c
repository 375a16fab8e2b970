/*
 * One poll, from top to bottom.  The order "verify, persist, go on" is
 * refresh.c's; nothing here decides about releases.
 */
#include "client/poll.h"

#include <stdio.h>
#include <string.h>

#include "client/refresh.h"
#include "manifest/base/file.h"
#include "manifest/base/text.h"

#define CLOCK_BEHIND_S 600   /* step 2 */
#define CLOCK_AHEAD_S  86400 /* step 6 */

/* What is chosen per client is asked for with the query. */
static int
get(void *ctx, const char *name, size_t max, struct bytes *out, struct err *e)
{
	struct poll *p = ctx;
	bool personal = strcmp(name, "timestamp.json") == 0;

	return origin_get(p->origin, name, personal, max, p->arena, out, e);
}

static struct refresh
workflow(struct poll *p)
{
	return (struct refresh){ .trust = &p->trust,
		.arena = p->arena,
		.dir = p->dir,
		.get = get,
		.ctx = p };
}

static int
persist(struct poll *p, const char *name, struct bytes file, struct err *e)
{
	struct refresh r = workflow(p);

	return refresh_keep(&r, name, file, e);
}

static int
stored(struct poll *p, const char *name, size_t max, struct bytes *out,
    struct err *e)
{
	struct refresh r = workflow(p);

	return refresh_kept(&r, name, max, out, e);
}

int64_t
poll_now_s(int64_t system_s, const struct state *s, int64_t bundle_s)
{
	int64_t now_s = system_s > s->last_time_s ? system_s : s->last_time_s;

	return bundle_s > now_s ? bundle_s : now_s;
}

int
poll_root(const struct config *c, const char *channel, const char *dir,
    struct arena *a, struct bytes *out, struct err *e)
{
	char *path = file_path(a, e, dir, "root.json");

	if (path == NULL)
		return -1;
	if (file_read(a, path, ROLE_ROOT_MAX, out, e) == 0)
		return 0;
	if (e->kind != ERR_MISSING)
		return -1;
	if (c->root == NULL || strcmp(channel, c->channel) != 0)
		return err_set(
		    e, ERR_MISSING, "no trusted root for channel %s", channel);
	return file_read(a, c->root, ROLE_ROOT_MAX, out, e) < 0 ? -1 : 1;
}

/* At first use the root that came with the product becomes the trusted one. */
static int
first_use(struct poll *p, struct bytes root, struct err *e)
{
	const struct config *c = p->config;
	char channel[PRODUCT_MAX + 1];
	int rc = poll_trust_root(c, root, p->now_s, channel, p->arena, e);

	/* one of another channel may be trusted there already */
	if ((rc == 0 || e->kind == ERR_CONFLICT) &&
	    strcmp(channel, p->channel) != 0)
		return err_set(e, ERR_MISSING,
		    "no trusted root for channel %s (%s is of %s)", p->channel,
		    c->root, channel);
	return rc;
}

/* Steps 1 and 2. */
static int
begin(struct poll *p, struct err *e)
{
	const struct config *c = p->config;
	struct bytes root;
	int first;

	p->now_s = poll_now_s(p->system_s, p->state, p->bundle_s);
	p->clock_behind = p->state->last_time_s - p->system_s > CLOCK_BEHIND_S;
	first = poll_root(c, p->channel, p->dir, p->arena, &root, e);
	if (first < 0 || (first == 1 && first_use(p, root, e) < 0))
		return -1;
	if (trust_start(&p->trust, p->arena, ROLE_STRICT, p->now_s, c->product,
		p->channel, root, e) < 0)
		return err_in(e, "the trusted root in %s", p->dir);
	p->trust.allow_offline = c->mirror || p->bundle_s != 0;
	p->trust.offline_s = p->bundle_s;
	return 0;
}

static int64_t
seen(const struct poll *p)
{
	const struct metafile *m = p->trust.timestamp == NULL
	    ? NULL
	    : role_meta(p->trust.timestamp, "snapshot.json");
	int64_t n = m == NULL ? 0 : m->version;

	if (p->trust.snapshot != NULL && p->trust.snapshot->version > n)
		n = p->trust.snapshot->version;
	return n;
}

/* What the server chooses by; a static site ignores it. */
static char *
query(struct poll *p, struct err *e)
{
	const struct config *c = p->config;
	const struct state_release *r = state_here(p->state);
	struct arena *a = p->arena;
	const char *os = percent_encode(a, c->os, e);
	const char *arch = percent_encode(a, c->arch, e), *version, *group = "";
	char *q;

	version = percent_encode(a, r->version, e);
	if (c->early != NULL)
		group = percent_encode(a, c->early, e);
	if (os == NULL || arch == NULL || version == NULL || group == NULL)
		return NULL;
	q = arena_printf(
	    a, e, "?os=%s&arch=%s&seen=%lld", os, arch, (long long)seen(p));
	if (q != NULL && p->client_id != NULL)
		q = arena_printf(a, e, "%s&id=%s", q, p->client_id);
	if (q != NULL && r->seq != 0)
		q = arena_printf(a, e, "%s&version=%s", q, version);
	if (q != NULL && c->early != NULL)
		q = arena_printf(a, e, "%s&group=%s", q, group);
	if (q != NULL && p->ask)
		q = arena_printf(a, e, "%s&ask=1", q);
	return q;
}

/* Steps 5 and 6. */
static int
timestamp(struct poll *p, const struct refresh *r, struct err *e)
{
	int64_t signed_at, ahead = p->system_s + CLOCK_AHEAD_S;

	if ((p->origin->query = query(p, e)) == NULL)
		return -1;
	if (refresh_timestamp(r, &p->behind, e) < 0)
		return p->behind ? 0 : -1;
	/* a stolen brake key cannot push time far ahead */
	signed_at = p->trust.timestamp->signed_at_s;
	if (signed_at > ahead)
		signed_at = ahead;
	if (signed_at > p->state->last_time_s)
		p->state->last_time_s = signed_at;
	return 0;
}

static bool
is_target(struct bytes file, const struct target *t)
{
	uint8_t sum[SHA256_SIZE];

	if ((int64_t)file.len != t->length)
		return false;
	sha256(sum, file.at, file.len);
	return memcmp(sum, t->sha256, sizeof(sum)) == 0;
}

/* Every file that the manifest names is a TUF target of the same content. */
static int
check_target(const struct poll *p, const char *path, int64_t size,
    const uint8_t sha256_[static SHA256_SIZE], struct err *e)
{
	const struct target *t = role_target(p->trust.targets, path);

	if (t == NULL || t->length != size ||
	    memcmp(t->sha256, sha256_, SHA256_SIZE) != 0)
		return err_set(e, ERR_AUTH,
		    "manifest and targets disagree about %s", path);
	return 0;
}

static int
read_manifest(struct poll *p, struct err *e)
{
	const struct manifest *m =
	    manifest_read(p->arena, p->manifest_file, false, e);

	if (m == NULL)
		return err_in(e, "manifest");
	if (strcmp(m->product, p->config->product) != 0 ||
	    strcmp(m->channel, p->channel) != 0)
		return err_set(e, ERR_AUTH, "the manifest is of %s/%s",
		    m->product, m->channel);
	if (m->seq == 0) {
		p->manifest = m;
		return 0;
	}
	for (size_t i = 0; i < m->nartifacts; i++) {
		const struct artifact *f = &m->artifacts[i];

		if (check_target(p, f->path, f->size, f->sha256, e) < 0)
			return -1;
		for (size_t k = 0; k < f->ndeltas; k++)
			if (check_target(p, f->deltas[k].path,
				f->deltas[k].size, f->deltas[k].sha256, e) < 0)
				return -1;
	}
	p->manifest = m;
	return 0;
}

/* Step 9; the times in it are judged by decide. */
static int
manifest(struct poll *p, struct err *e)
{
	const struct target *t = role_target(p->trust.targets, MANIFEST_TARGET);
	char *path;

	if (t == NULL)
		return err_set(e, ERR_INPUT, "targets lists no manifest");
	if (t->length > MANIFEST_MAX)
		return err_set(e, ERR_LIMIT, "the manifest is too long");
	if (stored(p, MANIFEST_TARGET, MANIFEST_MAX, &p->manifest_file, e) ==
		0 &&
	    is_target(p->manifest_file, t))
		return read_manifest(p, e);
	if ((path = role_path(p->arena, t, e)) == NULL ||
	    (path = arena_printf(p->arena, e, "targets/%s", path)) == NULL)
		return -1;
	if (origin_get(p->origin, path, false, (size_t)t->length, p->arena,
		&p->manifest_file, e) < 0)
		return -1;
	if (!is_target(p->manifest_file, t))
		return err_set(
		    e, ERR_AUTH, "%s is not what targets promises", path);
	if (read_manifest(p, e) < 0)
		return -1;
	return persist(p, MANIFEST_TARGET, p->manifest_file, e);
}

/* Step 10: the floor rises, and falls only with the keys that set it. */
static int
raise_floor(struct poll *p, struct err *e)
{
	struct state_channel *c = state_channel_put(p->state, p->channel, e);

	if (c == NULL)
		return -1;
	p->floor_anew = state_keys_gone(&c->keys, p->trust.root);
	if (p->floor_anew || p->manifest->floor_seq >= c->floor_seq) {
		c->floor_seq = p->manifest->floor_seq;
		state_keys_of(&c->keys, p->trust.targets);
	}
	c->seen = p->trust.snapshot->version;
	p->floor_seq = state_floor(p->state, p->channel, p->config->floor_seq);
	return 0;
}

static int
steps(struct poll *p, struct err *e)
{
	struct refresh r = workflow(p);

	/* steps 3 and 4, and what was accepted before */
	if (refresh_roots(&r, e) < 0 || refresh_stored(&r, e) < 0 ||
	    timestamp(p, &r, e) < 0)
		return -1;
	if (p->behind)
		return 0;
	/* steps 7 and 8 */
	if (refresh_roles(&r, e) < 0 || manifest(p, e) < 0)
		return -1;
	return raise_floor(p, e);
}

int
poll_run(struct poll *p, struct err *e)
{
	struct err other;
	int rc;

	if (file_mkdirs(p->dir, 0700, e) < 0 || begin(p, e) < 0)
		return -1;
	rc = steps(p, e);
	if (rc == 0 && p->origin->ticket[0] != 0 && p->manifest != NULL)
		state_ticket_keep(
		    p->state, p->manifest->seq, p->now_s, p->origin->ticket);
	if (rc == 0)
		p->state->checked_s = p->system_s;
	/* last_time, floor and ticket, before anything is acted upon */
	if (state_save(p->state, p->state_dir, rc == 0 ? e : &other) < 0)
		return -1;
	return rc;
}

int
poll_stored(struct poll *p, struct err *e)
{
	const struct target *t;
	struct refresh r = workflow(p);
	struct err ignored;

	p->floor_seq = state_floor(p->state, p->channel, p->config->floor_seq);
	if (begin(p, e) < 0 || refresh_stored(&r, e) < 0)
		return -1;
	if (p->trust.targets == NULL ||
	    (t = role_target(p->trust.targets, MANIFEST_TARGET)) == NULL ||
	    stored(p, MANIFEST_TARGET, MANIFEST_MAX, &p->manifest_file,
		&ignored) < 0 ||
	    !is_target(p->manifest_file, t))
		return 0;
	if (read_manifest(p, &ignored) < 0)
		p->manifest = NULL;
	return 0;
}

int
poll_trust_root(const struct config *c, struct bytes root, int64_t now_s,
    char *channel, struct arena *a, struct err *e)
{
	const struct role *r = role_read(a, ROLE_ROOT, root, ROLE_STRICT, e);
	struct trust t;
	char *dir, *path;

	if (r == NULL)
		return err_in(e, "root");
	if (!name_ok(r->channel, PRODUCT_MAX))
		return err_set(e, ERR_INPUT, "root names no channel");
	if (trust_start(
		&t, a, ROLE_STRICT, now_s, c->product, r->channel, root, e) < 0)
		return err_in(e, "root");
	(void)snprintf(channel, PRODUCT_MAX + 1, "%s", r->channel);
	if ((dir = config_channel_dir(c, channel, a, e)) == NULL ||
	    (path = file_path(a, e, dir, "root.json")) == NULL ||
	    file_mkdirs(dir, 0700, e) < 0)
		return -1;
	if (file_create(path, root.at, root.len, 0600, e) < 0) {
		if (e->kind == ERR_CONFLICT)
			return err_set(e, ERR_CONFLICT,
			    "channel %s has a trusted root already", channel);
		return -1;
	}
	return 0;
}
