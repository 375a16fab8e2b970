/*
 * The client's configuration (sluice.conf(5)): one table, read by conf.h.
 * Where things lie follows from it; nothing is created here.
 */
#ifndef SLUICE_CLIENT_CONFIG_H
#define SLUICE_CLIENT_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"

#define CONFIG_DEFAULT "/etc/sluice/sluice.conf"

struct config {
	const char *url; /* no trailing slash */
	const char *product, *channel;
	const char *root; /* file to trust at first use; NULL: sluice init */
	const char *state, *install;
	const char *machine_id; /* NULL: /etc/machine-id, else random */
	const char *early;	/* group that the owner consented to */
	const char *os, *arch;
	const char *os_version;
	const char *allow_rollback; /* yes, no, ask */
	const char *self_test;	    /* command line, no shell */
	const char *restart;
	const char *ca_file;
	bool mirror, report, delta, confirm;
	int64_t interval_s, self_test_s, deadline_s;
	int64_t min_speed, memory, size_max;
	int64_t max_starts, floor_seq;
};

/* What the command line or the embedding program says; NULL: as configured. */
struct config_override {
	const char *file;
	const char *url, *state, *install, *product, *channel;
};

/*
 * config_load - the file (CONFIG_DEFAULT need not exist, a named one must), the
 * environment SLUICE_*, then the override; everything in the arena.  Checks
 * names, that url is http, https or file, and that folders are absolute.
 * os and arch are filled from uname where they are not set.
 */
int config_load(struct config *c, const struct config_override *o,
    struct arena *a, struct err *e) MUST_CHECK;

/* config_product_dir - STATE/PRODUCT; config_channel_dir - below it. */
char *config_product_dir(
    const struct config *c, struct arena *a, struct err *e) MUST_CHECK;
char *config_channel_dir(const struct config *c, const char *channel,
    struct arena *a, struct err *e) MUST_CHECK;

#endif
