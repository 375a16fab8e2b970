/*
 * sluicectl's two halves beside its verbs: asking a server through its admin
 * socket, and printing answers for people.
 */
#ifndef SLUICE_CTL_H
#define SLUICE_CTL_H

#include <jansson.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

/* ctl_ask - one request to the socket; the answer (new reference), or NULL: an
 * answer {"ok":false} becomes its error. */
json_t *ctl_ask(
    const char *socket_path, const json_t *ask, struct err *e) MUST_CHECK;

/* Printers, to standard output. */
void ctl_status(const json_t *answer);
void ctl_change(const json_t *answer);
void ctl_why(const json_t *answer);
void ctl_versions(const json_t *answer);
void ctl_history(const json_t *answer);
void ctl_audit(const json_t *answer);
void ctl_verified(const json_t *answer);
void ctl_tokens(const json_t *answer);
void ctl_channels(const json_t *answer);

/* ctl_json - the whole answer, as it came. */
void ctl_json(const json_t *answer);

#endif
