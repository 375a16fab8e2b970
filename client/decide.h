/*
 * What to do about a verified manifest: a pure function of values.  The rules
 * are steps 11 to 15 of update.h; nothing is fetched, read or
 * written here.
 */
#ifndef SLUICE_CLIENT_DECIDE_H
#define SLUICE_CLIENT_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/manifest.h"

enum action {
	ACTION_NOTHING, /* up to date, or nothing that concerns this machine */
	ACTION_UP,
	ACTION_BACK,
	ACTION_NOT_YET, /* named, but not for this machine at this time */
	ACTION_REFUSED, /* the channel asks for what a rule forbids */
};
/* decide_action_name - "nothing", "up", "back", "not-yet", "refused". */
const char *decide_action_name(enum action a);

enum back_policy {
	BACK_YES,
	BACK_ASK,
	BACK_NO
};

struct decide {
	const struct manifest *manifest; /* verified, of this channel */
	const char *os, *arch;
	const char *os_version; /* NULL: unknown, minimum_os is not compared */
	int64_t now_s;
	int64_t bundle_s; /* came in a bundle that was made then; 0: did not */

	/* what is here */
	int64_t installed_seq; /* 0: nothing */
	const char *installed_version;
	bool installed_disowned; /* root replaced all keys that signed it */
	int64_t floor_seq;	 /* already the max of stored and manifest's */
	int64_t failed_seq;	 /* failed its self-test here; 0: none */

	/* what the timestamp says */
	int cap_bp;
	int64_t pin_seq; /* 0: none */

	/* who asks */
	int bucket;
	bool ask;      /* a user, by hand */
	bool group;    /* the owner consented to a group of early users */
	bool back_now; /* the user's word to go back to the channel */
	enum back_policy policy;
};

struct decision {
	enum action action;
	bool drop;	 /* drop what has been fetched but not installed */
	bool consent;	 /* the owner must be asked first */
	int64_t again_s; /* ACTION_NOT_YET: when that may change; 0: unknown */
	const struct artifact *artifact; /* UP and BACK */
	char reason[240];
};

/* decide_make - the decision; never fails. */
struct decision decide_make(const struct decide *d);

#endif
