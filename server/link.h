/*
 * Connections and their absolute deadlines.  libmicrohttpd's own timeout is of
 * inactivity: who sends a byte now and then keeps a connection for ever.  Here
 * every state of a connection ends at a fixed moment, whatever trickles in.
 */
#ifndef SLUICE_LINK_H
#define SLUICE_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "server/peer.h"

#define LINK_NEVER INT64_MAX

struct link {
	int fd;
	bool busy; /* a request is in progress */
	struct peer peer;
	int64_t deadline_ms; /* of clock_mono_ms */
	struct link *prev, *next;
};

/* The connections of one thread. */
struct links {
	struct peer_limits *limits;
	struct link *first;
	int n;
};

/* link_open - a new connection, counted for its prefix; NULL: no memory. */
struct link *link_open(
    struct links *all, int fd, const struct sockaddr *sa, int64_t deadline_ms);
/* link_close - it is gone; NULL is allowed. */
void link_close(struct links *all, struct link *l);
/* link_sweep - shut down what is past its deadline; idle: and what has no
 * request in progress. */
void link_sweep(const struct links *all, int64_t now_ms, bool idle);

#endif
