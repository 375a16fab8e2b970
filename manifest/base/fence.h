/*
 * The narrowest fence: for a child that turns bytes that it reads from open
 * descriptors into bytes that it writes to open descriptors, and needs nothing
 * else of the machine.  The server's processes have fences of their own
 * (server/sandbox.h).
 */
#ifndef SLUICE_FENCE_H
#define SLUICE_FENCE_H

#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

/*
 * fence_filter - from here on: at most memory bytes of address space, no new
 * files, no processes, no sockets, no signals to others; only what is open is
 * read and written.  Where the kernel has no seccomp the limits alone hold;
 * returns 1 with it, 0 without, -1 when something is refused that must work.
 */
int fence_filter(int64_t memory, struct err *e) MUST_CHECK;

#endif
