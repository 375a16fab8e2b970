/*
 * Keys whose secret half is public: those of keys-example/.  A server takes no
 * root that names one unless its configuration says so.
 */
#ifndef SLUICE_REFUSED_KEYS_H
#define SLUICE_REFUSED_KEYS_H

#include "manifest/role.h"

/* refused_keys_known - the key's secret half is public. */
bool refused_keys_known(const char *id);

/* refused_keys_check - ERR_REFUSED if root names a published key. */
int refused_keys_check(const struct role *root, struct err *e) MUST_CHECK;

#endif
