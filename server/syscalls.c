/*
 * Lists of system calls.  A name that this kernel's libseccomp does not know
 * is skipped: it could not be called anyway.
 */
#include "server/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define NEW_NAMESPACES                                               \
	(CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | \
	    CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)
#define OPEN_WRITES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)

// clang-format off
static const char *const everybody[] = {
	"read", "write", "readv", "writev", "pread64", "pwrite64", "close",
	"fstat", "newfstatat", "lseek", "munmap", "mremap", "brk", "madvise",
	"mlock", "munlock", "futex", "rt_sigaction", "rt_sigprocmask",
	"rt_sigreturn", "rt_sigtimedwait", "sigaltstack", "restart_syscall",
	"exit", "exit_group", "getpid", "gettid", "getppid", "getuid",
	"geteuid", "getgid", "getegid", "tgkill", "clock_gettime",
	"clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
	"getrandom", "poll", "ppoll", "select", "pselect6", "epoll_wait",
	"epoll_pwait", "epoll_ctl", "epoll_create1", "eventfd2", "signalfd4",
	"timerfd_create", "timerfd_settime", "sendmsg", "recvmsg", "sendto",
	"recvfrom", "fcntl", "dup", "memfd_create", "ftruncate", "sched_yield",
	"sched_getaffinity", "getrlimit", "getrusage", "sysinfo",
	"uname", "membarrier", "rseq", "set_robust_list", "pipe2", "shutdown",
	NULL,
};
static const char *const serve[] = {
	"accept4", "accept", "getsockopt", "setsockopt", "getsockname",
	"getpeername", "sendfile", NULL,
};
static const char *const files[] = {
	"open", "openat", "openat2", "stat", "lstat", "statx", "access",
	"faccessat", "faccessat2", "readlink", "readlinkat", "getdents64",
	"getcwd", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename",
	"renameat", "renameat2", "link", "linkat", "chmod", "fchmod",
	"fchmodat", "chown", "fchown", "fchownat", "umask", "utimensat",
	"fsync", "fdatasync", "sync_file_range", "fallocate", "flock",
	"copy_file_range", "sendfile", "ioctl", "statfs", "fstatfs",
	"fadvise64", NULL,
};
static const char *const fork_and_fence[] = {
	"wait4", "waitid", "kill", "prctl", "seccomp", "capset", "capget",
	"setrlimit", "setpriority", "landlock_create_ruleset",
	"landlock_add_rule", "landlock_restrict_self", "pidfd_open",
	"pidfd_send_signal", "close_range", "dup2", "dup3", NULL,
};
static const char *const internet[] = {
	"socket", "connect", "getsockopt", "setsockopt", "getsockname",
	"getpeername", "sendmmsg", "recvmmsg", "bind", "ioctl", "open",
	"openat", "stat", "lstat", "statx", "access", "faccessat",
	"faccessat2", "readlink", "getdents64", "socketpair", "statfs",
	"fstatfs", "fadvise64", NULL,
};
static const char *const killers[] = {
	"execve", "execveat", "ptrace", "process_vm_readv",
	"process_vm_writev", "bpf", "mount", "umount2", "pivot_root", "unshare",
	"setns", "init_module", "finit_module", "kexec_load", "keyctl",
	"add_key", "request_key", "userfaultfd", "perf_event_open",
	"open_by_handle_at", "io_uring_setup", NULL,
};
// clang-format on

static int
add(scmp_filter_ctx f, uint32_t action, const char *name,
    const struct scmp_arg_cmp *arg, struct err *e)
{
	int nr = seccomp_syscall_resolve_name(name), r;

	if (nr == __NR_SCMP_ERROR)
		return 0;
	r = seccomp_rule_add_array(f, action, nr, arg != NULL ? 1 : 0, arg);
	if (r < 0) {
		errno = -r;
		return err_sys(e, "seccomp rule for %s", name);
	}
	return 0;
}

static int
add_list(
    scmp_filter_ctx f, uint32_t action, const char *const *names, struct err *e)
{
	for (; *names != NULL; names++)
		if (add(f, action, *names, NULL, e) < 0)
			return -1;
	return 0;
}

/* Calls that are allowed with some arguments only. */
static int
add_checked(scmp_filter_ctx f, unsigned parts, struct err *e)
{
	const struct scmp_arg_cmp no_exec =
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	const struct scmp_arg_cmp thread =
	    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD);
	const struct scmp_arg_cmp own =
	    SCMP_A0(SCMP_CMP_MASKED_EQ, NEW_NAMESPACES, 0);
	/* not another process's: all are of one user */
	const struct scmp_arg_cmp own_limits = SCMP_A0(SCMP_CMP_EQ, 0, 0);
	const struct scmp_arg_cmp reads =
	    SCMP_A2(SCMP_CMP_MASKED_EQ, OPEN_WRITES, 0);
	const struct scmp_arg_cmp *exec =
	    (parts & SYSCALLS_LOAD) != 0 ? NULL : &no_exec;

	if (add(f, SCMP_ACT_ALLOW, "mmap", exec, e) < 0 ||
	    add(f, SCMP_ACT_ALLOW, "mprotect", exec, e) < 0 ||
	    add(f, SCMP_ACT_ALLOW, "prlimit64", &own_limits, e) < 0)
		return -1;
	if ((parts & SYSCALLS_FORK) != 0) {
		if (add(f, SCMP_ACT_ALLOW, "clone", &own, e) < 0)
			return -1;
	} else if ((parts & SYSCALLS_THREADS) != 0 &&
	    add(f, SCMP_ACT_ALLOW, "clone", &thread, e) < 0)
		return -1;
	if ((parts & (SYSCALLS_FILES | SYSCALLS_INTERNET)) == 0 &&
	    add(f, SCMP_ACT_ALLOW, "openat", &reads, e) < 0)
		return -1;
	/* its flags lie in memory, where no filter sees them: libc falls back
	 * to clone */
	return add(f, SCMP_ACT_ERRNO(ENOSYS), "clone3", NULL, e);
}

static int
fill(scmp_filter_ctx f, unsigned parts, struct err *e)
{
	const struct {
		unsigned part;
		const char *const *names;
	} lists[] = {
		{ SYSCALLS_SERVE, serve },
		{ SYSCALLS_FILES, files },
		{ SYSCALLS_FORK, fork_and_fence },
		{ SYSCALLS_INTERNET, internet },
	};

	if (add_list(f, SCMP_ACT_ALLOW, everybody, e) < 0 ||
	    add_list(f, SCMP_ACT_KILL_PROCESS, killers, e) < 0)
		return -1;
	for (size_t i = 0; i < COUNT(lists); i++)
		if ((parts & lists[i].part) != 0 &&
		    add_list(f, SCMP_ACT_ALLOW, lists[i].names, e) < 0)
			return -1;
	return add_checked(f, parts, e);
}

int
syscalls_confine(unsigned parts, struct err *e)
{
	scmp_filter_ctx f;
	int r;

	if (BASE_SANITIZED)
		return 0;
	if ((f = seccomp_init(SCMP_ACT_ERRNO(EPERM))) == NULL)
		return err_set(e, ERR_SYS, "no memory for a seccomp filter");
	/* a binary tree: the calls of every poll are found in a few steps */
	(void)seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	(void)seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
	if (fill(f, parts, e) < 0) {
		seccomp_release(f);
		return -1;
	}
	r = seccomp_load(f);
	seccomp_release(f);
	if (r == -EINVAL || r == -ENOSYS)
		return 0;
	if (r < 0) {
		errno = -r;
		return err_sys(e, "load the seccomp filter");
	}
	return 1;
}
