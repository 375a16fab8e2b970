/*
 * When timestamps run out, as a warning level.  Pure.
 */
#ifndef SLUICE_STATUS_H
#define SLUICE_STATUS_H

#include <stdint.h>

#include "manifest/expiry.h"

/*
 * status_timestamp - signed_at_s: 0 where it does not say.
 */
enum expiry_level status_timestamp(
    int64_t signed_at_s, int64_t expires_s, int64_t now_s);

#endif
