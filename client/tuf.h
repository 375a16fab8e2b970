/*
 * sluice tuf: a plain client of any TUF 1.0 repository.  It trusts by the same
 * code as the product's updater (refresh.h, trust.h); a repository of anybody
 * is read without what Sluice asks of its own channels.
 */
#ifndef SLUICE_CLIENT_TUF_H
#define SLUICE_CLIENT_TUF_H

#include "manifest/base/err.h"
#include "manifest/base/verb.h"

/*
 * tuf_cmd - the verb: init, refresh or download is its first argument.  Its
 * options are metadata-dir, metadata-url, target-name (a list),
 * target-base-url and target-dir.
 */
int tuf_cmd(const struct args *a, struct err *e);

#endif
