/*
 * The system calls that each process may make, over libseccomp.  What is not
 * listed fails with EPERM; what only an attacker would try kills the process.
 */
#ifndef SLUICE_SYSCALLS_H
#define SLUICE_SYSCALLS_H

#include <stdbool.h>
#include <stddef.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

enum syscalls_part {
	SYSCALLS_THREADS = 1,	/* make threads */
	SYSCALLS_SERVE = 2,	/* accept, epoll; read-only openat */
	SYSCALLS_FILES = 4,	/* open, write, rename, remove */
	SYSCALLS_FORK = 8,	/* make processes, fence and end them */
	SYSCALLS_INTERNET = 16, /* sockets of AF_INET, connect */
	SYSCALLS_LOAD = 32,	/* map shared objects (the resolver's) */
};

/*
 * syscalls_confine - all threads of this process, for ever.  parts: a set of
 * enum syscalls_part beside what every process needs.  Returns 1, or 0 if the
 * kernel or the build (sanitizers) has no use for it, or -1 with e set.
 */
int syscalls_confine(unsigned parts, struct err *e) MUST_CHECK;

#endif
