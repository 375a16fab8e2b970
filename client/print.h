/*
 * What the program sluice says of results and states, on standard output: for
 * people a line for each fact, for programs one JSON object.  The members and
 * their meaning are in sluice(1).
 */
#ifndef SLUICE_PRINT_H
#define SLUICE_PRINT_H

#include <jansson.h>

#include "client/libsluice.h"
#include "manifest/base/err.h"

/* print_json - an object, which it takes; ERR_SYS when it cannot be written. */
int print_json(json_t *o, struct err *e) MUST_CHECK;

int print_result_json(const struct sluice_result *r, struct err *e) MUST_CHECK;
void print_result(const struct sluice_result *r);

int print_status_json(const struct sluice_status *st, struct err *e) MUST_CHECK;
void print_status(const struct sluice_status *st);

#endif
