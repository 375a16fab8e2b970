/*
 * The fences of the processes: one function per role, called once when what
 * must be open is open.  Landlock (landlock.h) decides what may be opened,
 * seccomp (syscalls.h) what may be asked of the kernel; capabilities are
 * dropped.  An older kernel gives less; the level is reported, never assumed.
 */
#ifndef SLUICE_SANDBOX_H
#define SLUICE_SANDBOX_H

#include <stdbool.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "server/config.h"

/* What is in force. */
struct sandbox {
	int landlock; /* ABI; 0: none */
	bool seccomp;
};

/* sandbox_front - read STATE/blobs; accept, never connect; no file is made or
 * opened for writing (uploads arrive as open descriptors); threads. */
int sandbox_front(const struct server_config *conf, struct sandbox *out,
    struct err *e) MUST_CHECK;

/* sandbox_store - STATE but for STATE/brake; forks intake; makes no sockets. */
int sandbox_store(const struct server_config *conf, struct sandbox *out,
    struct err *e) MUST_CHECK;

/* sandbox_intake - the child of store that reads what was pushed: it reads
 * STATE/blobs and STATE/incoming and writes only STATE/intake and what it was
 * given open.  No sockets, no processes. */
int sandbox_intake(
    const char *state, struct sandbox *out, struct err *e) MUST_CHECK;

/* sandbox_brake - dir (STATE/brake) and nothing else; no sockets. */
int sandbox_brake(
    const char *dir, struct sandbox *out, struct err *e) MUST_CHECK;

/* sandbox_post - connects outwards; reads what resolvers and TLS need, and
 * the webhook's key; writes nothing. */
int sandbox_post(const struct server_config *conf, struct sandbox *out,
    struct err *e) MUST_CHECK;

/* sandbox_probe - what this kernel offers, without using it. */
struct sandbox sandbox_probe(void);

#endif
