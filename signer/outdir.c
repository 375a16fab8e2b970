/*
 * Making a folder atomically.
 */
#include "signer/outdir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest/base/file.h"

static int
lock_partial(struct outdir *s, struct err *e)
{
	if (mkdir(s->partial, 0755) < 0 && errno != EEXIST)
		return err_sys(e, "%s", s->partial);
	s->lock =
	    open(s->partial, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (s->lock < 0)
		return err_sys(e, "%s", s->partial);
	if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		(void)err_set(
		    e, ERR_CONFLICT, "another process is making %s", s->out);
	else
		(void)err_sys(e, "%s", s->partial);
	(void)close(s->lock);
	s->lock = -1;
	return -1;
}

int
outdir_absent(const char *out, struct err *e)
{
	struct stat st;

	if (lstat(out, &st) == 0)
		return err_set(e, ERR_CONFLICT, "%s exists already", out);
	return 0;
}

static int
begin(struct outdir *s, const char *out, const char *work, struct err *e)
{
	struct arena *a = s->arena;
	size_t len = strlen(out);
	char *name = arena_text(a, out, e);

	if (name == NULL)
		return -1;
	while (len > 1 && name[len - 1] == '/')
		name[--len] = '\0';
	s->out = name;
	s->partial = arena_printf(a, e, "%s.partial", name);
	s->dir = arena_printf(a, e, "%s.partial/new", name);
	s->work =
	    work != NULL ? work : arena_printf(a, e, "%s.partial/work", name);
	if (s->partial == NULL || s->dir == NULL || s->work == NULL)
		return -1;
	if (!s->replaces && outdir_absent(name, e) < 0)
		return -1;
	if (lock_partial(s, e) < 0)
		return -1;
	if (file_remove_tree(s->dir, e) < 0 ||
	    (work == NULL && file_remove_tree(s->work, e) < 0) ||
	    file_mkdirs(s->dir, 0755, e) < 0 ||
	    file_mkdirs(s->work, 0755, e) < 0)
		return -1;
	return 0;
}

int
outdir_open(struct outdir *s, const char *out, const char *work,
    struct arena *a, struct err *e)
{
	*s = (struct outdir){ .lock = -1, .arena = a };
	return begin(s, out, work, e);
}

static int
link_one(void *ctx, const char *path, int64_t size, struct err *e)
{
	struct outdir *s = ctx;
	char *from = file_path(s->arena, e, s->out, path);
	char *to = outdir_path(s, path, e);

	(void)size;
	if (from == NULL || to == NULL)
		return -1;
	return link(from, to) < 0 ? err_sys(e, "%s", to) : 0;
}

int
outdir_again(struct outdir *s, const char *out, struct arena *a, struct err *e)
{
	*s = (struct outdir){ .lock = -1, .arena = a, .replaces = true };
	if (begin(s, out, NULL, e) < 0)
		return -1;
	return file_each(s->out, link_one, s, e);
}

void
outdir_done(struct outdir *s)
{
	struct err e = { 0 };

	if (s->lock < 0)
		return;
	if (file_remove_tree(s->partial, &e) < 0)
		(void)fprintf(stderr, "sluice-sign: warning: %s\n", e.msg);
	(void)close(s->lock);
	s->lock = -1;
}

char *
outdir_path(struct outdir *s, const char *path, struct err *e)
{
	char *full = file_path(s->arena, e, s->dir, path);
	char *slash = full == NULL ? NULL : strrchr(full, '/');

	if (full == NULL)
		return NULL;
	*slash = '\0';
	if (file_mkdirs(full, 0755, e) < 0)
		return NULL;
	*slash = '/';
	return full;
}

int
outdir_write(
    struct outdir *s, const char *path, struct bytes file, struct err *e)
{
	char *full = outdir_path(s, path, e);

	if (full == NULL)
		return -1;
	return file_replace(full, file.at, file.len, 0644, e);
}

int
outdir_commit(struct outdir *s, struct err *e)
{
	char *parent = arena_text(s->arena, s->out, e);
	char *slash = parent == NULL ? NULL : strrchr(parent, '/');

	if (parent == NULL)
		return -1;
	/* in an exchange the old files end up where outdir_done removes them */
	if (renameat2(AT_FDCWD, s->dir, AT_FDCWD, s->out,
		s->replaces ? RENAME_EXCHANGE : RENAME_NOREPLACE) < 0) {
		if (errno == EEXIST)
			return err_set(
			    e, ERR_CONFLICT, "%s exists already", s->out);
		return err_sys(e, "%s", s->out);
	}
	if (slash == NULL)
		return file_sync_dir(".", e);
	*(slash == parent ? slash + 1 : slash) = '\0';
	return file_sync_dir(parent, e);
}
