/*
 * The supervisor: opens the listening socket, forks front, store, post and
 * brake, starts anew what dies, ends all of it in order.  It does nothing
 * else, so that it does not die itself; if it does, nothing outlives it.
 *
 * Front and the line between front and store outlive a crash on the other
 * side.  Store, post and brake are one: when one dies, all three are started
 * anew with fresh lines, so that no half-read answer is left in any.  Nothing
 * that was acknowledged is in memory only.
 */
#ifndef SLUICE_SUPERVISE_H
#define SLUICE_SUPERVISE_H

#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "server/config.h"

/*
 * supervise_run - runs until SIGTERM or SIGINT; 0 after an orderly end.  The
 * state directory must have been made by init.  STATE/port gets the port,
 * STATE/lock is held.
 */
int supervise_run(const struct server_config *conf, struct err *e) MUST_CHECK;

#endif
