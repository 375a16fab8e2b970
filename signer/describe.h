/*
 * Publications in words, and as JSON for scripts.
 */
#ifndef SLUICE_DESCRIBE_H
#define SLUICE_DESCRIBE_H

#include <jansson.h>
#include <stdio.h>

#include "manifest/publication.h"
#include "signer/check.h"

/* describe_publication - what is offered, to whom, and what lies behind. */
void describe_publication(FILE *f, const struct publication *p);

/* describe_rungs - one line for each rung of hold and the first block. */
void describe_rungs(FILE *f, const struct publication *p);

/* describe_files - what check_run found in dir. */
void describe_files(FILE *f, const struct check *c, const char *dir);

/* describe_manifest - one manifest, as describe_publication shows the offer. */
void describe_manifest(FILE *f, const struct manifest *m);

/* describe_json - the same facts; a new reference, NULL without memory. */
json_t *describe_json(const struct publication *p);

#endif
