/*
 * Landlock.  The constants are the kernel's; they are written out because the
 * headers of older systems lack the later ones.
 */
#include "server/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "manifest/base/file.h"

/* linux/landlock.h: access rights to files, by ABI */
#define FS_WRITE_FILE ((uint64_t)1 << 1)
#define FS_READ_FILE  ((uint64_t)1 << 2)
#define FS_READ_DIR   ((uint64_t)1 << 3)
#define FS_ABI_1      (((uint64_t)1 << 13) - 1)
#define FS_REFER      ((uint64_t)1 << 13) /* ABI 2 */
#define FS_TRUNCATE   ((uint64_t)1 << 14) /* ABI 3 */
#define FS_IOCTL_DEV  ((uint64_t)1 << 15) /* ABI 5 */
#define FS_EXECUTE    ((uint64_t)1 << 0)
#define FS_MAKE_CHAR  ((uint64_t)1 << 6)
#define FS_MAKE_SOCK  ((uint64_t)1 << 9)
#define FS_MAKE_BLOCK ((uint64_t)1 << 11)
#define NET_TCP	      ((uint64_t)3) /* ABI 4: bind, connect */
#define SCOPE_BOTH    ((uint64_t)3) /* ABI 6: abstract sockets, signals */

#define RULE_PATH_BENEATH 1
#define CREATE_VERSION	  1u

struct ruleset {
	uint64_t fs, net, scoped;
};

struct path_beneath {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

int
landlock_abi(void)
{
	long n = syscall(
	    __NR_landlock_create_ruleset, NULL, (size_t)0, CREATE_VERSION);

	return n < 0 ? 0 : (int)n;
}

static struct ruleset
handled(int abi, bool network)
{
	struct ruleset r = { .fs = FS_ABI_1 };

	if (abi >= 2)
		r.fs |= FS_REFER;
	if (abi >= 3)
		r.fs |= FS_TRUNCATE;
	if (abi >= 4 && !network)
		r.net = NET_TCP;
	if (abi >= 5)
		r.fs |= FS_IOCTL_DEV;
	if (abi >= 6)
		r.scoped = SCOPE_BOTH;
	return r;
}

/* An older kernel refuses a longer struct than it knows. */
static size_t
ruleset_size(int abi)
{
	return abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
}

static uint64_t
access_of(const struct landlock_path *p, const struct stat *st, uint64_t all)
{
	uint64_t use = FS_READ_FILE | FS_READ_DIR;

	if (p->use == LANDLOCK_WRITE)
		use = all &
		    ~(FS_EXECUTE | FS_MAKE_CHAR | FS_MAKE_SOCK | FS_MAKE_BLOCK |
			FS_IOCTL_DEV);
	if (!S_ISDIR(st->st_mode))
		use &= FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE;
	return use & all;
}

static int
allow(int ruleset, const struct landlock_path *p, uint64_t all, struct err *e)
{
	AUTO_FD fd = open(p->path, O_PATH | O_CLOEXEC);
	struct path_beneath rule;
	struct stat st;

	if (fd < 0 && p->optional)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "%s", p->path);
	rule.allowed = access_of(p, &st, all);
	rule.parent_fd = fd;
	if (syscall(__NR_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule,
		0u) < 0)
		return err_sys(e, "landlock_add_rule %s", p->path);
	return 0;
}

int
landlock_confine(
    const struct landlock_path *paths, size_t n, bool network, struct err *e)
{
	int abi = landlock_abi();
	struct ruleset r = handled(abi, network);
	AUTO_FD fd = -1;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, "no_new_privs");
	if (abi == 0)
		return 0;
	fd = (int)syscall(
	    __NR_landlock_create_ruleset, &r, ruleset_size(abi), 0u);
	if (fd < 0)
		return err_sys(e, "landlock_create_ruleset");
	for (size_t i = 0; i < n; i++)
		if (allow(fd, &paths[i], r.fs, e) < 0)
			return -1;
	if (syscall(__NR_landlock_restrict_self, fd, 0u) < 0)
		return err_sys(e, "landlock_restrict_self");
	return abi;
}
