/*
 * Reading publications from folders and, through source_server.c, from a
 * server.
 */
#include "signer/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "signer/source_server.h"
#include "signer/source_site.h"

#define NAMES_MAX 4096 /* documents in one folder */

bool
source_is_url(const char *where)
{
	return strncmp(where, "http://", 7) == 0 ||
	    strncmp(where, "https://", 8) == 0;
}

static void
globp(glob_t *g)
{
	globfree(g);
}

/* The channel's folder: DIR itself, DIR/P/C, or the only one of that shape. */
static const char *
find_folder(const struct source_ask *ask, struct arena *a, struct err *e)
{
	CLEANUP(globp) glob_t g = { 0 };
	const char *dir = ask->where;
	char *root = arena_printf(a, e, "%s/1.root.json", dir);

	if (root == NULL)
		return NULL;
	if (file_exists(root))
		return dir;
	if (ask->product != NULL) {
		dir = arena_printf(
		    a, e, "%s/%s/%s", ask->where, ask->product, ask->channel);
		root = dir == NULL ? NULL
				   : arena_printf(a, e, "%s/1.root.json", dir);
		if (root == NULL)
			return NULL;
		if (file_exists(root))
			return dir;
	} else {
		root = arena_printf(a, e, "%s/*/*/1.root.json", ask->where);
		if (root == NULL)
			return NULL;
		if (glob(root, 0, NULL, &g) == 0 && g.gl_pathc == 1) {
			*strrchr(g.gl_pathv[0], '/') = '\0';
			return arena_text(a, g.gl_pathv[0], e);
		}
	}
	(void)err_set(e, ERR_MISSING,
	    "%s: no publication here (no 1.root.json)", ask->where);
	return NULL;
}

static void
dirp(DIR **d)
{
	if (*d != NULL)
		(void)closedir(*d);
}

static int
folder_m(struct source *s, struct err *e)
{
	CLEANUP(dirp) DIR *d = opendir(s->dir);
	const char **names =
	    arena_array(s->arena, NAMES_MAX, sizeof(*names), e);
	struct dirent *ent;
	size_t n = 0;

	if (d == NULL)
		return err_sys(e, "%s", s->dir);
	if (names == NULL)
		return -1;
	for (errno = 0; (ent = readdir(d)) != NULL; errno = 0) {
		if (strstr(ent->d_name, ".snapshot.json") == NULL)
			continue;
		if (n == NAMES_MAX)
			return err_set(
			    e, ERR_LIMIT, "%s: too many files", s->dir);
		if ((names[n++] = arena_text(s->arena, ent->d_name, e)) == NULL)
			return -1;
	}
	if (errno != 0)
		return err_sys(e, "%s", s->dir);
	s->m = publication_m(names, n);
	return 0;
}

static int
folder_open(struct source *s, const struct source_ask *ask, struct err *e)
{
	struct stat st;

	if (stat(ask->where, &st) < 0)
		return err_sys(e, "%s", ask->where);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_INPUT, "%s: not a folder", ask->where);
	if ((s->dir = find_folder(ask, s->arena, e)) == NULL)
		return -1;
	s->dirfd = open(s->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->dirfd < 0)
		return err_sys(e, "%s", s->dir);
	return folder_m(s, e);
}

int
source_open(struct source *s, const struct source_ask *ask, struct arena *a,
    struct err *e)
{
	memset(s, 0, sizeof(*s));
	s->where = ask->where;
	s->arena = a;
	s->dirfd = -1;
	s->once = ask->once;
	if (source_is_url(ask->where))
		return ask->site ? source_site_open(s, ask, e)
				 : source_server_open(s, ask, e);
	return folder_open(s, ask, e);
}

void
source_done(struct source *s)
{
	if (s->dirfd >= 0)
		(void)close(s->dirfd);
	s->dirfd = -1;
	fetch_free(s->fetch);
	s->fetch = NULL;
}

static int
read_now(struct source *s, const char *path, size_t max, struct arena *a,
    struct bytes *out, struct err *e)
{
	if (s->site)
		return source_site_read(s, path, max, a, out, e);
	if (s->dirfd < 0)
		return source_server_read(s, path, max, a, out, e);

	AUTO_FD fd = file_open_beneath(s->dirfd, path, O_RDONLY, 0, e);

	if (fd < 0)
		return -1;
	return file_read_fd(a, fd, path, max, out, e);
}

static int
keep(struct source *s, const char *path, struct bytes file, struct err *e)
{
	struct source_read *r = arena_get(s->arena, sizeof(*r), e);

	if (r == NULL || (r->path = arena_text(s->arena, path, e)) == NULL)
		return -1;
	r->file = file;
	r->before = s->last;
	s->last = r;
	return 0;
}

int
source_read(void *ctx, const char *path, size_t max, struct arena *a,
    struct bytes *out, struct err *e)
{
	struct source *s = ctx;

	for (const struct source_read *r = s->last; r != NULL; r = r->before) {
		if (strcmp(r->path, path) == 0) {
			*out = r->file;
			return 0;
		}
	}
	if (read_now(s, path, max, a, out, e) < 0)
		return -1;
	return s->once ? keep(s, path, *out, e) : 0;
}

bool
source_has(const struct source *s, const char *path)
{
	struct err e = { 0 };

	if (s->site)
		return true; /* it says no when it is asked for the bytes */
	if (s->dirfd < 0)
		return source_server_find(s, path) != NULL;

	AUTO_FD fd = file_open_beneath(s->dirfd, path, O_RDONLY, 0, &e);

	return fd >= 0;
}

int
source_copy(struct source *s, const struct publication_file *f, const char *to,
    struct err *e)
{
	uint8_t sum[SHA256_SIZE];
	int64_t size;
	char *from;

	if (s->dirfd < 0) {
		if ((s->site ? source_site_copy(s, f, to, e)
			     : source_server_copy(s, f, to, e)) < 0)
			return -1;
	} else {
		from = file_path(s->arena, e, s->dir, f->path);
		if (from == NULL)
			return -1;
		if (!source_has(s, f->path))
			return err_set(e, ERR_MISSING, "%s: not there", from);
		if (file_copy(from, to, 0644, e) < 0)
			return -1;
	}
	if (digest_file(to, sum, &size, e) < 0)
		return -1;
	if (size == f->size && memcmp(sum, f->sha256, sizeof(sum)) == 0)
		return 0;
	(void)unlink(to);
	return err_set(e, ERR_AUTH, "%s: %s has other bytes than were signed",
	    s->where, f->path);
}
