/*
 * A bundle's members against its list, and its documents against a root.
 */
#include "manifest/bundle_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/file.h"
#include "manifest/base/text.h"

#define READ_BYTES 65536

/* --- the list and its signatures ------------------------------------------ */

/* The next member must have this name; at most max bytes, into the arena. */
static int
take_named(struct bundle_file *f, const char *name, size_t max,
    struct bytes *out, struct err *e)
{
	struct unpack_member m;
	int n = unpack_next(f->archive, &m, e);
	char safe[200];
	uint8_t *at;
	ssize_t got;

	if (n < 0)
		return -1;
	if (n == 0 || strcmp(m.name, name) != 0)
		return err_set(e, ERR_INPUT, "%s stands where %s belongs",
		    n == 0 ? "nothing" : text_safe(safe, sizeof(safe), m.name),
		    name);
	if (m.size > (int64_t)max)
		return err_set(
		    e, ERR_LIMIT, "%s: longer than %zu bytes", name, max);
	if ((at = arena_get(f->arena, (size_t)m.size + 1, e)) == NULL)
		return -1;
	*out = (struct bytes){ at, (size_t)m.size };
	for (size_t len = 0; len < out->len; len += (size_t)got) {
		got = unpack_read(f->archive, at + len, out->len - len, e);
		if (got <= 0)
			return -1;
	}
	return 0;
}

int
bundle_file_open(
    struct bundle_file *f, const char *path, struct arena *a, struct err *e)
{
	memset(f, 0, sizeof(*f));
	f->arena = a;
	if ((f->archive = unpack_open(path, e)) == NULL ||
	    take_named(f, BUNDLE_LIST, BUNDLE_LIST_MAX, &f->list_file, e) < 0)
		return -1;
	if ((f->list = bundle_read(a, f->list_file, e)) == NULL)
		return -1;
	sha256_hex(f->sha256, f->list_file.at, f->list_file.len);
	f->documents =
	    arena_array(a, f->list->nmembers, sizeof(*f->documents), e);
	if (f->documents == NULL)
		return -1;
	for (size_t i = 0; i < f->list->nchannels; i++) {
		char *sig = bundle_sig_path(a, f->list->channels[i], e);

		if (sig == NULL ||
		    take_named(f, sig, MINISIGN_FILE_MAX, &f->sigs[i], e) < 0)
			return -1;
	}
	return 0;
}

void
bundle_file_done(struct bundle_file *f)
{
	unpack_free(f->archive);
	f->archive = NULL;
}

/* --- members -------------------------------------------------------------- */

static bool
is_document(const struct bundle_member *m)
{
	enum bundle_class c = bundle_class(m->path);

	return c == BUNDLE_METADATA || c == BUNDLE_MANIFEST;
}

struct taking {
	struct bundle_file *f;
	const struct bundle_take *take;
	size_t i;	 /* of the member */
	bool documented; /* the documents are all there */
	struct err *e;
};

static int
check_header(const struct unpack_member *is, const struct bundle_member *m,
    struct err *e)
{
	char safe[200];

	if (strcmp(is->name, m->path) != 0)
		return err_set(e, ERR_INPUT, "%s stands where %s belongs",
		    text_safe(safe, sizeof(safe), is->name), m->path);
	if (is->size != m->size)
		return err_set(e, ERR_INPUT,
		    "%s: %" PRId64 " bytes where the list says %" PRId64,
		    m->path, is->size, m->size);
	return 0;
}

/* The bytes: hashed, and written to fd or to memory where there is one. */
static int
read_bytes(struct taking *t, int fd, uint8_t *memory)
{
	const struct bundle_member *m = &t->f->list->members[t->i];
	uint8_t room[READ_BYTES], sum[SHA256_SIZE];
	int64_t at = 0;
	ssize_t n;
	AUTO_DIGEST d = { NULL };

	if (digest_init(&d, t->e) < 0)
		return -1;
	while ((n = unpack_read(t->f->archive, room, sizeof(room), t->e)) > 0) {
		digest_add(&d, room, (size_t)n);
		if (memory != NULL)
			memcpy(memory + at, room, (size_t)n);
		if (fd >= 0 &&
		    file_write_all(fd, room, (size_t)n, m->path, t->e) < 0)
			return -1;
		at += n;
	}
	if (n < 0)
		return -1;
	digest_end(&d, sum);
	if (memcmp(sum, m->sha256, sizeof(sum)) != 0)
		return err_set(t->e, ERR_AUTH,
		    "%s: other bytes than the list says", m->path);
	return 0;
}

static int
take_document(struct taking *t, const struct bundle_member *m)
{
	uint8_t *at;

	if (m->size > ROLE_TARGETS_MAX)
		return err_set(
		    t->e, ERR_LIMIT, "%s: too long for a document", m->path);
	at = arena_get(t->f->arena, (size_t)m->size + 1, t->e);
	if (at == NULL || read_bytes(t, -1, at) < 0)
		return -1;
	t->f->documents[t->i] = (struct bytes){ at, (size_t)m->size };
	return 0;
}

static int
take_other(struct taking *t, const struct bundle_member *m)
{
	const struct bundle_take *take = t->take;
	int fd = BUNDLE_SKIP;

	if (!t->documented && take->documents != NULL &&
	    take->documents(take->ctx, t->e) < 0)
		return -1;
	t->documented = true;
	if (take->where != NULL && (fd = take->where(take->ctx, m, t->e)) == -1)
		return -1;
	if (read_bytes(t, fd, NULL) < 0)
		return -1;
	return take->done == NULL ? 0 : take->done(take->ctx, m, fd, t->e);
}

int
bundle_file_each(
    struct bundle_file *f, const struct bundle_take *take, struct err *e)
{
	struct taking t = { .f = f, .take = take, .e = e };
	struct unpack_member is;
	char safe[200];
	int n;

	for (; t.i < f->list->nmembers && !f->list->members[t.i].have; t.i++) {
		const struct bundle_member *m = &f->list->members[t.i];

		if ((n = unpack_next(f->archive, &is, e)) < 0)
			return -1;
		if (n == 0)
			return err_set(
			    e, ERR_INPUT, "%s is not there", m->path);
		if (check_header(&is, m, e) < 0 ||
		    (is_document(m) ? take_document(&t, m)
				    : take_other(&t, m)) < 0)
			return -1;
	}
	if ((n = unpack_next(f->archive, &is, e)) < 0)
		return -1;
	if (n > 0)
		return err_set(e, ERR_INPUT, "%s: the list does not name it",
		    text_safe(safe, sizeof(safe), is.name));
	/* nothing but documents */
	if (!t.documented && take->documents != NULL)
		return take->documents(take->ctx, e);
	return 0;
}

/* --- documents ------------------------------------------------------------ */

int
bundle_file_document(const struct bundle_file *f, const char *channel,
    const char *path, struct bytes *out, struct err *e)
{
	size_t n = strlen(channel);

	for (size_t i = 0; i < f->list->nmembers; i++) {
		const char *at = f->list->members[i].path;

		if (strncmp(at, channel, n) != 0 || at[n] != '/' ||
		    strcmp(at + n + 1, path) != 0)
			continue;
		*out = f->documents[i];
		if (out->len > 0)
			return 0;
	}
	return err_set(
	    e, ERR_MISSING, "the bundle has no %s/%s", channel, path);
}

static int
check_signed(const struct bundle_file *f, const char *channel,
    const struct trust *t, struct err *e)
{
	char when[TIME_TEXT_SIZE];

	for (size_t i = 0; i < f->list->nchannels; i++) {
		if (strcmp(f->list->channels[i], channel) == 0 &&
		    bundle_verify(f->list_file, f->sigs[i], t->root, e) < 0)
			return -1;
	}
	if (t->now_s < f->list->expires_s)
		return 0;
	time_write(when, f->list->expires_s);
	return err_set(e, ERR_REFUSED, "the bundle expired %s", when);
}

static int
names(const struct bundle_file *f, const char *channel)
{
	for (size_t i = 0; i < f->list->nchannels; i++) {
		if (strcmp(f->list->channels[i], channel) == 0)
			return 1;
	}
	return 0;
}

int
bundle_file_root(const struct bundle_file *f, struct trust *t, struct err *e)
{
	char *channel =
	    arena_printf(f->arena, e, "%s/%s", t->product, t->channel);
	struct err none;
	struct bytes file;
	char name[32];

	if (channel == NULL)
		return -1;
	if (!names(f, channel))
		return err_set(e, ERR_REFUSED,
		    "the bundle is of %s%s, not of %s", f->list->channels[0],
		    f->list->nchannels > 1 ? " and others" : "", channel);
	for (int i = 0; i < TRUST_ROOTS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "%" PRId64 ".root.json",
		    t->root->version + 1);
		if (bundle_file_document(f, channel, name, &file, &none) < 0)
			break;
		if (trust_root(t, file, e) < 0)
			return err_in(e, "%s", name);
	}
	if (trust_roots_done(t, e) < 0)
		return -1;
	return check_signed(f, channel, t, e);
}

static int
view_role(const struct bundle_file *f, struct trust *t, enum role_kind kind,
    const char *channel, struct err *e)
{
	const struct role *by =
	    kind == ROLE_SNAPSHOT ? t->timestamp : t->snapshot;
	const struct metafile *m;
	char file_name[32], path[64];
	struct bytes file;
	int n;

	(void)snprintf(
	    file_name, sizeof(file_name), "%s.json", role_name(kind));
	if ((m = role_meta(by, file_name)) == NULL)
		return err_set(e, ERR_INPUT, "%s is not listed", file_name);
	(void)snprintf(
	    path, sizeof(path), "%" PRId64 ".%s", m->version, file_name);
	if (bundle_file_document(f, channel, path, &file, e) < 0)
		return err_set(e, ERR_INPUT, "%s", e->msg);
	n = kind == ROLE_SNAPSHOT ? trust_snapshot(t, file, e)
				  : trust_targets(t, file, e);
	return n < 0 ? err_in(e, "%s", path) : 0;
}

static int
view_manifest(const struct bundle_file *f, const struct trust *t,
    const char *channel, const struct manifest **out, struct err *e)
{
	const struct target *want = role_target(t->targets, MANIFEST_TARGET);
	struct bytes file;
	uint8_t sum[SHA256_SIZE];
	char *path;

	if (want == NULL)
		return err_set(e, ERR_INPUT, "targets lists no manifest");
	if ((path = role_path(f->arena, want, e)) == NULL ||
	    (path = arena_printf(f->arena, e, "targets/%s", path)) == NULL)
		return -1;
	if (bundle_file_document(f, channel, path, &file, e) < 0)
		return err_set(e, ERR_INPUT, "%s", e->msg);
	sha256(sum, file.at, file.len);
	if ((int64_t)file.len != want->length ||
	    memcmp(sum, want->sha256, sizeof(sum)) != 0)
		return err_set(
		    e, ERR_AUTH, "%s is not what targets promises", path);
	*out = manifest_read(f->arena, file, false, e);
	return *out == NULL ? err_in(e, "%s", path) : 0;
}

/* Of equal versions the one that was seen first is kept: it must mean this. */
static int
check_same(const struct bundle_file *f, const struct trust *t,
    struct bytes file, struct err *e)
{
	const struct role *r =
	    role_read(f->arena, ROLE_TIMESTAMP, file, ROLE_STRICT, e);
	const struct metafile *is, *had;

	if (r == NULL)
		return -1;
	is = role_meta(r, "snapshot.json");
	had = role_meta(t->timestamp, "snapshot.json");
	if (is->version == had->version &&
	    memcmp(is->sha256, had->sha256, sizeof(is->sha256)) == 0)
		return 0;
	return err_set(e, ERR_REFUSED,
	    "timestamp.json: another one of version %" PRId64
	    " was seen before",
	    r->version);
}

int
bundle_file_view(const struct bundle_file *f, struct trust *t,
    const struct manifest **out, bool *behind, struct err *e)
{
	char *channel =
	    arena_printf(f->arena, e, "%s/%s", t->product, t->channel);
	struct bytes file;

	*behind = false;
	if (channel == NULL ||
	    bundle_file_document(f, channel, "timestamp.json", &file, e) < 0)
		return channel == NULL ? -1
				       : err_set(e, ERR_INPUT, "%s", e->msg);
	t->allow_offline = true;
	t->offline_s = f->list->created_s;
	if (trust_timestamp(t, file, behind, e) < 0)
		return -1;
	if (check_same(f, t, file, e) < 0)
		return -1;
	if (!t->timestamp->offline)
		return err_set(e, ERR_REFUSED,
		    "timestamp.json: made by a server, not for a bundle");
	if ((trust_snapshot_needed(t) &&
		view_role(f, t, ROLE_SNAPSHOT, channel, e) < 0) ||
	    (trust_targets_needed(t) &&
		view_role(f, t, ROLE_TARGETS, channel, e) < 0))
		return -1;
	return view_manifest(f, t, channel, out, e);
}
