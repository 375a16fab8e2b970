/*
 * A channel with operators, for property tests of who gets what: a seeded
 * generator of publications, renewals and commands, and what those promise,
 * kept apart from the code under test.
 */
#ifndef SLUICE_TESTS_CHOICE_WORLD_H
#define SLUICE_TESTS_CHOICE_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "manifest/cohort.h"
#include "server/choice.h"
#include "server/command.h"

#define NOW_S	  INT64_C(1780272000)
#define HOUR_S	  INT64_C(3600)
#define CLIENTS	  72
#define PLATFORMS 3
#define GROUPS	  2

enum variant {
	RIGHT,
	NO_STOP,     /* gives the first offer to whoever would be stopped */
	NO_TAKE,     /* a lower percentage moves no rung */
	NO_PINS,     /* pins are not looked at */
	NO_FLOOR,    /* platforms' stops do not reach unknown platforms */
	NO_SEEN,     /* what a client has seen does not count */
	NO_ENVELOPE, /* the plan is open at once */
	NO_CONTROL,  /* the control slice is admitted */
	NO_HAS,	     /* what is installed does not count */
	VARIANTS,
};

struct client {
	char id[CLIENT_ID_SIZE]; /* "": none */
	int platform;		 /* -1: does not say */
	int group;		 /* -1: none; ours only */
	bool ours;		 /* sends seen, checks offers, may ask */
	bool says_version;
	int64_t snapshot; /* accepted */
	int64_t installed;
};

struct world {
	enum variant variant;
	uint64_t rng;
	int64_t now_s;
	struct channel_state c;
	struct client clients[CLIENTS];
	struct view views[VIEWS_MAX];
	int nviews;
	/* what operators have been told, kept apart from the code under test */
	bool channel_stop, stop[PLATFORMS], own_stop[PLATFORMS];
	bool group_stop[GROUPS];
	int64_t channel_pin, pin[PLATFORMS], group_pin[GROUPS];
	/* results */
	int violations;
	int64_t polls, offers, stops, commands, behind, refused;
	bool quiet;
	int step;
	uint64_t seed;
};

extern const char *const world_platforms[PLATFORMS];
extern const char *const world_groups[GROUPS];

/* world_next - 64 random bits; world_roll - 0..n-1. */
uint64_t world_next(struct world *w);
int world_roll(struct world *w, int n);

/* world_wrong - a promise is broken; the first is printed. */
void world_wrong(struct world *w, const char *what, const struct client *c);

/* world_version - of a release number. */
void world_version(char out[static 32], int64_t seq);

/* One step of the operators' side; refusals change nothing. */
void world_publish(struct world *w);
void world_renew(struct world *w);
void world_command(struct world *w);

#endif
