/*
 * The front process: sockets and HTTP.  It holds no key that signs documents
 * and no database; what it knows is the choice table that store hands over.
 * It answers polls and files from that, and passes on what only store can
 * answer.
 */
#ifndef SLUICE_FRONT_H
#define SLUICE_FRONT_H

#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "server/config.h"

/*
 * front_run - the process: serves until SIGTERM or SIGINT, which the caller
 * has blocked.  store_fd: ipc.h; listen_fd: bound and listening.  Puts up its
 * own fence.  Returns the exit status.
 */
int front_run(int store_fd, int listen_fd, const struct server_config *conf);

/* front_workers - the number of HTTP threads that conf asks for. */
int front_workers(const struct server_config *conf);

#endif
