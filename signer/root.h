/*
 * What the verbs of root share.
 */
#ifndef SLUICE_ROOT_H
#define SLUICE_ROOT_H

#include "manifest/role.h"

/* root_read - a root document, read strictly, not verified. */
const struct role *root_read(
    struct arena *a, const char *path, struct err *e) MUST_CHECK;

#endif
