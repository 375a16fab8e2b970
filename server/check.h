/*
 * What must be right before a server starts.  A process that finds it out only
 * when it runs would be started again for ever.
 */
#ifndef SLUICE_SERVER_CHECK_H
#define SLUICE_SERVER_CHECK_H

#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "server/config.h"

/* check_config - what a key names is there and can be used by this user: the
 * address, the path of the socket, the group, the webhook's secret. */
int check_config(const struct server_config *conf, struct err *e) MUST_CHECK;

/* check_state - sluiced init has been here; ERR_MISSING. */
int check_state(const struct server_config *conf, struct err *e) MUST_CHECK;

#endif
