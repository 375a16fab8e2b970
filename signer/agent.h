/*
 * An ssh-agent as a source of signatures: the socket of SSH_AUTH_SOCK.  The
 * messages are agentwire.c.
 */
#ifndef SLUICE_AGENT_H
#define SLUICE_AGENT_H

#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "manifest/key.h"

struct agent {
	int fd; /* -1: none */
	uint8_t public[ED25519_PUBLIC_SIZE];
};

/*
 * agent_open - connect and choose the key: by fingerprint ("SHA256:..."), by
 * the path of its public key file, or by a comment that only one key has.
 * agent_close on every path after.
 */
int agent_open(struct agent *g, const char *which, struct arena *a,
    struct err *e) MUST_CHECK;
void agent_close(struct agent *g);

/*
 * agent_sign - plain Ed25519 over the message.  Waits timeout_s: the agent may
 * ask a person.  Messages that SSH itself might sign are refused.
 */
int agent_sign(const struct agent *g, struct bytes message, int64_t timeout_s,
    uint8_t out[static ED25519_SIG_SIZE], struct err *e) MUST_CHECK;

#endif
