/*
 * Prefixes and counters of peers.
 */
#include "server/peer.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 65536 /* many times the connections that there may be */

struct peer_limits {
	uint8_t key[crypto_shorthash_KEYBYTES];
	_Atomic uint32_t open[SLOTS];
	/* token buckets: the moment (us) up to which tokens are used up */
	_Atomic int64_t spent_us[SLOTS];
};

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static struct peer
from_v4(const void *at)
{
	struct peer p;

	memcpy(p.at, mapped, 12);
	memcpy(p.at + 12, at, 4);
	return p;
}

struct peer
peer_read(const struct sockaddr *sa)
{
	const uint8_t loopback[4] = { 127, 0, 0, 1 };
	struct peer p = from_v4(loopback);

	if (sa != NULL && sa->sa_family == AF_INET) {
		struct sockaddr_in v4;

		memcpy(&v4, sa, sizeof(v4));
		return from_v4(&v4.sin_addr);
	}
	if (sa != NULL && sa->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;

		memcpy(&v6, sa, sizeof(v6));
		memcpy(p.at, &v6.sin6_addr, 16);
	}
	return p;
}

int
peer_text(struct peer *p, const char *text)
{
	uint8_t v4[4];

	if (inet_pton(AF_INET, text, v4) == 1) {
		*p = from_v4(v4);
		return 0;
	}
	return inet_pton(AF_INET6, text, p->at) == 1 ? 0 : -1;
}

static bool
is_v4(const struct peer *p)
{
	return memcmp(p->at, mapped, sizeof(mapped)) == 0;
}

bool
peer_loopback(const struct peer *p)
{
	static const uint8_t one[16] = { [15] = 1 };

	return is_v4(p) ? p->at[12] == 127 : memcmp(p->at, one, 16) == 0;
}

/* Keep the first bits of an IPv4 address, or of an IPv6 one. */
static struct peer
cut(const struct peer *p, int v4_bits, int v6_bits)
{
	struct peer c = *p;
	int bits = is_v4(p) ? 96 + v4_bits : v6_bits;

	memset(c.at + bits / 8, 0, sizeof(c.at) - (size_t)bits / 8);
	return c;
}

struct peer_limits *
peer_limits_new(struct err *e)
{
	struct peer_limits *l = calloc(1, sizeof(*l));

	if (l == NULL)
		(void)err_set(e, ERR_SYS, "no memory for limits");
	else
		crypto_shorthash_keygen(l->key);
	return l;
}

void
peer_limits_free(struct peer_limits *l)
{
	free(l);
}

static size_t
slot(const struct peer_limits *l, struct peer p)
{
	uint8_t hash[crypto_shorthash_BYTES];

	crypto_shorthash(hash, p.at, sizeof(p.at), l->key);
	return (size_t)(hash[0] | hash[1] << 8) % SLOTS;
}

bool
peer_full(const struct peer_limits *l, const struct peer *p, int64_t max)
{
	return l->open[slot(l, cut(p, 32, 56))] >= max;
}

void
peer_enter(struct peer_limits *l, const struct peer *p)
{
	atomic_fetch_add(&l->open[slot(l, cut(p, 32, 56))], 1);
}

void
peer_leave(struct peer_limits *l, const struct peer *p)
{
	atomic_fetch_sub(&l->open[slot(l, cut(p, 32, 56))], 1);
}

/*
 * A bucket is one number: the moment when it would be full again.  A token
 * costs a minute / per_minute of the future, of which there is one minute.
 * Microseconds, so that many tokens per minute still cost something.
 */
#define MINUTE_US ((int64_t)60000000)

bool
peer_spent(struct peer_limits *l, const struct peer *p, int64_t per_minute,
    int64_t now_ms)
{
	int64_t was = l->spent_us[slot(l, cut(p, 24, 48))];

	return was + MINUTE_US / per_minute - now_ms * 1000 > MINUTE_US;
}

bool
peer_take(struct peer_limits *l, const struct peer *p, int64_t per_minute,
    int64_t now_ms)
{
	_Atomic int64_t *at = &l->spent_us[slot(l, cut(p, 24, 48))];
	const int64_t now = now_ms * 1000, cost = MINUTE_US / per_minute;
	int64_t was = atomic_load(at), start;

	do {
		start = was > now ? was : now;
		if (start + cost - now > MINUTE_US)
			return false;
	} while (!atomic_compare_exchange_weak(at, &was, start + cost));
	return true;
}
