/*
 * Landlock by raw system calls: what a process may open from here on, and that
 * it may neither connect, bind nor signal outwards.  Works with every ABI from
 * 1 on, using what the kernel has; see sandbox.h for who gets what.
 */
#ifndef SLUICE_LANDLOCK_H
#define SLUICE_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

enum landlock_use {
	LANDLOCK_READ,	/* open files and folders to read */
	LANDLOCK_WRITE, /* also write, make, rename and remove */
};

struct landlock_path {
	const char *path;
	enum landlock_use use;
	bool optional; /* skip it if it is not there */
};

/* landlock_abi - of the running kernel; 0: it has none. */
int landlock_abi(void);

/*
 * landlock_confine - this thread and its future children may open only these
 * paths (and what lies below).  network: TCP is left alone.  Returns the ABI
 * that is in force, 0 if the kernel has none, -1 with e set.
 */
int landlock_confine(const struct landlock_path *paths, size_t n, bool network,
    struct err *e) MUST_CHECK;

#endif
