/*
 * Signatures of ECDSA P-256 as our documents have them: DER, the lower s.
 */
#ifndef SLUICE_ECDSA_H
#define SLUICE_ECDSA_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"

#define ECDSA_DER_MAX 72
#define ECDSA_RAW     64 /* r and s, as tokens give them */

/* ecdsa_raw - from r and s. */
int ecdsa_raw(uint8_t out[static ECDSA_DER_MAX], size_t *len,
    const uint8_t rs[static ECDSA_RAW], struct err *e) MUST_CHECK;

/* ecdsa_der - from DER with any s; ERR_INPUT when it is none.  sig may lie in
 * out. */
int ecdsa_der(uint8_t out[static ECDSA_DER_MAX], size_t *len, struct bytes sig,
    struct err *e) MUST_CHECK;

#endif
