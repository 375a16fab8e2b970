/*
 * sluice-delta(1): make, apply and inspect binary deltas.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "delta/delta.h"
#include "manifest/base/file.h"
#include "manifest/base/progress.h"
#include "manifest/base/verb.h"

#define JOBS_MAX 64

/* A file that appears under its name only when it is complete. */
struct output {
	const char *path;
	char temp[PATH_MAX];
	int fd;
};

/* What a signal takes away; there is one output at a time. */
static struct output *volatile unfinished;

static void
on_signal(int n)
{
	if (unfinished != NULL)
		(void)unlink(unfinished->temp);
	_exit(128 + n);
}

static void
catch_signals(void)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction was, act = { .sa_handler = on_signal };

	for (size_t i = 0; i < COUNT(ends); i++)
		if (sigaction(ends[i], NULL, &was) == 0 &&
		    was.sa_handler != SIG_IGN)
			(void)sigaction(ends[i], &act, NULL);
}

static int
output_open(struct output *o, const char *path, struct err *e)
{
	struct stat st;

	o->path = path;
	o->fd = -1;
	/* it would take the place of a device or of a pipe */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(e, ERR_USAGE,
		    "%s: not a regular file, and will not be replaced", path);
	if (snprintf(o->temp, sizeof(o->temp), "%s.XXXXXX", path) >=
	    (int)sizeof(o->temp))
		return err_set(e, ERR_USAGE, "%.40s...: path too long", path);
	o->fd = mkostemp(o->temp, O_CLOEXEC);
	if (o->fd < 0)
		return err_sys(e, "%s", path);
	unfinished = o;
	catch_signals();
	return 0;
}

static int
output_commit(struct output *o, struct err *e)
{
	mode_t mask = umask(0);

	(void)umask(mask);
	if (fchmod(o->fd, 0666 & ~mask) < 0 || fsync(o->fd) < 0 ||
	    rename(o->temp, o->path) < 0)
		return err_sys(e, "%s", o->path);
	unfinished = NULL;
	(void)close(o->fd);
	o->fd = -1;
	return 0;
}

static void
output_done(struct output *o)
{
	if (o->fd < 0)
		return;
	(void)close(o->fd);
	(void)unlink(o->temp);
	unfinished = NULL;
}

static int
open_input(const char *path, struct err *e)
{
	/* a pipe that nobody writes to is refused, not waited for */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_MISSING, "%s: no such file", path);
	return fd < 0 ? err_sys(e, "%s", path) : fd;
}

/* The library tells files apart by what they are, people by their names. */
struct name {
	const char *is, *path;
};

static int
name_file(struct err *e, const struct name *names, size_t n)
{
	const struct err was = *e;

	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(names[i].is);

		if (strncmp(was.msg, names[i].is, len) == 0 &&
		    was.msg[len] == ':')
			return err_set(e, was.kind, "%.200s%s", names[i].path,
			    was.msg + len);
	}
	return -1;
}

static int64_t
size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? (int64_t)st.st_size : 0;
}

/* A short name of a format, or its own. */
static const char *
format_arg(const char *name)
{
	return strcmp(name, "sluice") == 0 ? DELTA_SLUICE1 : name;
}

/* What this machine has, or allows us: more would end other processes. */
static int64_t
memory_there(void)
{
	int64_t all = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	struct rlimit ours;

	if (getrlimit(RLIMIT_AS, &ours) == 0 && ours.rlim_cur < (rlim_t)all)
		all = (int64_t)ours.rlim_cur;
	return all;
}

static int
memory_arg(int64_t *out, const struct args *args, struct err *e)
{
	const char *size = args_text(args, "memory", NULL);

	if (size == NULL)
		*out = memory_there();
	else if (size_read(size, INT64_MAX, out) < 0)
		return err_set(e, ERR_USAGE, "--memory: not a size");
	return 0;
}

/* Make it, and say at a terminal how far that is. */
static int
make_patch(struct delta_make *d, const struct args *args, struct err *e)
{
	int64_t whole = size_of(d->new_fd);
	AUTO_PROGRESS progress =
	    args_flag(args, "quiet") ? NULL : progress_new("delta", whole);

	progress_guess(progress, whole / DELTA_BYTES_PER_MS);
	d->progress = progress_add;
	d->ctx = progress;
	return delta_make(d, e);
}

static int
make_cmd(const struct args *args, struct err *e)
{
	struct delta_make d = { .format = format_arg(
				    args_text(args, "format", "sluice")) };
	AUTO_FD old = open_input(args->argv[0], e);
	AUTO_FD new = old < 0 ? -1 : open_input(args->argv[1], e);
	CLEANUP(output_done) struct output patch = { .fd = -1 };
	int64_t size, whole, jobs = args_int(args, "jobs", 0);

	if (old < 0 || new < 0)
		return -1;
	if (jobs < 0 || jobs > JOBS_MAX)
		return err_set(e, ERR_USAGE, "--jobs: 1 to %d", JOBS_MAX);
	if (memory_arg(&d.memory_max, args, e) < 0)
		return -1;
	if (delta_memory(d.format, 0, 0) == INT64_MAX)
		return err_set(
		    e, ERR_USAGE, "--format: %.32s is not known", d.format);
	if (output_open(&patch, args->argv[2], e) < 0)
		return -1;
	d.old_fd = old;
	d.new_fd = new;
	d.patch_fd = patch.fd;
	delta_threads((int)jobs);
	if (make_patch(&d, args, e) < 0) {
		if (e->kind == ERR_LIMIT)
			verb_hint("--memory SIZE allows more, 0 any amount");
		return name_file(e,
		    (struct name[]){ { "old file", args->argv[0] },
			{ "new file", args->argv[1] },
			{ "patch", args->argv[2] } },
		    3);
	}
	size = size_of(patch.fd);
	whole = size_of(new);
	if (output_commit(&patch, e) < 0)
		return -1;
	if (!args_flag(args, "quiet"))
		printf("%s: %" PRId64 " bytes instead of %" PRId64 "\n",
		    args->argv[2], size, whole);
	return 0;
}

static int
promise(const struct args *args, struct delta_apply *d, struct err *e)
{
	const char *hex = args_text(args, "sha256", NULL);

	d->out_size = args_int(args, "size", -1);
	if (hex == NULL && d->out_size < 0) {
		d->unverified = true;
		return 0;
	}
	if (hex == NULL || d->out_size < 0)
		return err_set(
		    e, ERR_USAGE, "--sha256 and --size belong together");
	if (hex_read(d->out_sha256, SHA256_SIZE, hex) < 0)
		return err_set(
		    e, ERR_USAGE, "--sha256: not 64 lower-case hex digits");
	return 0;
}

static int
apply_cmd(const struct args *args, struct err *e)
{
	struct delta_apply d = { 0 };
	AUTO_FD old = open_input(args->argv[0], e);
	AUTO_FD patch = old < 0 ? -1 : open_input(args->argv[1], e);
	CLEANUP(output_done) struct output new = { .fd = -1 };

	if (old < 0 || patch < 0 || promise(args, &d, e) < 0)
		return -1;
	d.format = delta_format(patch);
	if (d.format == NULL)
		return err_set(e, ERR_INPUT,
		    "%s: not a patch of a known format", args->argv[1]);
	if (output_open(&new, args->argv[2], e) < 0)
		return -1;
	d.old_fd = old;
	d.patch_fd = patch;
	d.out_fd = new.fd;
	if (delta_apply(&d, e) < 0)
		return name_file(e,
		    (struct name[]){ { "old file", args->argv[0] },
			{ "patch", args->argv[1] },
			{ "new file", args->argv[2] } },
		    3);
	return output_commit(&new, e);
}

static int
inspect_cmd(const struct args *args, struct err *e)
{
	AUTO_FD patch = open_input(args->argv[0], e);
	AUTO_BUF text;

	buf_init(&text, 65536);
	if (patch < 0)
		return -1;
	if (delta_format(patch) == NULL)
		return err_set(e, ERR_INPUT,
		    "%s: not a patch of a known format", args->argv[0]);
	if (delta_inspect(patch, &text, e) < 0)
		return name_file(
		    e, &(struct name){ "patch", args->argv[0] }, 1);
	fputs(buf_str(&text), stdout);
	return 0;
}

static const struct opt make_opts[] = {
	{ "format", 'f', OPT_TEXT, "FORMAT",
	    "sluice (the default) or bsdiff40" },
	{ "memory", 'm', OPT_TEXT, "SIZE",
	    "refuse to take more memory (what there is)" },
	{ "jobs", 'j', OPT_INT, "N", "threads (all processors)" },
	{ "quiet", 'q', OPT_FLAG, NULL, "say nothing" },
};

static const struct opt apply_opts[] = {
	{ "sha256", 0, OPT_TEXT, "HEX", "refuse any other result" },
	{ "size", 0, OPT_INT, "BYTES", "refuse any other size" },
};

static const struct verb verbs[] = {
	{ "make", "OLD NEW PATCH", "write the patch that turns OLD into NEW",
	    make_cmd, make_opts, COUNT(make_opts), 3, 3 },
	{ "apply", "OLD PATCH NEW", "rebuild NEW from OLD and the patch",
	    apply_cmd, apply_opts, COUNT(apply_opts), 3, 3 },
	{ "inspect", "PATCH", "describe a patch", inspect_cmd, NULL, 0, 1, 1 },
};

static const struct program program = {
	.name = "sluice-delta",
	.about = "binary deltas between releases",
	.verbs = verbs,
	.nverbs = COUNT(verbs),
};

int
main(int argc, char **argv)
{
	return verb_main(&program, argc, argv);
}
