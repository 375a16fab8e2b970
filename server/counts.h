/*
 * Poll counts: how many polls came from which version and platform, per
 * channel and day.  Rows, not clients: a bounded table per thread that goes to
 * store every few seconds.  What a client says about itself is not believed
 * beyond its form, and past the bound everything is "other".
 */
#ifndef SLUICE_COUNTS_H
#define SLUICE_COUNTS_H

#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "manifest/manifest.h"
#include "manifest/semver.h"

#define COUNTS_ROWS 1024
#define COUNTS_NAME 32 /* of an os or arch; longer ones are "other" */

struct counts_row {
	char channel[2 * PRODUCT_MAX + 2]; /* "P/C" */
	char version[SEMVER_MAX + 1];
	char os[COUNTS_NAME + 1], arch[COUNTS_NAME + 1];
	int64_t n; /* 0: free */
};

struct counts {
	uint8_t key[16]; /* of the hash, drawn at start */
	struct counts_row rows[COUNTS_ROWS];
	int used;
};

void counts_init(struct counts *c);

/* What one poll said; members may be NULL. */
struct counts_poll {
	const char *product, *channel, *version, *os, *arch;
};

/* counts_add - one poll. */
void counts_add(struct counts *c, const struct counts_poll *p);

/*
 * counts_send - all rows to store, with the day of now_s, and empty the table.
 * -1: store was busy; what it has not taken stays.
 */
int counts_send(
    struct counts *c, int store_fd, int64_t now_s, struct err *e) MUST_CHECK;

#endif
