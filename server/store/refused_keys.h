/*
 * Keys whose secret half is public: those of keys-example/.  A server takes no
 * root that names one unless its configuration says so.
 */
#ifndef SLUICE_REFUSED_KEYS_H
#define SLUICE_REFUSED_KEYS_H

#include "manifest/role.h"

/* refused_keys_known - the secret half of the key of this ID is public;
 * refused_keys_minisign - that of this minisign key. */
bool refused_keys_known(const char *id);
bool refused_keys_minisign(const struct minisign_key *key);

/* refused_keys_check - ERR_REFUSED if root names a published key. */
int refused_keys_check(const struct role *root, struct err *e) MUST_CHECK;

#endif
