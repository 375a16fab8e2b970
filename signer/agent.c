/*
 * Talking to an ssh-agent.  It signs whatever anybody with the socket hands
 * it: that what we hand it cannot be mistaken for a login is agentwire_foreign.
 */
#include "signer/agent.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "manifest/base/buf.h"
#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/verb.h"
#include "signer/agentwire.h"
#include "signer/pubkey.h"

#define LIST_TIMEOUT_S	30
#define MESSAGE_MAX	(AGENTWIRE_MAX - 256) /* beside the rest of a request */
#define FINGERPRINT_PRE "SHA256:"

void
agent_close(struct agent *g)
{
	if (g->fd >= 0)
		(void)close(g->fd);
	g->fd = -1;
}

static int
agent_connect(struct err *e)
{
	const char *path = getenv("SSH_AUTH_SOCK");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd;

	if (path == NULL || *path == '\0') {
		verb_hint("eval \"$(ssh-agent)\" && ssh-add KEY");
		return err_set(
		    e, ERR_USAGE, "no ssh-agent: SSH_AUTH_SOCK is not set");
	}
	if (strlen(path) >= sizeof(to.sun_path))
		return err_set(e, ERR_USAGE, "SSH_AUTH_SOCK: too long");
	memcpy(to.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, "socket");
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0) {
		(void)err_sys(e, "%s (SSH_AUTH_SOCK)", path);
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* --- one exchange --------------------------------------------------------- */

struct exchange {
	int fd;
	int64_t until_ms;
};

static int
ready(const struct exchange *x, short what, struct err *e)
{
	struct pollfd p = { x->fd, what, 0 };

	for (;;) {
		int64_t left = x->until_ms - clock_mono_ms();
		int n;

		if (left <= 0)
			return err_set(e, ERR_SYS, "no answer in time");
		n = poll(&p, 1, (int)(left > 60000 ? 60000 : left));
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_sys(e, "poll");
	}
}

static int
send_all(const struct exchange *x, const uint8_t *at, size_t len, struct err *e)
{
	while (len > 0) {
		ssize_t n;

		if (ready(x, POLLOUT, e) < 0)
			return -1;
		n = send(x->fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return err_sys(e, "sending");
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
recv_all(const struct exchange *x, uint8_t *at, size_t len, struct err *e)
{
	while (len > 0) {
		ssize_t n;

		if (ready(x, POLLIN, e) < 0)
			return -1;
		n = recv(x->fd, at, len, MSG_DONTWAIT);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return err_sys(e, "receiving");
		if (n == 0)
			return err_set(e, ERR_SYS, "it hung up");
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static void
freep(uint8_t **p)
{
	free(*p);
}

/* A request, and its reply without the length into out. */
static int
exchange(int fd, const struct buf *request, int64_t timeout_s, struct buf *out,
    struct err *e)
{
	struct exchange x = { fd, clock_mono_ms() + timeout_s * 1000 };
	CLEANUP(freep) uint8_t *body = NULL;
	uint8_t head[AGENTWIRE_HEAD];
	size_t size;

	if (buf_ok(request, e) < 0 ||
	    send_all(&x, request->at, request->len, e) < 0 ||
	    recv_all(&x, head, sizeof(head), e) < 0 ||
	    agentwire_size(head, &size, e) < 0)
		return err_in(e, "ssh-agent");
	if ((body = malloc(size)) == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	if (recv_all(&x, body, size, e) < 0)
		return err_in(e, "ssh-agent");
	buf_add(out, body, size);
	return buf_ok(out, e);
}

/* --- choosing ------------------------------------------------------------- */

static int
choose_public(struct agent *g, const struct agentwire_key *keys, size_t n,
    const uint8_t *public, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (memcmp(keys[i].public, public, ED25519_PUBLIC_SIZE) != 0)
			continue;
		memcpy(g->public, public, sizeof(g->public));
		return 0;
	}
	verb_hint("ssh-add KEYFILE; ssh-add -l shows what it has");
	return err_set(e, ERR_MISSING, "the agent does not have this key");
}

static int
choose(struct agent *g, const char *which, const struct agentwire_key *keys,
    size_t n, struct err *e)
{
	bool print = strncmp(which, FINGERPRINT_PRE, 7) == 0;
	const struct agentwire_key *found = NULL;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(print ? keys[i].fingerprint : keys[i].comment,
			which) != 0)
			continue;
		if (found != NULL) {
			verb_hint("name it by its fingerprint (ssh-add -l)");
			return err_set(e, ERR_USAGE,
			    "several keys in the agent have this comment");
		}
		found = &keys[i];
	}
	if (found != NULL) {
		memcpy(g->public, found->public, sizeof(g->public));
		return 0;
	}
	verb_hint("ssh-add -l shows the keys of the agent");
	return err_set(e, ERR_MISSING,
	    "no Ed25519 key of this %s in the agent (%zu others there)",
	    print ? "fingerprint" : "comment or file", n);
}

static int
agent_choose(struct agent *g, const char *which, struct arena *a, struct err *e)
{
	struct agentwire_key *keys =
	    arena_array(a, AGENTWIRE_KEYS_MAX, sizeof(*keys), e);
	struct pubkey public;
	size_t n, others;
	AUTO_BUF request;
	AUTO_BUF reply;

	buf_init(&request, 64);
	buf_init(&reply, AGENTWIRE_MAX);
	agentwire_list(&request);
	if (keys == NULL ||
	    exchange(g->fd, &request, LIST_TIMEOUT_S, &reply, e) < 0)
		return -1;
	if (agentwire_keys(buf_bytes(&reply), keys, &n, &others, e) < 0)
		return err_in(e, "ssh-agent");
	if (strncmp(which, FINGERPRINT_PRE, 7) == 0 || !file_exists(which))
		return choose(g, which, keys, n, e);
	if (pubkey_read(&public, which, a, e) < 0)
		return -1;
	if (public.type != KEY_ED25519)
		return err_set(e, ERR_USAGE, "%s: not an Ed25519 key", which);
	return choose_public(g, keys, n, public.at, e);
}

int
agent_open(struct agent *g, const char *which, struct arena *a, struct err *e)
{
	memset(g, 0, sizeof(*g));
	g->fd = -1;
	if (*which == '\0')
		return err_set(e, ERR_USAGE,
		    "which key? (a fingerprint, a comment or a public key"
		    " file)");
	if ((g->fd = agent_connect(e)) < 0)
		return -1;
	return agent_choose(g, which, a, e);
}

int
agent_sign(const struct agent *g, struct bytes message, int64_t timeout_s,
    uint8_t out[static ED25519_SIG_SIZE], struct err *e)
{
	AUTO_BUF request;
	AUTO_BUF reply;

	buf_init(&request, AGENTWIRE_MAX);
	buf_init(&reply, AGENTWIRE_MAX);
	if (agentwire_foreign(message))
		return err_set(e, ERR_REFUSED,
		    "these bytes might be a login: an agent must not sign"
		    " them");
	if (message.len > MESSAGE_MAX)
		return err_set(e, ERR_LIMIT,
		    "%zu bytes are more than an ssh-agent signs (%d)",
		    message.len, MESSAGE_MAX);
	agentwire_sign(&request, g->public, message);
	if (exchange(g->fd, &request, timeout_s, &reply, e) < 0)
		return -1;
	if (agentwire_signature(buf_bytes(&reply), out, e) < 0)
		return err_in(e, "ssh-agent");
	return 0;
}
