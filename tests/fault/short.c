/*
 * A world in which every read and write is short and every other is
 * interrupted first, as POSIX allows: preloaded into programs under test.
 * sendmsg and recvmsg are left alone: the processes of the server speak by
 * them, in messages that are kept apart.  SHORT_SEED says which are how short.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* xorshift; shared by threads, each of which may well spoil it for the other */
static uint64_t
roll(void)
{
	static uint64_t state;
	uint64_t x = __atomic_load_n(&state, __ATOMIC_RELAXED);

	if (x == 0) {
		const char *seed = getenv("SHORT_SEED");

		x = (seed == NULL ? 1 : strtoull(seed, NULL, 10)) *
			UINT64_C(0x9e3779b97f4a7c15) +
		    (uint64_t)getpid() + 1;
	}
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	__atomic_store_n(&state, x, __ATOMIC_RELAXED);
	return x;
}

enum {
	WHOLE,
	STREAM,
	OTHER
};

/*
 * Sockets are not interrupted: the programs' do not block, so that the kernel
 * never does it either.
 */
static int
kind(int fd)
{
	struct stat st;
	int saved = errno, is = WHOLE;
	bool sockets = getenv("SHORT_SOCKETS") != NULL;

	if (fstat(fd, &st) == 0) {
		if (S_ISSOCK(st.st_mode))
			is = sockets ? STREAM : WHOLE;
		else if (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode))
			is = OTHER;
	}
	errno = saved;
	return is;
}

/* How many of n bytes this call moves; 0: it is interrupted. */
static size_t
cut(int fd, size_t n)
{
	int is = n == 0 ? WHOLE : kind(fd);
	uint64_t r = roll();

	if (is == WHOLE)
		return n;
	if (is == OTHER && (r & 3) == 0) {
		errno = EINTR;
		return 0;
	}
	/* mostly nearly all, sometimes very little: it has to end some day */
	if ((r & 12) == 0 && n < 65536)
		return 1 + (r >> 8) % n;
	return n - (r >> 8) % (n / 2 + 1);
}

/* The function that this one stands before. */
static void *
real(const char *name)
{
	void *at = dlsym(RTLD_NEXT, name);

	if (at == NULL)
		abort();
	return at;
}

/* clang-format off */
#define CALL(name, types)			\
	static ssize_t (*call) types;		\
	size_t some;				\
						\
	if (call == NULL)			\
		*(void **)&call = real(name);	\
	if ((some = cut(fd, n)) == 0 && n > 0)	\
		return -1;
/* clang-format on */

ssize_t
read(int fd, void *at, size_t n)
{
	CALL("read", (int, void *, size_t))
	return call(fd, at, some);
}

ssize_t
write(int fd, const void *at, size_t n)
{
	CALL("write", (int, const void *, size_t))
	return call(fd, at, some);
}

ssize_t
pread(int fd, void *at, size_t n, off_t from)
{
	CALL("pread", (int, void *, size_t, off_t))
	return call(fd, at, some, from);
}

ssize_t
pread64(int fd, void *at, size_t n, off_t from)
{
	CALL("pread64", (int, void *, size_t, off_t))
	return call(fd, at, some, from);
}

ssize_t
pwrite(int fd, const void *at, size_t n, off_t from)
{
	CALL("pwrite", (int, const void *, size_t, off_t))
	return call(fd, at, some, from);
}

ssize_t
pwrite64(int fd, const void *at, size_t n, off_t from)
{
	CALL("pwrite64", (int, const void *, size_t, off_t))
	return call(fd, at, some, from);
}

ssize_t
recv(int fd, void *at, size_t n, int flags)
{
	CALL("recv", (int, void *, size_t, int))
	return call(fd, at, some, flags);
}

ssize_t
send(int fd, const void *at, size_t n, int flags)
{
	CALL("send", (int, const void *, size_t, int))
	return call(fd, at, some, flags);
}

ssize_t
sendfile(int to, int from, off_t *at, size_t n)
{
	int fd = to;
	CALL("sendfile", (int, int, off_t *, size_t))
	return call(to, from, at, some);
}

ssize_t
sendfile64(int to, int from, off_t *at, size_t n)
{
	int fd = to;
	CALL("sendfile64", (int, int, off_t *, size_t))
	return call(to, from, at, some);
}

ssize_t
copy_file_range(
    int fd, off_t *from, int to, off_t *into, size_t n, unsigned flags)
{
	CALL("copy_file_range", (int, off_t *, int, off_t *, size_t, unsigned))
	return call(fd, from, to, into, some, flags);
}

/* Of several pieces the first. */
ssize_t
writev(int fd, const struct iovec *v, int pieces)
{
	return pieces < 1 ? 0 : write(fd, v[0].iov_base, v[0].iov_len);
}

ssize_t
readv(int fd, const struct iovec *v, int pieces)
{
	return pieces < 1 ? 0 : read(fd, v[0].iov_base, v[0].iov_len);
}

/* What the compiler calls where it knows the room. */
ssize_t __read_chk(int fd, void *at, size_t n, size_t room);
ssize_t __pread_chk(int fd, void *at, size_t n, off_t from, size_t room);
ssize_t __pread64_chk(int fd, void *at, size_t n, off_t from, size_t room);
ssize_t __recv_chk(int fd, void *at, size_t n, size_t room, int flags);

ssize_t
__read_chk(int fd, void *at, size_t n, size_t room)
{
	return n > room ? -1 : read(fd, at, n);
}

ssize_t
__pread_chk(int fd, void *at, size_t n, off_t from, size_t room)
{
	return n > room ? -1 : pread(fd, at, n, from);
}

ssize_t
__pread64_chk(int fd, void *at, size_t n, off_t from, size_t room)
{
	return n > room ? -1 : pread64(fd, at, n, from);
}

ssize_t
__recv_chk(int fd, void *at, size_t n, size_t room, int flags)
{
	return n > room ? -1 : recv(fd, at, n, flags);
}
