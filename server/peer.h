/*
 * Who is on the other end: network prefixes of addresses, and how much of the
 * server one prefix may hold.  Counters are keyed hashes of prefixes in a
 * fixed table: no allocation, no lock, no list that an attacker can grow.  Two
 * prefixes that fall together share a limit; the key, drawn at start, keeps
 * anyone from arranging that.
 */
#ifndef SLUICE_PEER_H
#define SLUICE_PEER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

/* An address: IPv4 is kept as its mapped IPv6 form. */
struct peer {
	uint8_t at[16];
};

/* peer_read - from a socket address; what is not IP gives loopback. */
struct peer peer_read(const struct sockaddr *sa);
/* peer_text - from text, IPv4 or IPv6.  0 or -1. */
int peer_text(struct peer *p, const char *text);
bool peer_loopback(const struct peer *p);

/* The counters; shared by all threads. */
struct peer_limits;

struct peer_limits *peer_limits_new(struct err *e) MUST_CHECK;
void peer_limits_free(struct peer_limits *l);

/* peer_full - are there max connections of its address (IPv6: its /56)?
 * peer_enter, peer_leave - one more, one less. */
bool peer_full(const struct peer_limits *l, const struct peer *p, int64_t max);
void peer_enter(struct peer_limits *l, const struct peer *p);
void peer_leave(struct peer_limits *l, const struct peer *p);

/* peer_take - one token of its prefix (/24, /48), per_minute of which are
 * there at most and come back evenly; false: none left. */
bool peer_take(struct peer_limits *l, const struct peer *p, int64_t per_minute,
    int64_t now_ms);
/* peer_spent - has it no token left?  Takes none. */
bool peer_spent(struct peer_limits *l, const struct peer *p, int64_t per_minute,
    int64_t now_ms);

#endif
