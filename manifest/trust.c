/*
 * The order of TUF 1.0 section 5, one function per document.  Each takes what
 * it was given only when every check has passed; until then the state is what
 * it was.
 */
#include "manifest/trust.h"

#include <inttypes.h>
#include <string.h>

#include "manifest/base/text.h"

static bool
is_strict(const struct trust *t)
{
	return t->mode == ROLE_STRICT;
}

/* Strict: the document says that it is of this product and channel. */
static int
check_identity(const struct trust *t, const struct role *r, struct err *e)
{
	if (!is_strict(t) ||
	    (strcmp(r->product, t->product) == 0 &&
		strcmp(r->channel, t->channel) == 0))
		return 0;
	return err_set(e, ERR_REFUSED, "%s.json: is of %s/%s, not of %s/%s",
	    role_name(r->kind), r->product, r->channel, t->product, t->channel);
}

static int
check_expiry(const struct trust *t, const struct role *r, struct err *e)
{
	char when[TIME_TEXT_SIZE];
	int64_t at_s = t->now_s;

	/* root always as of now */
	if (t->offline_s != 0 &&
	    (r->offline ||
		(r->kind != ROLE_ROOT && t->current && t->timestamp->offline)))
		at_s = t->offline_s;
	if (at_s < r->expires_s)
		return 0;
	time_write(when, r->expires_s);
	return err_set(
	    e, ERR_REFUSED, "%s.json: expired %s", role_name(r->kind), when);
}

/* Read, then the signatures by root's keys, then whose document it is. */
static const struct role *
read_signed(const struct trust *t, enum role_kind kind, struct bytes file,
    struct err *e)
{
	const struct role *r = role_read(t->arena, kind, file, t->mode, e);

	if (r == NULL || role_verify(r, t->root, NULL, is_strict(t), e) < 0 ||
	    check_identity(t, r, e) < 0)
		return NULL;
	return r;
}

/* --- root --- */

int
trust_start(struct trust *t, struct arena *a, int mode, int64_t now_s,
    const char *product, const char *channel, struct bytes root, struct err *e)
{
	const struct role *r;
	bool strict = mode == ROLE_STRICT;

	*t = (struct trust){ .arena = a, .mode = mode, .now_s = now_s };
	if (strict && (product == NULL || channel == NULL))
		return err_set(e, ERR_INPUT, "no product or channel given");
	if (strict &&
	    ((t->product = arena_text(a, product, e)) == NULL ||
		(t->channel = arena_text(a, channel, e)) == NULL))
		return -1;
	if ((r = role_read(a, ROLE_ROOT, root, mode, e)) == NULL)
		return -1;
	if ((strict ? role_verify_own(r, e)
		    : role_verify(r, r, NULL, false, e)) < 0 ||
	    check_identity(t, r, e) < 0)
		return -1;
	t->root = r;
	return 0;
}

/* Every key that a names for the role is one that b names, by value. */
static bool
keys_within(const struct role *a, const struct role *b, enum role_kind kind)
{
	const struct role_keys *ra = &a->roles[kind], *rb = &b->roles[kind];

	for (size_t i = 0; i < ra->n; i++) {
		const struct key *k = role_key(a, ra->keyids[i]), *other;
		bool found = k == NULL;

		for (size_t j = 0; j < rb->n && !found; j++) {
			other = role_key(b, rb->keyids[j]);
			found = other != NULL && key_same(k, other);
		}
		if (!found)
			return false;
	}
	return true;
}

/*
 * In our own channels any difference makes the stored documents void.  Of
 * others we know less: while nobody has been taken off, what was seen counts.
 */
static bool
keys_differ(const struct trust *t, const struct role *a, const struct role *b,
    enum role_kind kind)
{
	if (!is_strict(t))
		return !keys_within(a, b, kind);
	return a->roles[kind].threshold != b->roles[kind].threshold ||
	    !keys_within(a, b, kind) || !keys_within(b, a, kind);
}

/* What was verified with the old root has to be taken again. */
static void
forget(struct trust *t)
{
	t->timestamp = t->snapshot = t->targets = NULL;
	t->current = t->roots_done = false;
}

int
trust_root(struct trust *t, struct bytes file, struct err *e)
{
	const struct role *old = t->root, *r;

	if (t->roots >= TRUST_ROOTS_MAX)
		return err_set(e, ERR_LIMIT,
		    "root.json: more than %d new ones in one run",
		    TRUST_ROOTS_MAX);
	if ((r = role_read(t->arena, ROLE_ROOT, file, t->mode, e)) == NULL ||
	    role_verify(r, old, r, is_strict(t), e) < 0 ||
	    role_verify(r, r, old, is_strict(t), e) < 0 ||
	    check_identity(t, r, e) < 0)
		return -1;
	if (r->version != old->version + 1)
		return err_set(e, ERR_REFUSED,
		    "root.json: version %" PRId64 " follows %" PRId64,
		    r->version, old->version);
	if (keys_differ(t, old, r, ROLE_TIMESTAMP) ||
	    keys_differ(t, old, r, ROLE_SNAPSHOT))
		t->keys_changed = true;
	forget(t);
	t->root = r;
	t->roots++;
	return 0;
}

int
trust_roots_done(struct trust *t, struct err *e)
{
	if (check_expiry(t, t->root, e) < 0)
		return -1;
	t->roots_done = true;
	return 0;
}

static int
check_order(
    const struct trust *t, bool ready, enum role_kind kind, struct err *e)
{
	if (t->roots_done && ready)
		return 0;
	return err_set(e, ERR_REFUSED,
	    "%s.json: asked for before what it depends on", role_name(kind));
}

/* --- stored documents --- */

int
trust_stored(
    struct trust *t, enum role_kind kind, struct bytes file, struct err *e)
{
	const struct role *r;

	if (kind == ROLE_ROOT || t->current)
		return check_order(t, false, kind, e);
	if (t->keys_changed && kind != ROLE_TARGETS)
		return err_set(e, ERR_REFUSED,
		    "%s.json: dropped, since root %" PRId64 " changed keys",
		    role_name(kind), t->root->version);
	if ((r = read_signed(t, kind, file, e)) == NULL)
		return -1;
	if (kind == ROLE_TIMESTAMP)
		t->timestamp = r;
	else if (kind == ROLE_SNAPSHOT)
		t->snapshot = r;
	else
		t->targets = r;
	return 0;
}

/* --- timestamp --- */

/* Neither its own version nor the snapshot's goes down. */
static int
check_timestamp_versions(
    const struct role *old, const struct role *r, struct err *e)
{
	int64_t had, is;

	if (r->version < old->version)
		return err_set(e, ERR_REFUSED,
		    "timestamp.json: version %" PRId64 " is below %" PRId64
		    ", seen before",
		    r->version, old->version);
	if (r->version == old->version)
		return 0;
	had = role_meta(old, "snapshot.json")->version;
	is = role_meta(r, "snapshot.json")->version;
	if (is < had)
		return err_set(e, ERR_REFUSED,
		    "timestamp.json: names snapshot %" PRId64 ", below %" PRId64
		    ", seen before",
		    is, had);
	return 0;
}

int
trust_timestamp(struct trust *t, struct bytes file, bool *behind, struct err *e)
{
	const struct role *old = t->timestamp, *r;

	if (behind != NULL)
		*behind = false;
	if (check_order(t, true, ROLE_TIMESTAMP, e) < 0 ||
	    (r = read_signed(t, ROLE_TIMESTAMP, file, e)) == NULL)
		return -1;
	if (r->offline && !t->allow_offline)
		return err_set(e, ERR_REFUSED,
		    "timestamp.json: made for use without a server; it is "
		    "taken from a bundle or a mirror only");
	if (old != NULL && check_timestamp_versions(old, r, e) < 0) {
		/* what has expired, too, is no lagging source but a freeze */
		if (check_expiry(t, r, e) == 0 && behind != NULL)
			*behind = true;
		return -1;
	}
	if (old != NULL && r->version == old->version)
		r = old;
	if (check_expiry(t, r, e) < 0)
		return -1;
	t->timestamp = r;
	t->current = true;
	return r != old;
}

/* --- snapshot and targets --- */

/* doc is the very file that m names, and still good. */
static bool
is_named(
    const struct trust *t, const struct role *doc, const struct metafile *m)
{
	struct err e;

	return doc != NULL && doc->version == m->version &&
	    metafile_check(m, doc->file, &e) == 0 &&
	    check_expiry(t, doc, &e) == 0;
}

static int
check_version(const struct role *r, const struct metafile *m, struct err *e)
{
	if (r->version == m->version)
		return 0;
	return err_set(e, ERR_REFUSED,
	    "%s.json: version %" PRId64 ", but %" PRId64 " was named",
	    role_name(r->kind), r->version, m->version);
}

/* A file named by m: digest, signatures, identity, version. */
static const struct role *
read_named(const struct trust *t, enum role_kind kind, const struct metafile *m,
    struct bytes file, struct err *e)
{
	const struct role *r;

	if (metafile_check(m, file, e) < 0 ||
	    (r = read_signed(t, kind, file, e)) == NULL ||
	    check_version(r, m, e) < 0)
		return NULL;
	return r;
}

/* No file that was listed is gone or has a lower version. */
static int
check_snapshot_files(
    const struct role *old, const struct role *r, struct err *e)
{
	char shown[64];

	for (size_t i = 0; i < old->nmeta; i++) {
		const struct metafile *had = &old->meta[i];
		const struct metafile *is = role_meta(r, had->name);

		text_safe(shown, sizeof shown, had->name);
		if (is == NULL)
			return err_set(
			    e, ERR_REFUSED, "snapshot.json: %s is gone", shown);
		if (is->version < had->version)
			return err_set(e, ERR_REFUSED,
			    "snapshot.json: %s went down from %" PRId64
			    " to %" PRId64,
			    shown, had->version, is->version);
	}
	return 0;
}

bool
trust_snapshot_needed(const struct trust *t)
{
	return !t->current ||
	    !is_named(t, t->snapshot, role_meta(t->timestamp, "snapshot.json"));
}

int
trust_snapshot(struct trust *t, struct bytes file, struct err *e)
{
	const struct role *r;

	if (check_order(t, t->current, ROLE_SNAPSHOT, e) < 0)
		return -1;
	r = read_named(t, ROLE_SNAPSHOT,
	    role_meta(t->timestamp, "snapshot.json"), file, e);
	if (r == NULL ||
	    (t->snapshot != NULL &&
		check_snapshot_files(t->snapshot, r, e) < 0) ||
	    check_expiry(t, r, e) < 0)
		return -1;
	t->snapshot = r;
	return 1;
}

bool
trust_targets_needed(const struct trust *t)
{
	return trust_snapshot_needed(t) ||
	    !is_named(t, t->targets, role_meta(t->snapshot, "targets.json"));
}

int
trust_targets(struct trust *t, struct bytes file, struct err *e)
{
	const struct role *r;

	if (check_order(t, !trust_snapshot_needed(t), ROLE_TARGETS, e) < 0)
		return -1;
	r = read_named(
	    t, ROLE_TARGETS, role_meta(t->snapshot, "targets.json"), file, e);
	if (r == NULL || check_expiry(t, r, e) < 0)
		return -1;
	t->targets = r;
	return 1;
}

/* --- delegated roles --- */

const struct metafile *
trust_delegated_meta(const struct trust *t, const char *name, struct err *e)
{
	const struct metafile *m;
	char shown[64];
	char *file;

	if (check_order(t, !trust_targets_needed(t), ROLE_TARGETS, e) < 0 ||
	    (file = arena_printf(t->arena, e, "%s.json", name)) == NULL)
		return NULL;
	if ((m = role_meta(t->snapshot, file)) == NULL)
		err_set(e, ERR_REFUSED, "snapshot.json: does not list %s",
		    text_safe(shown, sizeof shown, file));
	return m;
}

const struct role *
trust_delegated(struct trust *t, const struct role *by,
    const struct delegation *d, struct bytes file, struct err *e)
{
	const struct metafile *m = trust_delegated_meta(t, d->name, e);
	const struct role *r;
	char shown[64];

	text_safe(shown, sizeof shown, d->name);
	if (m == NULL || metafile_check(m, file, e) < 0)
		return NULL;
	r = role_read(t->arena, ROLE_TARGETS, file, t->mode, e);
	if (r == NULL || role_verify_delegated(r, by, d, e) < 0 ||
	    check_version(r, m, e) < 0 || check_expiry(t, r, e) < 0) {
		err_in(e, "role %s", shown);
		return NULL;
	}
	return r;
}
