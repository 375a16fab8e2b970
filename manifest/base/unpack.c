/*
 * The parent: finds the parts, starts the child, takes its word for nothing
 * but the framing of the pipe:
 *
 *	'M' size[8] length[2] name     a member
 *	'D' length[4] bytes            of it
 *	'E'                            the sound end
 *	'X' kind[1] length[2] text     why not
 */
#include "manifest/base/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manifest/base/fence.h"
#include "manifest/base/file.h"
#include "manifest/base/pack.h"
#include "manifest/base/text.h"

#define CHILD_MEMORY (INT64_C(512) << 20)
#define PIPE_BYTES   (1 << 20)

struct unpack {
	const char *path;
	int parts[PACK_PARTS_MAX];
	int nparts;
	bool split; /* they have numbers */
	int pipe;   /* from the child */
	pid_t pid;
	int64_t left;	/* of the member */
	uint32_t chunk; /* of the frame of data */
	bool ended;
};

/* --- parts ---------------------------------------------------------------- */

/* 1: taken, 0: it is not there */
static int
add_part(struct unpack *u, const char *path, struct err *e)
{
	/* not blocking: a pipe of that name must not hold us up */
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "%s: not a regular file", path);
	u->parts[u->nparts++] = fd;
	fd = -1;
	return 1;
}

static void
globp(glob_t *g)
{
	globfree(g);
}

/* Whether there is a part with a number from n on. */
static bool
later_part(const char *stem, int n)
{
	CLEANUP(globp) glob_t g = { 0 };
	char pattern[PATH_MAX];
	size_t len = strlen(stem);
	int64_t number;

	if (snprintf(pattern, sizeof(pattern), "%s.[0-9][0-9][0-9]", stem) >=
		(int)sizeof(pattern) ||
	    glob(pattern, 0, NULL, &g) != 0)
		return false;
	for (size_t i = 0; i < g.gl_pathc; i++) {
		const char *digits = g.gl_pathv[i] + len + 1;

		while (digits[0] == '0' && digits[1] != '\0')
			digits++;
		if (int_read(digits, 0, PACK_PARTS_MAX, &number) == 0 &&
		    number >= n)
			return true;
	}
	return false;
}

static int
part_name(char out[PATH_MAX], const char *stem, int part, struct err *e)
{
	return snprintf(out, PATH_MAX, "%s.%03d", stem, part) >= PATH_MAX
	    ? err_set(e, ERR_USAGE, "%s: too long", stem)
	    : 0;
}

static int
find_parts(struct unpack *u, const char *path, struct err *e)
{
	char stem[PATH_MAX], part[PATH_MAX];
	size_t len = strlen(path);
	int rc;

	if (snprintf(stem, sizeof(stem), "%s", path) >= (int)sizeof(stem))
		return err_set(e, ERR_USAGE, "%s: too long", path);
	if (len > 4 && strcmp(path + len - 4, ".000") == 0 && file_exists(path))
		stem[len - 4] = '\0';
	else if ((rc = add_part(u, path, e)) != 0)
		return rc < 0 ? -1 : 0;
	u->split = true;
	do {
		if (part_name(part, stem, u->nparts, e) < 0 ||
		    (rc = add_part(u, part, e)) < 0)
			return -1;
	} while (rc == 1 && u->nparts < PACK_PARTS_MAX);
	if (later_part(stem, u->nparts))
		return err_set(e, ERR_INPUT, "%s is missing", part);
	if (u->nparts == 0)
		return err_set(
		    e, ERR_MISSING, "%s: there is no such file", path);
	return 0;
}

/* --- the child ------------------------------------------------------------ */

struct child {
	const struct unpack *u;
	int at;
	int pipe;
	bool cut; /* the pipe took part of a frame: no other may follow */
};

static ssize_t
child_read(void *ctx, void *at, size_t room, struct err *e)
{
	struct child *c = ctx;

	while (c->at < c->u->nparts) {
		ssize_t n = read(c->u->parts[c->at], at, room);

		if (n > 0)
			return n;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "read");
		c->at++;
	}
	return 0;
}

static void
put_number(uint8_t *out, uint64_t n, int bytes)
{
	for (int i = 0; i < bytes; i++)
		out[i] = (uint8_t)(n >> (8 * (bytes - 1 - i)));
}

static int
child_send(struct child *c, const void *head, size_t head_len, const void *at,
    size_t len, struct err *e)
{
	c->cut = file_write_all(c->pipe, head, head_len, "pipe", e) < 0 ||
	    file_write_all(c->pipe, at, len, "pipe", e) < 0;
	return c->cut ? -1 : 0;
}

static int
child_member(void *ctx, const struct unpack_member *m, struct err *e)
{
	uint8_t head[11] = { 'M' };
	size_t len = strlen(m->name);

	put_number(head + 1, (uint64_t)m->size, 8);
	put_number(head + 9, len, 2);
	return child_send(ctx, head, sizeof(head), m->name, len, e);
}

static int
child_data(void *ctx, const void *at, size_t len, struct err *e)
{
	uint8_t head[5] = { 'D' };

	put_number(head + 1, len, 4);
	return child_send(ctx, head, sizeof(head), at, len, e);
}

static int
number_cmp(const void *pa, const void *pb)
{
	const int *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

/* Close everything but the pipe and the parts. */
static int
child_files(const struct child *c)
{
	int keep[PACK_PARTS_MAX + 1], n = 0, from = 0;

	keep[n++] = c->pipe;
	for (int i = 0; i < c->u->nparts; i++)
		keep[n++] = c->u->parts[i];
	qsort(keep, (size_t)n, sizeof(*keep), number_cmp);
	for (int i = 0; i < n; i++) {
		if (keep[i] > from &&
		    close_range((unsigned)from, (unsigned)keep[i] - 1, 0) < 0)
			return -1;
		from = keep[i] + 1;
	}
	return close_range((unsigned)from, ~0u, 0);
}

static NORETURN void
child_run(const struct unpack *u, int pipe_fd)
{
	struct child c = { u, 0, pipe_fd, false };
	struct unpack_walk w = { child_read, child_member, child_data, &c };
	struct err e = { .kind = ERR_NONE }, ignored;
	uint8_t head[4] = { 'X' };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* the parent's handlers are none of ours */
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGPIPE, SIG_IGN);
	if (child_files(&c) < 0)
		_exit(2);
	if (fence_filter(CHILD_MEMORY, &e) >= 0 && unpack_walk(&w, &e) == 0)
		_exit(child_send(&c, "E", 1, "", 0, &ignored) < 0 ? 2 : 0);
	if (c.cut)
		_exit(2);
	head[1] = (uint8_t)e.kind;
	put_number(head + 2, strlen(e.msg), 2);
	(void)child_send(&c, head, 4, e.msg, strlen(e.msg), &ignored);
	_exit(1);
}

static int
start(struct unpack *u, struct err *e)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	(void)fcntl(fds[1], F_SETPIPE_SZ, PIPE_BYTES);
	if ((u->pid = fork()) < 0) {
		(void)close(fds[0]);
		(void)close(fds[1]);
		return err_sys(e, "fork");
	}
	if (u->pid == 0)
		child_run(u, fds[1]);
	(void)close(fds[1]);
	u->pipe = fds[0];
	return 0;
}

struct unpack *
unpack_open(const char *path, struct err *e)
{
	struct unpack *u = calloc(1, sizeof(*u));

	if (u == NULL) {
		(void)err_set(e, ERR_SYS, "out of memory");
		return NULL;
	}
	u->path = path;
	u->pipe = -1;
	if (find_parts(u, path, e) == 0 && start(u, e) == 0)
		return u;
	unpack_free(u);
	return NULL;
}

static int
reap(struct unpack *u)
{
	int status = 0;

	if (u->pid <= 0)
		return 0;
	while (waitpid(u->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	u->pid = 0;
	return status;
}

void
unpack_free(struct unpack *u)
{
	if (u == NULL)
		return;
	if (u->pid > 0) {
		(void)kill(u->pid, SIGKILL);
		(void)reap(u);
	}
	if (u->pipe >= 0)
		(void)close(u->pipe);
	for (int i = 0; i < u->nparts; i++)
		(void)close(u->parts[i]);
	free(u);
}

/* --- what comes out of it ------------------------------------------------- */

/* The pipe ended where it should not have: what became of the child? */
static int
broken(struct unpack *u, struct err *e)
{
	int status = reap(u);

	/* a crash, or what the fence forbids, is the file's doing */
	if (WIFSIGNALED(status))
		return err_set(e,
		    WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGTERM
			? ERR_SYS
			: ERR_INPUT,
		    "%s: reading it was ended by signal %d", u->path,
		    WTERMSIG(status));
	return err_set(e, ERR_SYS, "%s: its reader failed", u->path);
}

static int
get(struct unpack *u, void *at, size_t len, struct err *e)
{
	uint8_t *to = at;

	while (len > 0) {
		ssize_t n = read(u->pipe, to, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "pipe");
		if (n == 0)
			return broken(u, e);
		to += n;
		len -= (size_t)n;
	}
	return 0;
}

static uint64_t
number(const uint8_t *at, int bytes)
{
	uint64_t n = 0;

	for (int i = 0; i < bytes; i++)
		n = n << 8 | at[i];
	return n;
}

static int
confused(const struct unpack *u, struct err *e)
{
	return err_set(e, ERR_INPUT, "%s: its reader is confused", u->path);
}

static int
get_reason(struct unpack *u, struct err *e)
{
	uint8_t head[3];
	char text[sizeof(e->msg)], safe[sizeof(e->msg)];
	size_t len;

	if (get(u, head, sizeof(head), e) < 0)
		return -1;
	len = (size_t)number(head + 1, 2);
	if (len >= sizeof(text) || head[0] == ERR_NONE || head[0] > ERR_SYS)
		return confused(u, e);
	if (get(u, text, len, e) < 0)
		return -1;
	text[len] = '\0';
	/* whatever became of it: it cannot say that nothing failed */
	return err_set(e, err_kind_named(err_name((enum err_kind)head[0])),
	    "%s: %s%s", u->path, text_safe(safe, sizeof(safe) - 200, text),
	    u->split && strstr(text, "ends too early") != NULL
		? " (is the last part missing?)"
		: "");
}

static int
skip(struct unpack *u, struct err *e)
{
	uint8_t room[65536];
	ssize_t n;

	while ((n = unpack_read(u, room, sizeof(room), e)) > 0)
		continue;
	return (int)n;
}

int
unpack_next(struct unpack *u, struct unpack_member *out, struct err *e)
{
	uint8_t kind, head[10];
	size_t len;

	if (u->ended)
		return 0;
	if (skip(u, e) < 0 || get(u, &kind, 1, e) < 0)
		return -1;
	if (kind == 'E') {
		u->ended = true;
		return 0;
	}
	if (kind == 'X')
		return get_reason(u, e);
	if (get(u, head, sizeof(head), e) < 0)
		return -1;
	out->size = (int64_t)number(head, 8);
	len = (size_t)number(head + 8, 2);
	if (kind != 'M' || out->size < 0 || len > UNPACK_NAME_MAX)
		return confused(u, e);
	if (get(u, out->name, len, e) < 0)
		return -1;
	out->name[len] = '\0';
	u->left = out->size;
	u->chunk = 0;
	return 1;
}

static int
next_chunk(struct unpack *u, struct err *e)
{
	uint8_t kind, head[4];

	if (get(u, &kind, 1, e) < 0)
		return -1;
	if (kind == 'X')
		return get_reason(u, e);
	if (kind != 'D')
		return confused(u, e);
	if (get(u, head, sizeof(head), e) < 0)
		return -1;
	u->chunk = (uint32_t)number(head, 4);
	return u->chunk == 0 || u->chunk > u->left ? confused(u, e) : 0;
}

ssize_t
unpack_read(struct unpack *u, void *at, size_t room, struct err *e)
{
	size_t want;

	if (u->left == 0 || room == 0)
		return 0;
	if (u->chunk == 0 && next_chunk(u, e) < 0)
		return -1;
	want = room < u->chunk ? room : u->chunk;
	if (get(u, at, want, e) < 0)
		return -1;
	u->chunk -= (uint32_t)want;
	u->left -= (int64_t)want;
	return (ssize_t)want;
}
