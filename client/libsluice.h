/*
 * libsluice: the Sluice updater, for programs that embed it.
 *
 *	struct sluice *s;
 *	struct sluice_result r = { .size = sizeof(r) };
 *
 *	if (sluice_open(&s, NULL) != SLUICE_OK ||
 *	    sluice_update(s, SLUICE_ASKED, &r) != SLUICE_OK)
 *		fprintf(stderr, "%s\n", sluice_error(s));
 *	sluice_close(s);
 *
 * A handle is for one thread at a time.  Every call that touches the state
 * takes its lock for as long as it lasts, so several processes may share one
 * state.  Nothing is printed, no signal handler is set; self_test and restart
 * commands of the configuration are started as children and waited for.
 *
 * ABI: structs begin with their size, which the caller sets (sizeof); fields
 * are only ever added at the end, and what an older caller's struct has no
 * room for is not written.  Enumerators are only ever added.
 */
#ifndef LIBSLUICE_H
#define LIBSLUICE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sluice;

/* What a call came to. */
enum sluice_status_code {
	SLUICE_OK = 0,
	SLUICE_REFUSED = 1, /* a signature, a digest or a rule said no */
	SLUICE_UNKNOWN = 2, /* could not tell: network, disk, configuration */
};

enum sluice_action {
	SLUICE_NOTHING = 0,   /* up to date, or nothing for this machine */
	SLUICE_UP = 1,	      /* a newer release */
	SLUICE_BACK = 2,      /* back to an older one, with signed permission */
	SLUICE_NOT_YET = 3,   /* named, but not for this machine now */
	SLUICE_FORBIDDEN = 4, /* the channel asks for what a rule forbids */
};

/* Flags of sluice_check and sluice_update. */
enum sluice_flags {
	SLUICE_ASKED = 1, /* a user asks by hand: passes the percentage, never
	                     a halt, the floor or not_before */
	SLUICE_BACK_NOW = 2, /* the user's word to go back to what the channel
	                        names, never below the floor */
	SLUICE_WAIT = 4,     /* wait for another run that holds the state */
};

/* Where a download, an installation or a test stands. */
enum sluice_stage {
	SLUICE_STAGE_DELTA = 1, /* done and total are bytes */
	SLUICE_STAGE_FULL = 2,
	SLUICE_STAGE_INSTALL = 3, /* total 0: no number */
	SLUICE_STAGE_TEST = 4,
	SLUICE_STAGE_RESTART = 5,
};

/* What a poll or an update came to. */
struct sluice_result {
	size_t size; /* set by the caller: sizeof(struct sluice_result) */
	int action;  /* enum sluice_action */
	int changed; /* 1: `current` names another release than before */
	int64_t seq; /* release that the channel names; 0: none */
	char version[72];
	int64_t installed_seq; /* after the call; 0: nothing installed */
	char installed_version[72];
	char reason[256];	/* one sentence for people */
	int64_t download_size;	/* bytes of the whole artifact; 0: none */
	int critical, security; /* as the release says */
	int urgent; /* leave the running release now, not at the next start */
	int behind; /* the source is behind what this machine has seen */
	int delta;  /* 1: installed from a delta, -1: it failed, full taken */
	int64_t again_s; /* Unix time at which NOT_YET may change; 0: unknown */
	int64_t retry_after_s; /* the server asks to wait this long; -1: no */
	char notes_url[256];
	int needs_consent; /* for the consent callback: the owner said "ask" */
};

/* What this machine knows, without asking anybody. */
struct sluice_status {
	size_t size; /* set by the caller */
	char product[72], channel[72], client_id[72], platform[136];
	int64_t installed_seq, previous_seq, pending_seq, failed_seq;
	char installed_version[72], previous_version[72], pending_version[72];
	int64_t floor_seq, seen;
	int64_t checked_s; /* last answer of the channel; 0: never */
	char result[32];   /* what it came to */
	char offered_version[72];
	int64_t root_version, root_expires_s, timestamp_expires_s; /* 0: none */
	int bucket; /* of the last offer seen; -1: none */
	int reports_waiting;
	char path[1024]; /* of the installed file; "": none */
	int stale; /* 1: the last signed answer has expired: nobody can say
	              whether an update exists */
};

struct sluice_options {
	size_t size;	    /* set by the caller */
	const char *config; /* NULL: /etc/sluice/sluice.conf if it is there */
	/* NULL: as configured */
	const char *url, *state, *install, *product, *channel;

	void *ctx; /* handed to the callbacks */
	/*
	 * progress - called often; a return value other than 0 stops the run,
	 * which leaves a download to be resumed.
	 */
	int (*progress)(void *ctx, int stage, int64_t done, int64_t total);
	/*
	 * consent - asked before anything is downloaded.  Return 1 to go on.
	 * NULL: going up is consented to, going back only where the
	 * configuration says allow_rollback = yes.
	 */
	int (*consent)(void *ctx, const struct sluice_result *offer);
	/* notice - one line for the owner's log: a failed delta, a clock that
	 * runs behind, a damaged copy of the state. */
	void (*notice)(void *ctx, const char *text);
};

/* sluice_version - of the library, as "0.1.0". */
const char *sluice_version(void);

/*
 * sluice_open - read the configuration; nothing is fetched or locked.  *out is
 * NULL only when memory is exhausted: after a failure it still holds the text
 * for sluice_error and must be closed.  o may be NULL.
 */
int sluice_open(struct sluice **out, const struct sluice_options *o);

/* sluice_close - NULL is allowed. */
void sluice_close(struct sluice *s);

/* sluice_error - why the last call failed; "" if it did not.  Valid until the
 * next call. */
const char *sluice_error(const struct sluice *s);

/* sluice_hint - what to do about it; "" if there is nothing to say. */
const char *sluice_hint(const struct sluice *s);

/*
 * sluice_init - trust the root document in the file: its own signatures are
 * checked, product and channel must be ours.  fingerprint (64 hex digits, may
 * be NULL) must be the SHA-256 of the file.  Refused when another root is
 * trusted already.
 */
int sluice_init(
    struct sluice *s, const char *root_file, const char *fingerprint);

/* sluice_check - poll and verify; nothing is installed. */
int sluice_check(struct sluice *s, int flags, struct sluice_result *out);

/* sluice_update - poll, verify, download, install, test, report.  SLUICE_OK
 * also when there was nothing to do: see action and changed. */
int sluice_update(struct sluice *s, int flags, struct sluice_result *out);

/*
 * sluice_update_bundle - the same from a bundle (FILE, or FILE for FILE.000,
 * FILE.001 ...), without any network.  It is read to its end and checked before
 * anything changes; SLUICE_REFUSED also for one that is older than what this
 * machine has seen.  Reports wait for a source that takes them.
 */
int sluice_update_bundle(
    struct sluice *s, const char *bundle, int flags, struct sluice_result *out);

/*
 * sluice_inspect - what a bundle holds, checked to its end: fact gets lines as
 * key and value, several of a key.  Signatures are checked under the roots that
 * are trusted here; works on a handle that sluice_open refused, too.
 */
int sluice_inspect(struct sluice *s, const char *bundle,
    void (*fact)(void *ctx, const char *key, const char *value), void *ctx);

/* sluice_rollback - back to the kept previous release, without asking anybody;
 * refused below the floor.  It is not gone up from again by itself until a
 * newer release comes. */
int sluice_rollback(struct sluice *s, struct sluice_result *out);

/* sluice_channel - follow another channel from now on; its root must be
 * trusted.  What is installed stays until that channel passes it. */
int sluice_channel(struct sluice *s, const char *channel);

/*
 * sluice_started, sluice_confirm - for `confirm = yes`: the program says that
 * it starts and, later, that it works.  After max_starts starts without
 * confirmation sluice_started goes back to the release before and returns
 * SLUICE_REFUSED.  Both do nothing when nothing is pending.
 */
int sluice_started(struct sluice *s);
int sluice_confirm(struct sluice *s);

/*
 * sluice_report - queue a report about the installed release (event: ok,
 * crash, error, or a word of the product's own; detail may be NULL) and
 * deliver what is queued.  event NULL: only deliver.
 */
int sluice_report(struct sluice *s, const char *event, const char *detail);

int sluice_status(struct sluice *s, struct sluice_status *out);

/*
 * sluice_delay_s - seconds to wait before the next poll: the interval with
 * jitter, longer after failures in a row, never less than retry_after_s.
 */
int64_t sluice_delay_s(
    const struct sluice *s, int failures, int64_t retry_after_s);

#ifdef __cplusplus
}
#endif

#endif
