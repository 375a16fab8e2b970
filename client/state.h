/*
 * What this machine remembers of a product: STATE/PRODUCT/state.json and its
 * second copy state2.json.  Each copy is replaced atomically, one after the
 * other, so that a kill at any point leaves a complete one; the newer
 * generation wins, and of floors and times the greater.
 *
 * The trusted metadata of a channel are files of their own, below
 * STATE/PRODUCT/channels/CHANNEL (poll.h).
 */
#ifndef SLUICE_CLIENT_STATE_H
#define SLUICE_CLIENT_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/buf.h"
#include "manifest/base/digest.h"
#include "manifest/base/err.h"
#include "manifest/manifest.h"
#include "manifest/role.h"
#include "manifest/semver.h"

#define STATE_MAX      (256 * 1024)
#define STATE_CHANNELS 16
#define STATE_KEYS     16
#define STATE_TICKETS  24
#define STATE_OUTBOX   16
#define STATE_REPORT   2048 /* bytes of one report */
#define STATE_NAME     256
#define STATE_TICKET   160

/* The key IDs that signed something. */
struct state_keys {
	size_t n;
	char id[STATE_KEYS][SHA256_HEX_SIZE];
};

struct state_release {
	int64_t seq; /* 0: none */
	char version[SEMVER_MAX + 1];
	char channel[PRODUCT_MAX + 1];
	char name[STATE_NAME];	      /* of the artifact */
	char sha256[SHA256_HEX_SIZE]; /* of the artifact; "": not known */
	int64_t created_s;
	struct state_keys keys;
};

struct state_channel {
	char name[PRODUCT_MAX + 1];
	int64_t floor_seq;
	struct state_keys keys; /* that signed the floor */
	int64_t seen;		/* snapshot version last accepted */
};

struct state_ticket {
	int64_t seq, day_s; /* received for this release at this time */
	char text[STATE_TICKET];
};

struct state {
	int64_t generation;
	char channel[PRODUCT_MAX + 1]; /* "": as configured */
	char machine_id[65];	       /* made here; "": not needed so far */
	int64_t last_time_s;	       /* step 2 */
	int64_t failed_seq;	       /* did not work here; 0: none */
	struct state_release installed, previous;
	struct state_release pending; /* switched to, not yet committed */
	int64_t pending_starts;
	int64_t checked_s; /* when the channel last answered */
	char result[32];   /* and what that came to */
	char offered[SEMVER_MAX + 1];
	struct state_channel channels[STATE_CHANNELS];
	size_t nchannels;
	struct state_ticket tickets[STATE_TICKETS];
	size_t ntickets;
	char outbox[STATE_OUTBOX][STATE_REPORT]; /* reports not yet delivered */
	size_t noutbox;
};

/* state_parse - one copy.  ERR_INPUT, ERR_LIMIT: damaged; ERR_SYS: no memory. */
int state_parse(struct state *s, struct bytes text, struct err *e) MUST_CHECK;

/* state_text - the JSON of s, ending in a newline. */
int state_text(
    const struct state *s, struct buf *out, struct err *e) MUST_CHECK;

/* state_merge - take the greater floors and times of the other copy. */
void state_merge(struct state *s, const struct state *other);

/*
 * state_load - read both copies below dir.  A missing or damaged copy is made
 * up for by the other; with neither s is empty and *damaged says whether there
 * was one.  ERR_SYS only when the machine fails.
 */
int state_load(
    struct state *s, const char *dir, bool *damaged, struct err *e) MUST_CHECK;

/* state_save - the next generation into both copies. */
int state_save(struct state *s, const char *dir, struct err *e) MUST_CHECK;

/*
 * state_lock - the one run at a time below dir (made if needed, 0700).
 * ERR_REFUSED when others could write there, or in the folder above it.
 */
int state_lock(const char *dir, bool wait, struct err *e) MUST_CHECK;

/* state_channel_get - the entry of a channel; NULL if there is none. */
struct state_channel *state_channel_get(struct state *s, const char *name);

/* state_channel_put - the same, made if needed (ERR_LIMIT: too many). */
struct state_channel *state_channel_put(
    struct state *s, const char *name, struct err *e) MUST_CHECK;

/* state_floor - release number below which a channel's releases are not
 * installed; the configured one where that is higher. */
int64_t state_floor(struct state *s, const char *channel, int64_t configured);

/* state_here - what is on disk now: the pending release where it has been
 * switched to, else the installed one. */
const struct state_release *state_here(const struct state *s);

/* state_keys_of - the key IDs of a document's signatures. */
void state_keys_of(struct state_keys *k, const struct role *doc);

/*
 * state_keys_gone - whether root no longer names any of the keys for targets:
 * what they signed is then taken anew.  False for an empty set.
 */
bool state_keys_gone(const struct state_keys *k, const struct role *root);

/*
 * state_ticket_keep - remember a ticket: the first and the latest of each
 * release, for a year; the oldest release makes room.
 */
void state_ticket_keep(
    struct state *s, int64_t seq, int64_t now_s, const char *text);

/*
 * state_ticket_for - the latest ticket of a release (created_s 0), or the
 * earliest of any release from a day before created_s.  NULL if there is none.
 */
const char *state_ticket_for(
    const struct state *s, int64_t seq, int64_t created_s);

/* state_report_put - queue a report; the oldest makes room. */
void state_report_put(struct state *s, const char *text);

#endif
