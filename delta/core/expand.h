/*
 * A file with its ranges unpacked.
 */
#ifndef SLUICE_CORE_EXPAND_H
#define SLUICE_CORE_EXPAND_H

#include "delta/core/coder.h"
#include "delta/core/range.h"

/* expand_write - the expanded file, in its order, to out.  The ranges, whose
 * packed_at, packed and raw count, must lie in the file.  ERR_INPUT where one
 * is not the stream that it says. */
int expand_write(const struct ranges *r, struct coder_in file,
    const struct coder_out *out, struct err *e) MUST_CHECK;

#endif
