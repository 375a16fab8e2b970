/*
 * Collecting what a publication is made of.
 */
#include "signer/push_list.h"

#include <string.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "signer/sums.h"

struct listing {
	struct push_list *l;
	struct sums_file *sums;
	struct push_file **of;
	size_t n; /* of sums */
	const struct existing *p;
	struct arena *a;
	struct err *e;
};

static int
put(struct listing *k, const char *path, int64_t size)
{
	struct push_file *f = &k->l->files[k->l->n++];
	char *local = file_path(k->a, k->e, k->p->source.dir, path);

	if (local == NULL)
		return -1;
	f->path = path;
	f->size = size;
	if (!source_has(&k->p->source, path))
		return size < 0
		    ? err_set(k->e, ERR_MISSING, "%s: not there", local)
		    : 0;
	f->local = local;
	k->of[k->n] = f;
	k->sums[k->n++].from = local;
	return 0;
}

static int
digests(struct listing *k, int threads)
{
	if (sums_run(k->sums, k->n, threads, k->e) < 0)
		return -1;
	for (size_t i = 0; i < k->n; i++) {
		static const uint8_t none[SHA256_SIZE];
		struct push_file *f = k->of[i];
		const struct sums_file *s = &k->sums[i];

		if (f->size >= 0 &&
		    memcmp(f->sha256, none, sizeof(none)) != 0 &&
		    (f->size != s->size ||
			memcmp(f->sha256, s->sha256, sizeof(none)) != 0))
			return err_set(k->e, ERR_AUTH,
			    "%s: other bytes than were signed", f->local);
		f->size = s->size;
		memcpy(f->sha256, s->sha256, sizeof(f->sha256));
	}
	return 0;
}

static int
body(struct listing *k)
{
	AUTO_JSON files = json_array();
	AUTO_JSON v = json_pack(
	    "{sI sO}", "m", (json_int_t)k->p->pub->ladder.m, "files", files);
	AUTO_BUF b;
	char hex[SHA256_HEX_SIZE];

	buf_init(&b, PUSH_LIST_MAX);
	for (size_t i = 0; i < k->l->n; i++) {
		const struct push_file *f = &k->l->files[i];

		hex_write(hex, f->sha256, SHA256_SIZE);
		if (json_array_append_new(files,
			json_pack("{ss sI ss}", "path", f->path, "size",
			    (json_int_t)f->size, "sha256", hex)) < 0)
			return err_set(k->e, ERR_SYS, "out of memory");
	}
	if (v == NULL || json_canon(v, &b, k->e) < 0 || buf_ok(&b, k->e) < 0)
		return err_in(k->e, "list of files");
	k->l->body.len = b.len;
	k->l->body.at = arena_bytes(k->a, b.at, b.len, k->e);
	return k->l->body.at == NULL ? -1 : 0;
}

int
push_list_make(struct push_list *l, const struct existing *p, int threads,
    struct arena *a, struct err *e)
{
	struct listing k = { .l = l, .p = p, .a = a, .e = e };
	const struct publication_file *files;
	size_t n, room;

	if (publication_files(p->pub, a, &files, &n, e) < 0)
		return -1;
	room = n + (size_t)p->chain.newest;
	l->files = arena_array(a, room, sizeof(*l->files), e);
	k.sums = arena_array(a, room, sizeof(*k.sums), e);
	k.of = arena_array(a, room, sizeof(struct push_file *), e);
	if (l->files == NULL || k.sums == NULL || k.of == NULL)
		return -1;
	for (int64_t v = 1; v <= p->chain.newest; v++) {
		char *name = arena_printf(a, e, "%lld.root.json", (long long)v);

		if (name == NULL || put(&k, name, -1) < 0)
			return -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (put(&k, files[i].path, files[i].size) < 0)
			return -1;
		memcpy(l->files[l->n - 1].sha256, files[i].sha256, SHA256_SIZE);
	}
	return digests(&k, threads) < 0 ? -1 : body(&k);
}

const struct push_file *
push_list_find(
    const struct push_list *l, const uint8_t sha256[static SHA256_SIZE])
{
	const struct push_file *found = NULL;

	for (size_t i = 0; i < l->n; i++) {
		const struct push_file *f = &l->files[i];

		if (memcmp(f->sha256, sha256, SHA256_SIZE) == 0 &&
		    (found == NULL || f->local != NULL))
			found = f;
	}
	return found;
}
