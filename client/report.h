/*
 * Health reports: made when something happened, queued in the state, delivered
 * when the server answers.  Step 20.
 */
#ifndef SLUICE_CLIENT_REPORT_H
#define SLUICE_CLIENT_REPORT_H

#include <stdint.h>

#include "client/client.h"
#include "manifest/base/base.h"
#include "manifest/base/buf.h"
#include "manifest/base/err.h"

struct report {
	const char *event;  /* installed, failed, rolled_back, left,
	                      delta_failed, ok, crash, error ... */
	const char *detail; /* NULL: none */
	const struct state_release *release; /* that it is about */
	const struct state_release *from;    /* came from; NULL: none */
};

/*
 * report_write - the JSON of a report (canonical), with the tickets that make
 * it count: the one of the release and one from a day before it was created.
 */
int report_write(const struct report *r, const struct sluice *s,
    struct buf *out, struct err *e) MUST_CHECK;

/* report_put - queue it; does nothing where reports are configured off. */
void report_put(struct sluice *s, const char *event, const char *detail,
    const struct state_release *release, const struct state_release *from);

/*
 * report_send - deliver what is queued, oldest first; what is delivered, and
 * what the server will never take, leaves the queue, which the caller saves.
 * ERR_MISSING: the source is a folder, which takes none (the queue is emptied).
 */
int report_send(struct sluice *s, struct err *e) MUST_CHECK;

#endif
