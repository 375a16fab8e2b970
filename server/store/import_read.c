/*
 * A bundle, from its first byte to the facts about it.
 */
#include "server/store/import_read.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/publication.h"
#include "server/store/blobs.h"
#include "server/store/facts.h"
#include "server/store/refused_keys.h"

/* One channel of the bundle that this server mirrors. */
struct part {
	const struct import_channel *c;
	struct trust trust;
	const struct publication *p;
	const struct publication_file *files;
	size_t nfiles;
	int rung;
	json_t *json;
};

struct work {
	const struct import_read *r;
	struct arena *a;
	struct part parts[BUNDLE_CHANNELS_MAX];
	size_t nparts;
	json_t *blobs;
};

/* --- documents ------------------------------------------------------------ */

struct source {
	const struct bundle_file *f;
	const char *channel;
};

static int
read_document(void *ctx, const char *path, size_t max, struct arena *a,
    struct bytes *out, struct err *e)
{
	const struct source *s = ctx;

	(void)a;
	if (bundle_file_document(s->f, s->channel, path, out, e) < 0)
		return -1;
	return out->len <= max ? 0
			       : err_set(e, ERR_LIMIT, "%s: too long", path);
}

static int
check_view(struct work *w, struct part *t, struct err *e)
{
	const struct import_read *r = w->r;
	const struct manifest *m;
	bool behind;

	if (trust_start(&t->trust, w->a, ROLE_STRICT, r->now_s, t->c->product,
		t->c->channel, t->c->root, e) < 0 ||
	    bundle_file_root(r->file, &t->trust, e) < 0)
		return -1;
	if (!r->allow_example_keys && refused_keys_check(t->trust.root, e) < 0)
		return -1;
	/* its keys may have been replaced since: then nothing holds it back */
	if (t->c->timestamp.len > 0 &&
	    trust_stored(&t->trust, ROLE_TIMESTAMP, t->c->timestamp, e) < 0)
		t->trust.timestamp = NULL;
	if (bundle_file_view(r->file, &t->trust, &m, &behind, e) == 0)
		return 0;
	if (!behind)
		return -1;
	return err_set(e, ERR_REFUSED,
	    "this bundle is older than what was imported before");
}

/* Made without a token: of a server's publication what everybody sees. */
static bool
one_rung(const struct bundle *list, const char *id)
{
	size_t n = strlen(id), end = strlen(".snapshot.json"), found = 0;

	for (size_t i = 0; i < list->nmembers; i++) {
		const char *path = list->members[i].path;
		size_t len = strlen(path);

		found += strncmp(path, id, n) == 0 && path[n] == '/' &&
		    len > end &&
		    strcmp(path + len - end, ".snapshot.json") == 0;
	}
	return found == 1;
}

static int
check_ladder(struct work *w, struct part *t, struct err *e)
{
	const struct import_read *r = w->r;
	struct source from = { r->file, t->c->id };
	struct publication_source src = { read_document, &from };
	int64_t version = t->trust.snapshot->version;

	if (one_rung(r->file->list, t->c->id))
		return err_set(e, ERR_REFUSED,
		    "this bundle has one rung of the publication alone, for"
		    " machines: a mirror needs one that was made with a token");
	t->p = publication_load(w->a, &src, t->trust.root, version / LADDER_MAX,
	    r->file->list->created_s, e);
	if (t->p == NULL)
		return e->kind == ERR_MISSING
		    ? err_set(e, ERR_INPUT, "%s", e->msg)
		    : -1;
	t->rung = ladder_index(&t->p->ladder, version);
	if (t->rung < 0)
		return err_set(e, ERR_INPUT, "the timestamp names no rung");
	return publication_files(t->p, w->a, &t->files, &t->nfiles, e);
}

static const struct publication_file *
find(const struct part *t, const char *path)
{
	for (size_t i = 0; i < t->nfiles; i++) {
		if (strcmp(t->files[i].path, path) == 0)
			return &t->files[i];
	}
	return NULL;
}

/* "<n>.root.json", or the timestamp: what no rung names and yet belongs. */
static bool
belongs(const struct part *t, const char *path)
{
	char root[32];

	if (strcmp(path, "timestamp.json") == 0)
		return true;
	for (int64_t v = 1; v <= t->trust.root->version; v++) {
		(void)snprintf(root, sizeof(root), "%" PRId64 ".root.json", v);
		if (strcmp(path, root) == 0)
			return true;
	}
	return false;
}

/* Nothing may come along that no rung names, nor with other bytes. */
static int
check_named(const struct part *t, const struct bundle *list, struct err *e)
{
	size_t n = strlen(t->c->id);

	for (size_t i = 0; i < list->nmembers; i++) {
		const struct bundle_member *m = &list->members[i];
		const char *path = m->path + n + 1;
		const struct publication_file *f;

		if (strncmp(m->path, t->c->id, n) != 0 || m->path[n] != '/' ||
		    belongs(t, path))
			continue;
		if ((f = find(t, path)) == NULL)
			return err_set(
			    e, ERR_REFUSED, "%s: no rung names it", path);
		if (f->size >= 0 &&
		    (f->size != m->size ||
			memcmp(f->sha256, m->sha256, SHA256_SIZE) != 0))
			return err_set(e, ERR_AUTH,
			    "%s: the list says other bytes than were signed",
			    path);
	}
	return 0;
}

static int
check_part(struct work *w, const struct import_channel *c, struct err *e)
{
	struct part *t = &w->parts[w->nparts];

	t->c = c;
	if (check_view(w, t, e) < 0 || check_ladder(w, t, e) < 0 ||
	    check_named(t, w->r->file->list, e) < 0)
		return err_in(e, "%s", c->id);
	w->nparts++;
	return 0;
}

/* bundle_take.documents */
static int
check_documents(void *ctx, struct err *e)
{
	struct work *w = ctx;
	const struct import_read *r = w->r;
	const struct bundle *list = r->file->list;

	for (size_t i = 0; i < list->nchannels; i++) {
		for (size_t k = 0; k < r->nchannels; k++) {
			if (strcmp(list->channels[i], r->channels[k].id) == 0 &&
			    check_part(w, &r->channels[k], e) < 0)
				return -1;
		}
	}
	if (w->nparts > 0)
		return 0;
	return err_set(e, ERR_REFUSED,
	    "this server mirrors none of the bundle's channels (%s%s)",
	    list->channels[0], list->nchannels > 1 ? ", ..." : "");
}

/* --- files ---------------------------------------------------------------- */

static char *
stage_path(
    struct work *w, const uint8_t sha256[static SHA256_SIZE], struct err *e)
{
	char hex[SHA256_HEX_SIZE];

	hex_write(hex, sha256, SHA256_SIZE);
	return arena_printf(
	    w->a, e, "%s/" IMPORT_FOLDER "/%s", w->r->state, hex);
}

static int
note_blob(struct work *w, const struct bundle_member *m, struct err *e)
{
	char hex[SHA256_HEX_SIZE];

	hex_write(hex, m->sha256, SHA256_SIZE);
	return json_array_append_new(w->blobs,
		   json_pack("{ss sI}", "sha256", hex, "size",
		       (json_int_t)m->size)) < 0
	    ? err_set(e, ERR_SYS, "no memory")
	    : 0;
}

static bool
is_ours(const struct work *w, const char *path)
{
	for (size_t i = 0; i < w->nparts; i++) {
		size_t n = strlen(w->parts[i].c->id);

		if (strncmp(path, w->parts[i].c->id, n) == 0 && path[n] == '/')
			return true;
	}
	return false;
}

/* bundle_take.where */
static int
where(void *ctx, const struct bundle_member *m, struct err *e)
{
	struct work *w = ctx;
	char *path;
	int fd;

	if (!is_ours(w, m->path))
		return BUNDLE_SKIP;
	if ((path = stage_path(w, m->sha256, e)) == NULL)
		return -1;
	/* two names may have the same bytes */
	fd = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? err_sys(e, "%s", path) : fd;
}

static int
done(void *ctx, const struct bundle_member *m, int fd, struct err *e)
{
	if (fd < 0)
		return 0;
	if (close(fd) < 0)
		return err_sys(e, "%s", m->path);
	return note_blob(ctx, m, e);
}

static int
stage_documents(struct work *w, struct err *e)
{
	const struct bundle_file *f = w->r->file;

	for (size_t i = 0; i < f->list->nmembers; i++) {
		const struct bundle_member *m = &f->list->members[i];
		char *path;

		if (f->documents[i].len == 0 || !is_ours(w, m->path))
			continue;
		if ((path = stage_path(w, m->sha256, e)) == NULL ||
		    file_replace(path, f->documents[i].at, f->documents[i].len,
			0600, e) < 0 ||
		    note_blob(w, m, e) < 0)
			return -1;
	}
	return 0;
}

/* --- deltas --------------------------------------------------------------- */

/* Where a file is: in the bundle, or among the server's; NULL: nowhere. */
static char *
locate(struct work *w, const uint8_t sha256[static SHA256_SIZE], struct err *e)
{
	char hex[SHA256_HEX_SIZE], *path = stage_path(w, sha256, e);

	if (path != NULL && file_exists(path))
		return path;
	hex_write(hex, sha256, SHA256_SIZE);
	path = blobs_path(w->r->state, hex, w->a, e);
	return path != NULL && file_exists(path) ? path : NULL;
}

/* A delta of a release that is not here was checked where it was published. */
static int
check_delta(struct work *w, const struct artifact *x,
    const struct delta_entry *d, struct err *e)
{
	char *base = locate(w, d->from_sha256, e);
	char *patch = locate(w, d->sha256, e);
	char *dir = file_path(w->a, e, w->r->state, "intake");

	if (base == NULL || patch == NULL)
		return 0;
	if (dir == NULL)
		return -1;
	return facts_check_delta(
	    &(struct facts_delta){ x, d, base, patch, dir }, e);
}

static int
check_deltas(struct work *w, const struct part *t, struct err *e)
{
	for (int i = 0; i < t->p->nrungs; i++) {
		const struct manifest *m = t->p->rungs[i].manifest;

		if (t->p->rungs[i].block > 0)
			break; /* blocks repeat the first */
		for (size_t k = 0; k < m->nartifacts; k++) {
			const struct artifact *x = &m->artifacts[k];

			for (size_t d = 0; d < x->ndeltas; d++) {
				if (check_delta(w, x, &x->deltas[d], e) < 0)
					return err_in(
					    e, "%s", x->deltas[d].path);
			}
		}
	}
	return 0;
}

/* --- facts ---------------------------------------------------------------- */

/* The digest of a file of the channel, and that it is here or comes along. */
static int
resolve(struct work *w, const struct part *t, const struct publication_file *f,
    struct bundle_member *out, struct err *e)
{
	const struct bundle_member *m;
	char hex[SHA256_HEX_SIZE];
	char *path = arena_printf(w->a, e, "%s/%s", t->c->id, f->path);

	if (path == NULL)
		return -1;
	if ((m = bundle_find(w->r->file->list, path)) == NULL)
		return 0; /* of another release or platform */
	*out = *m;
	if (!m->have)
		return 1;
	hex_write(hex, m->sha256, SHA256_SIZE);
	if (blobs_there(w->r->state, hex, m->size))
		return 1;
	return err_set(e, ERR_REFUSED,
	    "%s is not here: import the bundle that this one builds on"
	    " (list %.16s...)",
	    f->path, w->r->file->list->since);
}

static int
add_files(struct work *w, struct part *t, struct err *e)
{
	json_t *list = json_array();

	if (json_object_set_new(t->json, "files", list) < 0)
		return err_set(e, ERR_SYS, "no memory for the facts");
	for (size_t i = 0; i < t->nfiles; i++) {
		const struct publication_file *f = &t->files[i];
		struct bundle_member m;
		char hex[SHA256_HEX_SIZE];
		int n = resolve(w, t, f, &m, e);

		if (n < 0)
			return -1;
		if (n == 0)
			continue;
		hex_write(hex, m.sha256, SHA256_SIZE);
		if (facts_add_file(list, f, hex, m.size, e) < 0)
			return -1;
	}
	return 0;
}

/* Roots before the trusted one lead to it, byte for byte. */
static int
check_first_roots(struct work *w, const struct part *t, struct err *e)
{
	const struct bundle_file *f = w->r->file;
	struct bytes file;
	struct trust old;
	char name[32];

	if (bundle_file_document(f, t->c->id, "1.root.json", &file, e) < 0)
		return err_set(e, ERR_INPUT, "%s", e->msg);
	if (trust_start(&old, w->a, ROLE_STRICT, w->r->now_s, t->c->product,
		t->c->channel, file, e) < 0)
		return err_in(e, "1.root.json");
	while (old.root->version < t->trust.root->version) {
		(void)snprintf(name, sizeof(name), "%" PRId64 ".root.json",
		    old.root->version + 1);
		if (bundle_file_document(f, t->c->id, name, &file, e) < 0)
			return err_set(e, ERR_INPUT, "%s", e->msg);
		if (trust_root(&old, file, e) < 0)
			return err_in(e, "%s", name);
	}
	if (old.root->file.len == t->trust.root->file.len &&
	    memcmp(old.root->file.at, t->trust.root->file.at,
		old.root->file.len) == 0)
		return 0;
	return err_set(e, ERR_AUTH, "its roots do not lead to the trusted one");
}

static int
add_roots(struct work *w, struct part *t, struct err *e)
{
	json_t *list = json_array();
	struct bytes file;
	char name[32], hex[SHA256_HEX_SIZE];

	if (json_object_set_new(t->json, "roots", list) < 0)
		return err_set(e, ERR_SYS, "no memory for the facts");
	if (check_first_roots(w, t, e) < 0)
		return -1;
	for (int64_t v = 1; v <= t->trust.root->version; v++) {
		(void)snprintf(name, sizeof(name), "%" PRId64 ".root.json", v);
		if (bundle_file_document(w->r->file, t->c->id, name, &file, e) <
		    0)
			return err_set(e, ERR_INPUT, "%s", e->msg);
		sha256_hex(hex, file.at, file.len);
		if (facts_add_root(list, v, hex, (int64_t)file.len, e) < 0)
			return -1;
	}
	return 0;
}

static int
add_facts(struct work *w, struct part *t, struct err *e)
{
	const struct role *stamp = t->trust.timestamp;
	const struct manifest *m = t->p->rungs[t->rung].manifest;
	json_t *v = facts_make(t->p, e);

	if ((t->json = v) == NULL)
		return -1;
	if (json_object_set_new(v, "channel", json_string(t->c->id)) < 0 ||
	    json_object_set_new(v, "rung", json_integer(t->rung)) < 0 ||
	    json_object_set_new(v, "rung_kind",
		json_string(
		    rung_kind_name(ladder_kind(&t->p->ladder, t->rung)))) < 0 ||
	    json_object_set_new(v, "rung_version",
		json_string(m->version == NULL ? "no release" : m->version)) <
		0 ||
	    json_object_set_new(v, "timestamp",
		json_stringn((const char *)stamp->file.at, stamp->file.len)) <
		0 ||
	    json_object_set_new(
		v, "timestamp_version", json_integer(stamp->version)) < 0 ||
	    json_object_set_new(
		v, "signed_at_s", json_integer(stamp->signed_at_s)) < 0 ||
	    json_object_set_new(
		v, "timestamp_expires_s", json_integer(stamp->expires_s)) < 0)
		return err_set(e, ERR_SYS, "no memory for the facts");
	return add_roots(w, t, e) < 0 ? -1 : add_files(w, t, e);
}

static json_t *
facts(struct work *w, struct err *e)
{
	const struct bundle_file *f = w->r->file;
	json_t *list = json_array();

	for (size_t i = 0; i < w->nparts; i++) {
		if (add_facts(w, &w->parts[i], e) < 0)
			return NULL;
		(void)json_array_append_new(list, w->parts[i].json);
	}
	return json_pack("{sb ss sI sI so sO}", "ok", 1, "list", f->sha256,
	    "created_s", (json_int_t)f->list->created_s, "expires_s",
	    (json_int_t)f->list->expires_s, "channels", list, "blobs",
	    w->blobs);
}

json_t *
import_read(const struct import_read *r, struct arena *a, struct err *e)
{
	struct work *w = arena_get(a, sizeof(*w), e);
	AUTO_JSON blobs = json_array();
	struct bundle_take take = { check_documents, where, done, w };

	if (w == NULL || blobs == NULL)
		return NULL;
	*w = (struct work){ .r = r, .a = a, .blobs = blobs };
	if (bundle_file_each(r->file, &take, e) < 0 ||
	    stage_documents(w, e) < 0)
		return NULL;
	for (size_t i = 0; i < w->nparts; i++) {
		if (check_deltas(w, &w->parts[i], e) < 0)
			return NULL;
	}
	return facts(w, e);
}
