/*
 * What the fences keep a stolen process from: each role's fence is put up in a
 * child, which then tries.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "server/landlock.h"
#include "server/sandbox.h"
#include "tests/tap.h"

static char state[256];
static int abi; /* asked before a fence is up */
static struct server_config conf;

static const char *const files[] = { "lock", "db/sluice.db", "blobs/aa",
	"incoming/bb", "intake/cc", "brake/editor/stable/key" };

static const char *
in_state(const char *name)
{
	static char path[4][512];
	static unsigned i;

	i = (i + 1) % COUNT(path);
	(void)snprintf(path[i], sizeof(path[i]), "%s/%s", state, name);
	return path[i];
}

static void
make_state(void)
{
	struct err e;

	(void)snprintf(state, sizeof(state), "%s/state", tap_tmpdir());
	CHECK_INT(file_remove_tree(state, &e), 0);
	CHECK_INT(file_mkdirs(in_state("brake/editor/stable"), 0700, &e), 0);
	for (size_t i = 1; i < 5; i++) {
		char dir[32];

		(void)snprintf(dir, sizeof(dir), "%.*s",
		    (int)strcspn(files[i], "/"), files[i]);
		CHECK_INT(file_mkdirs(in_state(dir), 0700, &e), 0);
	}
	for (size_t i = 0; i < COUNT(files); i++)
		CHECK_INT(
		    file_replace(in_state(files[i]), "x", 1, 0600, &e), 0);
	conf = (struct server_config){ .state = state,
		.admin_socket = in_state("admin.sock") };
}

static int
reads(const char *name)
{
	int fd = open(in_state(name), O_RDONLY | O_CLOEXEC);

	return fd >= 0 && close(fd) == 0;
}

static int
writes(const char *name)
{
	int fd = open(in_state(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd >= 0 && close(fd) == 0;
}

static int
opens_sockets(void)
{
	int a = socket(AF_INET, SOCK_STREAM, 0);
	int b = socket(AF_UNIX, SOCK_DGRAM, 0);

	return a >= 0 || b >= 0;
}

static int
limits_others(void)
{
	struct rlimit l;

	return prlimit(getppid(), RLIMIT_NOFILE, NULL, &l) == 0;
}

/* 1 << i: files[i] could be read; 64: the brake's was moved or removed; 128:
 * something beside the folders was. */
static int
tries(void)
{
	int got = 0;

	if (abi > 0) {
		for (size_t i = 0; i < COUNT(files); i++)
			if (reads(files[i]))
				got |= 1 << i;
		if (rename(in_state("brake/editor/stable/key"),
			in_state("intake/key")) == 0 ||
		    link(in_state("brake/editor/stable/key"),
			in_state("intake/key")) == 0 ||
		    unlink(in_state("brake/editor/stable/key")) == 0)
			got |= 64;
		if (unlink(in_state("lock")) == 0 || writes("new"))
			got |= 128;
	}
	return got;
}

static int
in_fence(int (*fence)(void), int (*what)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fence() < 0 ? 255 : what());
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
fence_store(void)
{
	struct sandbox box;
	struct err e;

	return sandbox_store(&conf, &box, &e);
}

static int
fence_front(void)
{
	struct sandbox box;
	struct err e;

	return sandbox_front(&conf, &box, &e);
}

static int
others(void)
{
	struct sandbox box = sandbox_probe();

	return box.seccomp ? opens_sockets() | limits_others() << 1 : 0;
}

static void
store_leaves_the_brake_alone(void)
{
	int all = abi > 0 ? 2 | 4 | 8 | 16 : 0;

	make_state();
	CHECK_INT(in_fence(fence_store, tries), all);
	CHECK(file_exists(in_state("brake/editor/stable/key")));
	CHECK(file_exists(in_state("lock")));
}

static void
front_reads_blobs_only(void)
{
	make_state();
	CHECK_INT(in_fence(fence_front, tries), abi > 0 ? 4 : 0);
}

static void
nobody_calls_out_or_limits_others(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	(void)others;
	tap_skip("sanitizers need what the filter forbids");
#else
	make_state();
	CHECK_INT(in_fence(fence_store, others), 0);
	CHECK_INT(in_fence(fence_front, others), 0);
#endif
}

static const struct tap_test tests[] = {
	TAP(store_leaves_the_brake_alone),
	TAP(front_reads_blobs_only),
	TAP(nobody_calls_out_or_limits_others),
};

int
main(void)
{
	abi = landlock_abi();
	return tap_run(tests, COUNT(tests));
}
