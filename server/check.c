/*
 * What must be right before a server starts.
 */
#include "server/check.h"

#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "manifest/base/file.h"
#include "server/listener.h"
#include "server/post.h"
#include "server/store.h"

#define SOCKET_ROOM sizeof(((struct sockaddr_un *)0)->sun_path)

int
check_config(const struct server_config *conf, struct err *e)
{
	gid_t gid;

	if (listener_check(conf->listen, e) < 0)
		return -1;
	if (strlen(conf->admin_socket) >= SOCKET_ROOM)
		return err_set(e, ERR_USAGE,
		    "admin_socket = %s: longer than the %zu bytes of a socket's"
		    " path",
		    conf->admin_socket, SOCKET_ROOM - 1);
	if (store_group(conf->admin_group, &gid, e) < 0)
		return -1;
	if (conf->webhook_secret != NULL &&
	    post_check(conf->webhook_secret, e) < 0)
		return err_in(e, "webhook_secret");
	return 0;
}

int
check_state(const struct server_config *conf, struct err *e)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/db/sluice.db", conf->state) >=
	    (int)sizeof(path))
		return err_set(e, ERR_LIMIT, "state: the path is too long");
	if (file_exists(path))
		return 0;
	return err_set(e, ERR_MISSING,
	    "no server's state in %s: sluiced init makes it", conf->state);
}
