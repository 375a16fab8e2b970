/*
 * Notifications: one event to the post process per operator action and
 * publication, when a webhook is configured.  Never waits and never fails what
 * it tells about.
 */
#ifndef SLUICE_NOTIFY_H
#define SLUICE_NOTIFY_H

#include "server/store/context.h"

struct notice {
	const char *event;   /* "publication", "halt" ... */
	const char *channel; /* "" where there is none */
	const char *who, *reason;
	const char *text; /* one sentence for people */
};
void notify_send(struct store *s, const struct notice *n);

#endif
