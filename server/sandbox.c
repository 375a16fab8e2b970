/*
 * Who may do what: the paths and system calls of each role, in one place.
 */
#include "server/sandbox.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/landlock.h"
#include "server/syscalls.h"

#define PATH_SIZE 4096

static int
state_path(char out[static PATH_SIZE], const char *state, const char *name,
    struct err *e)
{
	int n = snprintf(out, PATH_SIZE, "%s/%s", state, name);

	if (n < 0 || n >= PATH_SIZE)
		return err_set(e, ERR_LIMIT, "%s: path too long", state);
	return 0;
}

/* Root without capabilities is a user like others: it owns its files, and
 * nothing else. */
static int
drop_capabilities(struct err *e)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	memset(data, 0, sizeof(data));
	if (syscall(SYS_capset, &head, data) < 0)
		return err_sys(e, "drop capabilities");
	return 0;
}

struct fence {
	const struct landlock_path *paths;
	size_t npaths;
	bool network;
	unsigned calls;
};

static int
confine(const struct fence *f, struct sandbox *out, struct err *e)
{
	const struct rlimit none = { 0, 0 };
	int n;

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (drop_capabilities(e) < 0)
		return -1;
	n = landlock_confine(f->paths, f->npaths, f->network, e);
	if (n < 0)
		return -1;
	out->landlock = n;
	if ((n = syscalls_confine(f->calls, e)) < 0)
		return -1;
	out->seccomp = n == 1;
	return 0;
}

int
sandbox_front(
    const struct server_config *conf, struct sandbox *out, struct err *e)
{
	char blobs[PATH_SIZE];
	const struct landlock_path paths[] = {
		{ blobs, LANDLOCK_READ, false },
	};
	const struct fence f = {
		.paths = paths,
		.npaths = COUNT(paths),
		.calls = SYSCALLS_SERVE | SYSCALLS_THREADS,
	};

	if (state_path(blobs, conf->state, "blobs", e) < 0)
		return -1;
	return confine(&f, out, e);
}

int
sandbox_store(
    const struct server_config *conf, struct sandbox *out, struct err *e)
{
	char db[PATH_SIZE], blobs[PATH_SIZE];
	char incoming[PATH_SIZE], work[PATH_SIZE];
	const struct landlock_path paths[] = {
		/* not STATE itself, for nothing: the brake's keys lie below */
		{ db, LANDLOCK_WRITE, false },
		{ blobs, LANDLOCK_WRITE, false },
		{ incoming, LANDLOCK_WRITE, false },
		{ work, LANDLOCK_WRITE, false },
		/* OpenSSL's settings, time zone */
		{ "/etc/ssl/openssl.cnf", LANDLOCK_READ, true },
		{ "/etc/pki/tls/openssl.cnf", LANDLOCK_READ, true },
		{ "/etc/crypto-policies", LANDLOCK_READ, true },
		{ "/etc/localtime", LANDLOCK_READ, true },
		{ "/usr/share/zoneinfo", LANDLOCK_READ, true },
		{ "/dev/urandom", LANDLOCK_READ, true },
		{ "/proc/self", LANDLOCK_READ, true },
		{ "/proc/meminfo", LANDLOCK_READ, true },
		{ conf->webhook_secret != NULL ? conf->webhook_secret
					       : "/dev/null",
		    LANDLOCK_READ, true },
		{ "/dev/null", LANDLOCK_WRITE, true },
	};
	const struct fence f = {
		.paths = paths,
		.npaths = COUNT(paths),
		.calls = SYSCALLS_FILES | SYSCALLS_FORK | SYSCALLS_SERVE |
		    SYSCALLS_THREADS,
	};

	if (state_path(db, conf->state, "db", e) < 0 ||
	    state_path(blobs, conf->state, "blobs", e) < 0 ||
	    state_path(incoming, conf->state, "incoming", e) < 0 ||
	    state_path(work, conf->state, "intake", e) < 0)
		return -1;
	return confine(&f, out, e);
}

int
sandbox_intake(const char *state, struct sandbox *out, struct err *e)
{
	char blobs[PATH_SIZE], incoming[PATH_SIZE], work[PATH_SIZE];
	const struct landlock_path paths[] = {
		{ blobs, LANDLOCK_READ, false },
		{ incoming, LANDLOCK_READ, true },
		{ work, LANDLOCK_WRITE, true },
		{ "/dev/urandom", LANDLOCK_READ, true },
	};
	const struct fence f = {
		.paths = paths,
		.npaths = COUNT(paths),
		.calls = SYSCALLS_FILES | SYSCALLS_THREADS,
	};

	if (state_path(blobs, state, "blobs", e) < 0 ||
	    state_path(incoming, state, "incoming", e) < 0 ||
	    state_path(work, state, "intake", e) < 0)
		return -1;
	return confine(&f, out, e);
}

int
sandbox_brake(const char *dir, struct sandbox *out, struct err *e)
{
	const struct landlock_path paths[] = {
		{ dir, LANDLOCK_WRITE, false },
		{ "/dev/urandom", LANDLOCK_READ, true },
	};
	const struct fence f = {
		.paths = paths,
		.npaths = COUNT(paths),
		.calls = SYSCALLS_FILES,
	};

	return confine(&f, out, e);
}

int
sandbox_post(
    const struct server_config *conf, struct sandbox *out, struct err *e)
{
	const struct landlock_path paths[] = {
		{ "/etc", LANDLOCK_READ, true },
		{ "/usr/lib", LANDLOCK_READ, true },
		{ "/usr/share", LANDLOCK_READ, true },
		{ "/usr/local/share/ca-certificates", LANDLOCK_READ, true },
		{ "/run/systemd/resolve", LANDLOCK_READ, true },
		{ "/dev/urandom", LANDLOCK_READ, true },
		{ conf->webhook_secret != NULL ? conf->webhook_secret
					       : "/dev/urandom",
		    LANDLOCK_READ, true },
	};
	const struct fence f = {
		.paths = paths,
		.npaths = COUNT(paths),
		.network = true,
		.calls = SYSCALLS_INTERNET | SYSCALLS_THREADS | SYSCALLS_LOAD,
	};

	return confine(&f, out, e);
}

struct sandbox
sandbox_probe(void)
{
	return (struct sandbox){ .landlock = landlock_abi(),
		.seccomp = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 };
}
