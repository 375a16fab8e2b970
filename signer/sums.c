/*
 * sluice-sign digest: SHA-256 of files as sha256sum prints it, one thread per
 * file.
 */
#include "signer/sums.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/progress.h"
#include "signer/jobs.h"
#include "signer/verbs.h"

static const struct opt opts[] = {
	{ "jobs", 'j', OPT_INT, "N", "files at a time (all processors)" },
	VERBS_OPT_JSON,
};

struct sums {
	struct sums_file *files;
	struct progress *progress;
};

static int
sum_one(void *ctx, size_t i, struct err *e)
{
	struct sums *s = ctx;
	struct sums_file *f = &s->files[i];
	AUTO_FD fd = open(f->from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "%s", f->from);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "%s: not a regular file", f->from);
	if (digest_fd(fd, f->sha256, &f->size, progress_add, s->progress, e) <
	    0)
		return err_in(e, "%s", f->from);
	return 0;
}

int
sums_run(struct sums_file *files, size_t n, int threads, struct err *e)
{
	struct sums s = { .files = files };
	AUTO_PROGRESS progress = NULL;
	struct jobs jobs = { sum_one, &s, n, threads };
	int64_t total = 0;
	struct stat st;

	for (size_t i = 0; i < n; i++) {
		if (stat(files[i].from, &st) == 0)
			total += st.st_size;
	}
	s.progress = progress = progress_new("digests", total);
	return jobs_run(&jobs, e);
}

static int
print_json(const struct sums_file *files, size_t n, struct err *e)
{
	AUTO_JSON list = json_array();
	char hex[SHA256_HEX_SIZE];

	for (size_t i = 0; i < n; i++) {
		hex_write(hex, files[i].sha256, sizeof(files[i].sha256));
		json_array_append_new(list,
		    json_pack("{ss sI ss}", "file", files[i].from, "size",
			(json_int_t)files[i].size, "sha256", hex));
	}
	return verbs_print_json(list, e);
}

static int
sums_cmd(const struct args *args, struct err *e)
{
	AUTO_ARENA a = verbs_arena();
	size_t n = (size_t)args->argc;
	char hex[SHA256_HEX_SIZE];
	struct sums_file *files = arena_array(a, n, sizeof(*files), e);

	if (files == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		files[i].from = args->argv[i];
	if (sums_run(files, n, verbs_jobs(args), e) < 0)
		return -1;
	if (args_flag(args, "json"))
		return print_json(files, n, e);
	for (size_t i = 0; i < n; i++) {
		hex_write(hex, files[i].sha256, sizeof(files[i].sha256));
		(void)printf("%s  %s\n", hex, files[i].from);
	}
	return 0;
}

const struct verb sums_verb = { "digest", "FILE...",
	"SHA-256 of files, as sha256sum prints it", sums_cmd, opts, COUNT(opts),
	1, -1 };
