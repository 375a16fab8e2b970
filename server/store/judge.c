/*
 * Judging a pushed publication.  Reads top to bottom: root chain, ladder, what
 * it follows, files, deltas, facts.
 */
#include "server/store/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "server/store/blobs.h"
#include "server/store/facts.h"
#include "server/store/refused_keys.h"

#define CLOCK_AHEAD_MIN (7 * 1440) /* minutes, as versions count them */
#define ARENA_MAX	(512u << 20)

struct work {
	const struct judging *c;
	struct arena *a;
	const struct publication *p;
	const struct publication_file *files;
	size_t nfiles;
	char (*sha256)[SHA256_HEX_SIZE]; /* of files, by index */
	json_t *new_roots, *delta_bases;
};

static int
by_path(const void *key, const void *file)
{
	const struct listed_file *f = file;

	return strcmp(key, f->path);
}

static const struct listed_file *
find(const struct file_list *list, const char *path)
{
	return list->n == 0
	    ? NULL
	    : bsearch(path, list->at, list->n, sizeof(*list->at), by_path);
}

/* --- root chain --- */

static const struct role *
read_root(const struct work *w, const char *sha256, struct err *e)
{
	struct bytes file;

	if (blobs_read(w->c->state, sha256, ROLE_ROOT_MAX, &file, w->a, e) < 0)
		return NULL;
	return role_read(w->a, ROLE_ROOT, file, ROLE_STRICT, e);
}

static int
follow_one(struct work *w, const struct role **root,
    const struct listed_file *f, struct err *e)
{
	const struct role *next = read_root(w, f->sha256, e);

	if (next == NULL)
		return -1;
	if (next->version != (*root)->version + 1)
		return err_set(e, ERR_INPUT, "it says version %lld",
		    (long long)next->version);
	if (strcmp(next->product, w->c->product) != 0 ||
	    strcmp(next->channel, w->c->channel) != 0)
		return err_set(e, ERR_REFUSED, "it is of %s/%s", next->product,
		    next->channel);
	if (role_verify(next, *root, next, true, e) < 0 ||
	    role_verify(next, next, *root, true, e) < 0)
		return -1;
	if (facts_add_root(w->new_roots, next->version, f->sha256, f->size, e) <
	    0)
		return -1;
	*root = next;
	return 0;
}

/* From the channel's trusted root forward; none may be skipped. */
static const struct role *
follow_roots(struct work *w, struct err *e)
{
	const struct role *root = read_root(w, w->c->root_sha256, e);
	const struct listed_file *f;
	char path[32];

	if (root == NULL) {
		(void)err_in(
		    e, "trusted root %lld", (long long)w->c->root_version);
		return NULL;
	}
	for (;;) {
		(void)snprintf(path, sizeof(path), "%lld.root.json",
		    (long long)root->version + 1);
		if ((f = find(&w->c->pushed, path)) == NULL)
			break;
		if (follow_one(w, &root, f, e) < 0) {
			(void)err_in(e, "%s", path);
			return NULL;
		}
	}
	if (root->expires_s <= w->c->now_s) {
		(void)err_set(e, ERR_REFUSED, "root %lld has expired",
		    (long long)root->version);
		return NULL;
	}
	if (!w->c->allow_example_keys && refused_keys_check(root, e) < 0)
		return NULL;
	return root;
}

/* --- documents by name --- */

struct source {
	const struct work *w;
	const struct file_list *list;
};

static int
read_document(void *ctx, const char *path, size_t max, struct arena *a,
    struct bytes *out, struct err *e)
{
	const struct source *s = ctx;
	const struct listed_file *f = find(s->list, path);

	if (f == NULL)
		return err_set(e, ERR_MISSING, "%s is not there", path);
	return blobs_read(s->w->c->state, f->sha256, max, out, a, e);
}

static const struct publication *
load_running(struct work *w, struct err *e)
{
	struct source from = { w, &w->c->running };
	struct publication_source src = { read_document, &from };
	const struct role *root = read_root(w, w->c->running_root_sha256, e);

	/* it may have expired meanwhile: time 0 */
	return root == NULL
	    ? NULL
	    : publication_load(w->a, &src, root, w->c->running_m, 0, e);
}

/*
 * A signer whose clock is years ahead would use up the versions of the channel
 * for ever: what it signs is refused while that can still be mended.
 */
static int
check_clock(const struct work *w, struct err *e)
{
	int64_t now_m = w->c->now_s / 60, ahead = w->c->m - now_m;

	if (ahead <= CLOCK_AHEAD_MIN || w->c->m == w->c->base.m + 1)
		return 0;
	return err_set(e, ERR_REFUSED,
	    "it was signed by a clock that is %lld days ahead of this one",
	    (long long)(ahead / 1440));
}

static int
load(struct work *w, struct err *e)
{
	struct source from = { w, &w->c->pushed };
	struct publication_source src = { read_document, &from };
	const struct publication *running = NULL;
	const struct role *root = follow_roots(w, e);

	if (root == NULL || check_clock(w, e) < 0)
		return -1;
	w->p = publication_load(w->a, &src, root, w->c->m, w->c->now_s, e);
	if (w->p == NULL)
		return -1;
	if (strcmp(w->p->product, w->c->product) != 0 ||
	    strcmp(w->p->channel, w->c->channel) != 0)
		return err_set(e, ERR_REFUSED, "it is of %s/%s", w->p->product,
		    w->p->channel);
	if (w->c->running.n > 0 && (running = load_running(w, e)) == NULL)
		return err_in(e, "the running publication");
	return publication_follows(w->p, running, &w->c->base, e);
}

/* --- files --- */

/* A path that the running publication has keeps its bytes: clients cache it
 * for ever. */
static int
check_unchanged(
    const struct work *w, const char *path, const char *sha256, struct err *e)
{
	const struct listed_file *old = find(&w->c->running, path);

	if (old != NULL && strcmp(old->sha256, sha256) != 0)
		return err_set(e, ERR_REFUSED,
		    "its bytes differ from those published under this name");
	return 0;
}

static int
check_file(struct work *w, size_t i, struct err *e)
{
	const struct publication_file *f = &w->files[i];
	const struct listed_file *pushed = find(&w->c->pushed, f->path);
	uint8_t got[SHA256_SIZE];
	char *path, *hex = w->sha256[i];
	int64_t size;

	/* old artifacts need not be listed: their digest is signed */
	if (f->size >= 0)
		hex_write(hex, f->sha256, SHA256_SIZE);
	else if (pushed != NULL)
		(void)snprintf(hex, SHA256_HEX_SIZE, "%s", pushed->sha256);
	else
		return err_set(e, ERR_MISSING, "it was not pushed");
	if (pushed != NULL && strcmp(pushed->sha256, hex) != 0)
		return err_set(
		    e, ERR_AUTH, "what was pushed is not what was signed");
	if (check_unchanged(w, f->path, hex, e) < 0 ||
	    (path = blobs_path(w->c->state, hex, w->a, e)) == NULL ||
	    digest_file(path, got, &size, e) < 0)
		return -1;
	if (f->size >= 0 && size != f->size)
		return err_set(e, ERR_AUTH, "it has %lld bytes, not %lld",
		    (long long)size, (long long)f->size);
	if (f->size >= 0 && memcmp(got, f->sha256, SHA256_SIZE) != 0)
		return err_set(e, ERR_AUTH, "its digest is another");
	return 0;
}

/* Nothing may come along that no rung names. */
static int
check_unnamed(const struct work *w, struct err *e)
{
	size_t k = 0;

	for (size_t i = 0; i < w->c->pushed.n; i++) {
		const char *path = w->c->pushed.at[i].path;
		const struct listed_file *root = find(&w->c->roots, path);
		char *end;
		long long v = strtoll(path, &end, 10);

		while (k < w->nfiles && strcmp(w->files[k].path, path) < 0)
			k++;
		if (k < w->nfiles && strcmp(w->files[k].path, path) == 0)
			continue;
		if (strcmp(end, ".root.json") != 0 || end == path || v < 1 ||
		    v > w->p->root->version)
			return err_set(
			    e, ERR_REFUSED, "%s: no rung names it", path);
		if (root != NULL &&
		    strcmp(root->sha256, w->c->pushed.at[i].sha256) != 0)
			return err_set(e, ERR_CONFLICT,
			    "%s: this channel trusts another one", path);
	}
	return 0;
}

static int
check_files(struct work *w, struct err *e)
{
	if (publication_files(w->p, w->a, &w->files, &w->nfiles, e) < 0 ||
	    (w->sha256 = arena_array(
		 w->a, w->nfiles + 1, sizeof(*w->sha256), e)) == NULL)
		return -1;
	for (size_t i = 0; i < w->nfiles; i++)
		if (check_file(w, i, e) < 0)
			return err_in(e, "%s", w->files[i].path);
	return check_unnamed(w, e);
}

/* --- deltas --- */

/* A patch that the running publication has was checked when that came in, and
 * the file that it starts from may be gone since. */
static bool
is_running(const struct work *w, const char *sha256)
{
	for (size_t i = 0; i < w->c->running.n; i++)
		if (strcmp(w->c->running.at[i].sha256, sha256) == 0)
			return true;
	return false;
}

static int
check_delta(struct work *w, const struct artifact *art,
    const struct delta_entry *d, struct err *e)
{
	char base_hex[SHA256_HEX_SIZE], patch_hex[SHA256_HEX_SIZE];
	char *base, *patch, *dir;

	hex_write(base_hex, d->from_sha256, SHA256_SIZE);
	hex_write(patch_hex, d->sha256, SHA256_SIZE);
	if (is_running(w, patch_hex))
		return 0;
	if ((base = blobs_path(w->c->state, base_hex, w->a, e)) == NULL ||
	    (patch = blobs_path(w->c->state, patch_hex, w->a, e)) == NULL ||
	    (dir = file_path(w->a, e, w->c->state, "intake")) == NULL)
		return -1;
	if (!file_exists(base))
		return err_set(e, ERR_REFUSED,
		    "this server has no file %s to check it against", base_hex);
	if (json_array_append_new(w->delta_bases, json_string(base_hex)) < 0)
		return err_set(e, ERR_SYS, "no memory");
	return facts_check_delta(
	    &(struct facts_delta){ art, d, base, patch, dir }, e);
}

static int
check_deltas(struct work *w, struct err *e)
{
	for (int i = 0; i < w->p->nrungs; i++) {
		const struct manifest *m = w->p->rungs[i].manifest;

		if (w->p->rungs[i].block > 0)
			break; /* blocks repeat the first */
		for (size_t k = 0; k < m->nartifacts; k++)
			for (size_t d = 0; d < m->artifacts[k].ndeltas; d++)
				if (check_delta(w, &m->artifacts[k],
					&m->artifacts[k].deltas[d], e) < 0)
					return err_in(e, "delta %s",
					    m->artifacts[k].deltas[d].path);
	}
	return 0;
}

/* --- facts --- */

static int
add_files(const struct work *w, json_t *list, struct err *e)
{
	for (size_t i = 0; i < w->nfiles; i++) {
		const struct publication_file *f = &w->files[i];
		const struct listed_file *p = find(&w->c->pushed, f->path);

		if (facts_add_file(list, f, w->sha256[i],
			f->size >= 0 ? f->size : p->size, e) < 0)
			return -1;
	}
	return 0;
}

static json_t *
facts(const struct work *w, struct err *e)
{
	int64_t seq = w->p->ladder.offer_seq;
	AUTO_JSON files = json_array();
	json_t *v = facts_make(w->p, e);

	if (v == NULL || add_files(w, files, e) < 0) {
		json_decref(v);
		return NULL;
	}
	if (json_object_set_new(v, "ok", json_true()) < 0 ||
	    json_object_set_new(v, "renewal",
		json_boolean(w->c->base.m > 0 && seq == w->c->base.seq)) < 0 ||
	    json_object_set(v, "roots", w->new_roots) < 0 ||
	    json_object_set(v, "delta_bases", w->delta_bases) < 0 ||
	    json_object_set(v, "files", files) < 0) {
		json_decref(v);
		(void)err_set(e, ERR_SYS, "no memory for the facts");
		return NULL;
	}
	return v;
}

json_t *
judge_run(const struct judging *c, struct err *e)
{
	AUTO_ARENA a = arena_new(ARENA_MAX);
	AUTO_JSON roots = json_array();
	AUTO_JSON bases = json_array();
	struct work w = {
		.c = c, .a = a, .new_roots = roots, .delta_bases = bases
	};

	if (a == NULL || roots == NULL || bases == NULL) {
		(void)err_set(e, ERR_SYS, "no memory");
		return NULL;
	}
	if (load(&w, e) < 0 || check_files(&w, e) < 0 ||
	    check_deltas(&w, e) < 0)
		return NULL;
	return facts(&w, e);
}
