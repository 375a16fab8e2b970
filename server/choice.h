/*
 * Who gets which rung: a pure function of (channel state, request).  A poll
 * reads and writes no per-client row.
 */
#ifndef SLUICE_CHOICE_H
#define SLUICE_CHOICE_H

#include "server/channel_state.h"

struct request {
	const char *id;	      /* client_id, or NULL */
	const char *platform; /* "os-arch", or NULL: unknown */
	const char *version;  /* installed, or NULL */
	const char *group;    /* consented to, or NULL */
	int64_t seen;	      /* snapshot version, or 0 */
	bool ask;	      /* a check by hand */
};

enum rule {
	RULE_NOTHING, /* nothing published */
	RULE_KILL,
	RULE_HALT,
	RULE_ROLLBACK,
	RULE_PIN,
	RULE_GROUP,
	RULE_ASK,
	RULE_HAS, /* what is on offer is installed already */
	RULE_REPAIR,
	RULE_PERCENTAGE, /* admitted by bucket */
	RULE_WAIT,	 /* not admitted by bucket */
	RULE_SEEN_HIGH,	 /* low would be below what the client has seen */
	RULE_MIRROR,	 /* the one rung that a bundle brought */
};
const char *rule_name(enum rule r);

struct choice {
	int scope; /* index into scopes */
	int rung;  /* -1: nothing published */
	bool high; /* an offer: the view's cap_bp applies; 0 in others */
	int bucket;
	int64_t pin_seq; /* 0: none; the view must carry it */
	enum rule rule;
};

/*
 * choice_make - now_s for the plan's last stage and not_before.  It has to be
 * the time at which the views were signed (the round's signed_at_s; signed_s in
 * the table), or a choice might name a view that is not there.
 */
struct choice choice_make(
    const struct channel_state *c, const struct request *q, int64_t now_s);

/*
 * choice_cap - cap_bp of a scope's high view: min(percent, 10000 - control)
 * until the last stage, then percent; 0 where high is no offer.
 */
int choice_cap(
    const struct channel_state *c, const struct scope *s, int64_t now_s);

/*
 * The views that have to be signed so that choice_make never names one that is
 * not there: for each scope its low and high, the rungs of the same meaning
 * above them, with and without each pin that reaches its clients.
 */
struct view {
	int scope, rung;
	bool high;
	int cap_bp;
	int64_t pin_seq;
	bool urgent;
	bool jump; /* no position: only for clients that have seen more */
};
#define VIEWS_MAX 4096
/*
 * choice_views - fills out (room entries), sorted by scope, rung, pin; the
 * number, or -1 (ERR_LIMIT).  out NULL: only counts.  Before not_before no
 * offer is among them: the brake would refuse it.
 */
int choice_views(const struct channel_state *c, int64_t now_s, struct view *out,
    size_t room, struct err *e) MUST_CHECK;

#endif
