/*
 * What the brake keeps of one channel: keys, and a memory that is one file,
 * replaced whole.  Only brake*.c includes this.
 */
#ifndef SLUICE_BRAKE_STATE_H
#define SLUICE_BRAKE_STATE_H

#include <jansson.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "manifest/base/secret.h"
#include "manifest/ladder.h"
#include "manifest/manifest.h"
#include "manifest/role.h"

#define BRAKE_ARENA_MAX (64 * 1024 * 1024)

struct brake_rung {
	int64_t length; /* of the snapshot; its version is 32 m + index */
	uint8_t sha256[SHA256_SIZE];
};

struct brake_state {
	const char *folder; /* DIR/<product>/<channel> */
	char product[PRODUCT_MAX + 1], channel[PRODUCT_MAX + 1];
	const struct role *root;
	/* the last round, and what it was signed for */
	int64_t round, round_m, signed_at_s, expires_s;
	/* the publication */
	int64_t m; /* 0: none yet */
	int top;   /* highest rung signed, -1: none */
	int64_t not_before_s;
	uint32_t early; /* bit i: rung i may be signed before not_before */
	int nrungs;
	struct brake_rung rungs[LADDER_MAX];
};

/* brake_state_open - folder and names for "P/C"; everything else empty. */
int brake_state_open(struct brake_state *s, const char *dir,
    const char *channel, struct arena *a, struct err *e) MUST_CHECK;
/* brake_state_read - open and read; ERR_MISSING: no root is trusted yet. */
int brake_state_read(struct brake_state *s, const char *dir,
    const char *channel, struct arena *a, struct err *e) MUST_CHECK;
/* brake_state_write - replace the file; on disk when it returns. */
int brake_state_write(const struct brake_state *s, struct err *e) MUST_CHECK;

/* A signing key in guarded memory. */
struct brake_key {
	struct secret secret; /* libsodium's 64 bytes */
	char id[KEYID_SIZE];
	bool next; /* it is key.next */
};
void brake_key_done(struct brake_key *k);
#define AUTO_BRAKE_KEY CLEANUP(brake_key_done) struct brake_key

/* brake_key_load - the key of the channel that root names for timestamps:
 * key, else key.next; ERR_REFUSED when it names neither. */
int brake_key_load(struct brake_key *k, const struct brake_state *s,
    const struct role *root, struct err *e) MUST_CHECK;

/* brake_key_promote - key.next takes the place of key. */
int brake_key_promote(const struct brake_state *s, struct err *e) MUST_CHECK;

/* brake_adopt - the "adopt" of brake.h; the answer, or NULL with e set. */
json_t *brake_adopt(struct brake_state *s, const json_t *ask, struct arena *a,
    struct err *e) MUST_CHECK;

#endif
