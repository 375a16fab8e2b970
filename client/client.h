/*
 * The handle behind libsluice.h, for the files of this folder that drive the
 * flow.  The steps themselves take what they need and do not see it.
 */
#ifndef SLUICE_CLIENT_CLIENT_H
#define SLUICE_CLIENT_CLIENT_H

#include <stdbool.h>

#include "client/config.h"
#include "client/libsluice.h"
#include "client/origin.h"
#include "client/state.h"
#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "manifest/cohort.h"

struct sluice {
	struct arena *keep; /* the configuration's strings */
	struct config config;
	bool opened;
	struct err err; /* of the last call */
	char hint[300];

	void *ctx;
	int (*progress)(void *ctx, int stage, int64_t done, int64_t total);
	int (*consent)(void *ctx, const struct sluice_result *offer);
	void (*notice)(void *ctx, const char *text);

	/* while a call lasts: client_begin to client_end */
	int lock;
	struct arena *run;
	struct state *state;
	struct origin origin;
	int64_t bundle_s; /* the source is a bundle, made then; 0: it is not */
	const char *state_dir, *channel_dir, *downloads;
	char channel[PRODUCT_MAX + 1];
	char client_id[CLIENT_ID_SIZE]; /* "": none */
};

/*
 * client_begin - lock and load the state, find who we are; client_end gives
 * everything back and may be called without a begin.
 */
int client_begin(struct sluice *s, bool wait, struct err *e) MUST_CHECK;
void client_end(struct sluice *s);

int client_save(struct sluice *s, struct err *e) MUST_CHECK;

/* client_notice - one line for the owner's log. */
void client_notice(struct sluice *s, const char *fmt, ...) PRINTF(2, 3);

/* client_hint - what to do about the error that is being returned. */
void client_hint(struct sluice *s, const char *fmt, ...) PRINTF(2, 3);

/* client_hint_root - what to do where a channel has no trusted root. */
void client_hint_root(struct sluice *s);

/* client_here - state_here of the handle. */
const struct state_release *client_here(const struct sluice *s);

/* client_floor - of the followed channel, the configuration's included. */
int64_t client_floor(const struct sluice *s);

#endif
