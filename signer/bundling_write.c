/*
 * Writing a bundle: the list, its signatures, the files, each of which must
 * have the bytes that the list says.
 */
#include "signer/bundling.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/pack.h"

struct writing {
	struct bundling *b;
	struct pack *p;
	struct err *e;
};

static int
put_bytes(struct writing *w, const char *name, struct bytes file)
{
	if (pack_member(w->p, name, (int64_t)file.len, 0644, w->e) < 0)
		return -1;
	return pack_data(w->p, file.at, file.len, w->e);
}

static int
put_list(struct writing *w)
{
	uint8_t hash[MINISIGN_HASH_SIZE];
	AUTO_BUF list;

	buf_init(&list, BUNDLE_LIST_MAX);
	if (bundling_list(w->b, &list, w->e) < 0)
		return -1;
	w->b->list.len = list.len;
	w->b->list.at = arena_bytes(w->b->a, list.at, list.len, w->e);
	if (w->b->list.at == NULL || put_bytes(w, BUNDLE_LIST, w->b->list) < 0)
		return -1;
	minisign_hash(hash, w->b->list);
	for (size_t i = 0; i < w->b->nchannels; i++) {
		const struct bundling_channel *c = &w->b->channels[i];
		char *path = bundle_sig_path(w->b->a, c->id, w->e);
		char *comment = arena_printf(w->b->a, w->e,
		    "timestamp:%lld\tfile:" BUNDLE_LIST "\tbundle of %s",
		    (long long)w->b->created_s, c->id);
		AUTO_BUF sig;

		buf_init(&sig, MINISIGN_FILE_MAX);
		if (path == NULL || comment == NULL ||
		    keyring_minisign(c->list, hash, comment, &sig, w->e) < 0 ||
		    bundle_verify(
			w->b->list, buf_bytes(&sig), c->there.root, w->e) < 0 ||
		    put_bytes(w, path, buf_bytes(&sig)) < 0)
			return -1;
	}
	return 0;
}

/* From an open file, which must have the bytes that the list says. */
static int
put_open(struct writing *w, const struct bundling_file *f, int fd)
{
	int mode = f->local != NULL ? 0755 : 0644;
	uint8_t room[65536], sum[SHA256_SIZE];
	int64_t left = f->m.size;
	ssize_t n;
	AUTO_DIGEST d = { NULL };

	if (digest_init(&d, w->e) < 0 ||
	    pack_member(w->p, f->m.path, f->m.size, mode, w->e) < 0)
		return -1;
	for (;;) {
		n = read(fd, room, sizeof(room));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || n > left)
			break;
		digest_add(&d, room, (size_t)n);
		if (pack_data(w->p, room, (size_t)n, w->e) < 0)
			return -1;
		left -= n;
	}
	if (n < 0)
		return err_sys(w->e, "%s", f->m.path);
	digest_end(&d, sum);
	if (n > 0 || left > 0 || memcmp(sum, f->m.sha256, sizeof(sum)) != 0)
		return err_set(w->e, ERR_AUTH,
		    "%s: other bytes than were signed", f->m.path);
	return 0;
}

/* A server's file comes to rest beside the bundle first. */
static int
put_fetched(struct writing *w, const struct bundling_file *f)
{
	char *path = arena_printf(w->b->a, w->e, "%s.fetched", w->b->out);
	struct publication_file want = { .path = f->path, .size = f->m.size };
	AUTO_FD fd = -1;

	if (path == NULL)
		return -1;
	memcpy(want.sha256, f->m.sha256, SHA256_SIZE);
	if (source_copy(f->source, &want, path, w->e) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	(void)unlink(path);
	return fd < 0 ? err_sys(w->e, "%s", path) : put_open(w, f, fd);
}

static int
put_file(struct writing *w, const struct bundling_file *f)
{
	AUTO_FD fd = -1;

	if (f->bytes.at != NULL)
		return put_bytes(w, f->m.path, f->bytes);
	if (f->source != NULL && f->source->dirfd < 0)
		return put_fetched(w, f);
	if (f->local != NULL)
		fd = open(f->local, O_RDONLY | O_CLOEXEC);
	else
		fd = file_open_beneath(
		    f->source->dirfd, f->path, O_RDONLY, 0, w->e);
	if (fd < 0)
		return f->local != NULL ? err_sys(w->e, "%s", f->local) : -1;
	return put_open(w, f, fd);
}

int
bundling_write(struct bundling *b, struct err *e)
{
	struct pack_ask ask = { b->out, b->split, b->created_s };
	AUTO_PACK p = pack_open(&ask, e);
	struct writing w = { b, p, e };

	if (p == NULL || put_list(&w) < 0)
		return -1;
	for (size_t i = 0; i < b->nfiles; i++) {
		if (!b->files[i].m.have && put_file(&w, &b->files[i]) < 0)
			return -1;
	}
	return pack_close(p, &b->parts, &b->bytes, e);
}
