/*
 * Opening the listening socket.
 */
#include "server/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUEUE	 1024
#define TRIES	 20	/* the server before may still be on its way out */
#define PAUSE_US 100000 /* microseconds */

/* Split "a:p" and "[a]:p" at the last colon. */
static int
split(const char *where, char host[static 64], const char **port)
{
	const char *colon = strrchr(where, ':');
	size_t n;

	/* getaddrinfo would take 65537 for 1 */
	if (colon == NULL || colon[1] == 0 ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
	    strtoul(colon + 1, NULL, 10) > 65535)
		return -1;
	*port = colon + 1;
	n = (size_t)(colon - where);
	if (n >= 2 && where[0] == '[' && where[n - 1] == ']') {
		where++;
		n -= 2;
	} else if (memchr(where, ':', n) != NULL) {
		return -1;
	}
	if (n == 0 || n >= 64)
		return -1;
	(void)snprintf(host, 64, "%.*s", (int)n, where);
	return 0;
}

static int
port_of(int fd)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);
	char port[NI_MAXSERV];
	int n = 0;

	if (getsockname(fd, (struct sockaddr *)&at, &len) < 0 ||
	    getnameinfo((struct sockaddr *)&at, len, NULL, 0, port,
		sizeof(port), NI_NUMERICSERV) != 0 ||
	    sscanf(port, "%5d", &n) != 1)
		return 0;
	return n;
}

static int
bind_to(const struct addrinfo *a, const char *where, struct err *e)
{
	const int yes = 1, no = 0;
	int fd =
	    socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_sys(e, "%s", where);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (a->ai_family == AF_INET6)
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	for (int i = 0; bind(fd, a->ai_addr, a->ai_addrlen) < 0; i++) {
		if (errno == EADDRINUSE && i < TRIES) {
			(void)usleep(PAUSE_US);
			continue;
		}
		(void)err_sys(e, "%s", where);
		(void)close(fd);
		return -1;
	}
	if (listen(fd, QUEUE) < 0) {
		(void)err_sys(e, "%s", where);
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int
resolve(const char *where, struct addrinfo **out, struct err *e)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	const char *service;
	char host[64];

	if (split(where, host, &service) < 0 ||
	    getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, service, &hints,
		out) != 0)
		return err_set(
		    e, ERR_USAGE, "listen = %s: not address:port", where);
	return 0;
}

int
listener_check(const char *where, struct err *e)
{
	struct addrinfo *a;

	if (resolve(where, &a, e) < 0)
		return -1;
	freeaddrinfo(a);
	return 0;
}

int
listener_open(const char *where, int *port, struct err *e)
{
	struct addrinfo *a;
	int fd;

	if (resolve(where, &a, e) < 0)
		return -1;
	fd = bind_to(a, where, e);
	freeaddrinfo(a);
	if (fd >= 0)
		*port = port_of(fd);
	return fd;
}
