/*
 * The ssh-agent protocol (draft-miller-ssh-agent), as much of it as signing
 * with Ed25519 needs: requests out, replies in.  Pure; the socket is agent.c.
 */
#ifndef SLUICE_AGENTWIRE_H
#define SLUICE_AGENTWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/buf.h"
#include "manifest/base/err.h"
#include "manifest/key.h"

#define AGENTWIRE_MAX	      (256 * 1024) /* what OpenSSH's agent takes */
#define AGENTWIRE_HEAD	      4		   /* length before each message */
#define AGENTWIRE_FINGERPRINT 51	   /* "SHA256:..." with NUL */
#define AGENTWIRE_COMMENT     256
#define AGENTWIRE_KEYS_MAX    64

struct agentwire_key {
	uint8_t public[ED25519_PUBLIC_SIZE];
	char fingerprint[AGENTWIRE_FINGERPRINT];
	char comment[AGENTWIRE_COMMENT]; /* cut; fit for a terminal */
};

/* agentwire_blob - the key of an Ed25519 key blob; -1 for any other. */
int agentwire_blob(struct bytes blob, uint8_t out[static ED25519_PUBLIC_SIZE]);

/* agentwire_fingerprint - as ssh-add -l prints it. */
void agentwire_fingerprint(char out[static AGENTWIRE_FINGERPRINT],
    const uint8_t public[static ED25519_PUBLIC_SIZE]);

/* agentwire_list, agentwire_sign - requests, with the length before them. */
void agentwire_list(struct buf *out);
void agentwire_sign(struct buf *out,
    const uint8_t public[static ED25519_PUBLIC_SIZE], struct bytes message);

/* agentwire_size - the length before a reply; ERR_INPUT if it is absurd. */
int agentwire_size(const uint8_t head[static AGENTWIRE_HEAD], size_t *out,
    struct err *e) MUST_CHECK;

/*
 * agentwire_keys - the Ed25519 keys of a reply to a list (without its length);
 * *others counts the keys of other kinds.  ERR_INPUT for a reply that is not
 * one, or says more than it has.
 */
int agentwire_keys(struct bytes reply, struct agentwire_key *out, size_t *n,
    size_t *others, struct err *e) MUST_CHECK;

/* agentwire_signature - of a reply to a sign request.  ERR_REFUSED when the
 * agent (or the person it asked) said no. */
int agentwire_signature(struct bytes reply,
    uint8_t out[static ED25519_SIG_SIZE], struct err *e) MUST_CHECK;

/*
 * agentwire_foreign - the message could also be something that SSH signs: a
 * login (which begins with a length and a session ID), or a file signature
 * ("SSHSIG").  Such a thing must never be signed as ours.
 */
bool agentwire_foreign(struct bytes message);

#endif
