/*
 * Counters of the front process, in Prometheus text.  Each thread counts in
 * its own struct metrics, without locks; whoever is asked adds them up.
 */
#ifndef SLUICE_METRICS_H
#define SLUICE_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "manifest/base/buf.h"
#include "manifest/ladder.h"
#include "manifest/manifest.h"
#include "server/choice.h"
#include "server/sandbox.h"
#include "server/validity.h"

#define METRICS_CHANNELS 64 /* those beyond are counted as the last */
#define METRICS_RULES	 (RULE_MIRROR + 1)
#define METRICS_KINDS	 (RUNG_ROLLBACK + 1)
#define METRICS_STATUSES 600

struct metrics {
	_Atomic uint64_t polls[METRICS_CHANNELS][METRICS_KINDS][METRICS_RULES];
	_Atomic uint64_t behind[METRICS_CHANNELS]; /* seen more than we have */
	_Atomic uint64_t responses[METRICS_STATUSES];
	_Atomic uint64_t bytes;		  /* of answers */
	_Atomic uint64_t reports;	  /* acknowledged */
	_Atomic uint64_t reports_limited; /* 429 and 503 */
	_Atomic uint64_t invalid_ids;
	_Atomic uint64_t connections; /* gauge */
	_Atomic uint64_t asks;	      /* gauge: questions to store */
};

#define METRICS_ADD(m, n) \
	atomic_fetch_add_explicit(&(m), (uint64_t)(n), memory_order_relaxed)
#define METRICS_SET(m, n) \
	atomic_store_explicit(&(m), (uint64_t)(n), memory_order_relaxed)

/* What is the same for all threads. */
struct metrics_common {
	char channels[METRICS_CHANNELS][2 * PRODUCT_MAX + 2]; /* "P/C" */
	struct validity validity[METRICS_CHANNELS];
	int nchannels;
	int64_t generation, table_s; /* when it came; 0: none yet */
	struct sandbox sandbox;
};

/* metrics_write - all of it. */
void metrics_write(struct buf *out, const struct metrics *const *each, int n,
    const struct metrics_common *common, int64_t now_s);

#endif
