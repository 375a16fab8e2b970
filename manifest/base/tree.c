/*
 * Folders and trees: make, walk, remove.  Never follows a link.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest/base/file.h"

#define DEPTH_MAX 32

int
file_mkdirs(const char *path, mode_t mode, struct err *e)
{
	AUTO_FREE char *copy = strdup(path);
	struct stat st;

	if (copy == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	for (char *at = copy + 1; *copy != 0; at++) {
		char was = *at;

		if (was != '/' && was != 0)
			continue;
		*at = 0;
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return err_sys(e, "%s", copy);
		*at = was;
		if (was == 0)
			break;
	}
	if (stat(path, &st) < 0)
		return err_sys(e, "%s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_CONFLICT, "%s: not a folder", path);
	return 0;
}

static int
remove_at(int dirfd, const char *name, int depth, struct err *e)
{
	DIR *d;
	int fd, rc = 0;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys(e, "%s", name);
	if (depth > DEPTH_MAX)
		return err_set(e, ERR_LIMIT, "%s: nested too deep", name);
	fd = openat(
	    dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (d == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return err_sys(e, "%s", name);
	}
	for (struct dirent *at; rc == 0 && (at = readdir(d)) != NULL;)
		if (strcmp(at->d_name, ".") != 0 &&
		    strcmp(at->d_name, "..") != 0)
			rc = remove_at(fd, at->d_name, depth + 1, e);
	(void)closedir(d);
	if (rc == 0 && unlinkat(dirfd, name, AT_REMOVEDIR) < 0)
		rc = err_sys(e, "%s", name);
	return rc;
}

int
file_remove_tree(const char *path, struct err *e)
{
	return remove_at(AT_FDCWD, path, 0, e);
}

struct walk {
	int (*fn)(void *ctx, const char *path, int64_t size, struct err *e);
	void *ctx;
};

static int walk_dir(const struct walk *w, int dirfd, const char *path,
    int depth, struct err *e);

static int
walk_entry(const struct walk *w, int dirfd, const char *path, const char *name,
    struct err *e)
{
	struct stat st;
	int depth = 0;

	for (const char *c = path; *c != 0; c++)
		depth += *c == '/';
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "%s", path);
	if (S_ISREG(st.st_mode))
		return w->fn(w->ctx, path, st.st_size, e);
	if (S_ISDIR(st.st_mode)) {
		int fd = openat(dirfd, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0)
			return err_sys(e, "%s", path);
		return walk_dir(w, fd, path, depth + 1, e);
	}
	return err_set(e, ERR_INPUT, "%s: neither a file nor a folder", path);
}

static int
name_cmp(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Takes dirfd over. */
static int
walk_dir(
    const struct walk *w, int dirfd, const char *path, int depth, struct err *e)
{
	AUTO_FD fd = dirfd;
	struct dirent **names = NULL;
	int n, rc = 0;

	if (depth > DEPTH_MAX)
		return err_set(e, ERR_LIMIT, "%s: nested too deep", path);
	n = scandirat(fd, ".", &names, NULL, name_cmp);
	if (n < 0)
		return err_sys(e, "%s", *path == 0 ? "." : path);
	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;

		if (rc == 0 && strcmp(name, ".") != 0 &&
		    strcmp(name, "..") != 0) {
			AUTO_FREE char *child = NULL;

			if (asprintf(&child, "%s%s%s", path,
				*path == 0 ? "" : "/", name) < 0) {
				child = NULL;
				rc = err_set(e, ERR_SYS, "out of memory");
			} else {
				rc = walk_entry(w, fd, child, name, e);
			}
		}
		free(names[i]);
	}
	free(names);
	return rc;
}

int
file_each(const char *dir,
    int (*fn)(void *ctx, const char *path, int64_t size, struct err *e),
    void *ctx, struct err *e)
{
	struct walk w = { fn, ctx };
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "%s", dir);
	return walk_dir(&w, fd, "", 0, e);
}
