/*
 * Making a folder atomically.
 */
#include "signer/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest/base/file.h"

static int
stage_lock(struct stage_dir *s, struct err *e)
{
	if (mkdir(s->partial, 0755) < 0 && errno != EEXIST)
		return err_sys(e, "%s", s->partial);
	s->lock = open(s->partial,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (s->lock < 0)
		return err_sys(e, "%s", s->partial);
	if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	(void)close(s->lock);
	s->lock = -1;
	return err_set(e, ERR_CONFLICT, "another process is making %s",
	    s->out);
}

int
stage_open(struct stage_dir *s, const char *out, const char *work,
    struct arena *a, struct err *e)
{
	struct stat st;
	size_t len = strlen(out);
	char *name = arena_text(a, out, e);

	memset(s, 0, sizeof(*s));
	s->lock = -1;
	s->arena = a;
	if (name == NULL)
		return -1;
	while (len > 1 && name[len - 1] == '/')
		name[--len] = '\0';
	s->out = name;
	s->partial = arena_printf(a, e, "%s.partial", name);
	s->dir = arena_printf(a, e, "%s.partial/new", name);
	s->work = work != NULL ? work :
				 arena_printf(a, e, "%s.partial/work", name);
	if (s->partial == NULL || s->dir == NULL || s->work == NULL)
		return -1;
	if (lstat(name, &st) == 0)
		return err_set(e, ERR_CONFLICT, "%s exists already", name);
	if (stage_lock(s, e) < 0)
		return -1;
	if (file_remove_tree(s->dir, e) < 0 ||
	    (work == NULL && file_remove_tree(s->work, e) < 0) ||
	    file_mkdirs(s->dir, 0755, e) < 0 ||
	    file_mkdirs(s->work, 0755, e) < 0)
		return -1;
	return 0;
}

void
stage_done(struct stage_dir *s)
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
stage_path(struct stage_dir *s, const char *path, struct err *e)
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
stage_write(struct stage_dir *s, const char *path, struct bytes file,
    struct err *e)
{
	char *full = stage_path(s, path, e);

	if (full == NULL)
		return -1;
	return file_replace(full, file.at, file.len, 0644, e);
}

int
stage_commit(struct stage_dir *s, struct err *e)
{
	char *parent = arena_text(s->arena, s->out, e);
	char *slash = parent == NULL ? NULL : strrchr(parent, '/');

	if (parent == NULL)
		return -1;
	if (renameat2(AT_FDCWD, s->dir, AT_FDCWD, s->out, RENAME_NOREPLACE) <
	    0) {
		if (errno == EEXIST)
			return err_set(e, ERR_CONFLICT, "%s exists already",
			    s->out);
		return err_sys(e, "%s", s->out);
	}
	s->done = true;
	if (slash == NULL)
		return file_sync_dir(".", e);
	*(slash == parent ? slash + 1 : slash) = '\0';
	return file_sync_dir(parent, e);
}
