/*
 * The server's configuration: one table binds each key of sluiced.conf(5) to a
 * field here.  Every key has a default and an environment variable
 * SLUICED_<KEY>.
 */
#ifndef SLUICE_CONFIG_H
#define SLUICE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"

#define CONFIG_FILE "/etc/sluice/sluiced.conf"

struct server_config {
	/* where */
	const char *state;	  /* state directory */
	const char *listen;	  /* "address:port", "[v6]:port"; port 0: any */
	const char *admin_socket; /* NULL: STATE/admin.sock */
	const char *admin_group;  /* may use it; NULL: only our user and root */
	const char *log_level;	  /* "info", "warn", "error" */

	/* HTTP */
	int64_t workers; /* threads; 0: one per core */
	int64_t connections, connections_per_prefix;
	int64_t header_s, body_s, keepalive_s; /* absolute deadlines */
	int64_t min_rate;		       /* bytes/s of slow peers */
	bool forwarded;	     /* a proxy on this host says whose request it is*/
	const char *metrics; /* who may read /metrics: "no", "local", "all" */

	/* health reports */
	int64_t report_max;    /* bytes of one */
	int64_t report_rate;   /* per prefix and minute */
	int64_t report_keep_s; /* rows that no decision needs any more */

	/* publications */
	int64_t publication_max; /* bytes of its list of files */
	int64_t file_max;	 /* bytes of one file */
	int64_t files_max;	 /* files of one publication */
	int64_t upload_keep_s;	 /* unfinished uploads */
	int64_t intake_s;	 /* checking one takes at most this long */
	bool allow_example_keys;

	/* documents */
	int64_t timestamp_validity_s, timestamp_refresh_s;
	int64_t metadata_keep_s; /* of older publications */

	/* notices */
	const char *webhook;	    /* URL; NULL: none */
	const char *webhook_secret; /* file with the key that signs the body */
};

/*
 * config_read - defaults, file (NULL: CONFIG_FILE if there is one),
 * environment; then what one key demands of another.
 */
int config_read(struct server_config *out, const char *path, struct arena *a,
    struct err *e) MUST_CHECK;

/* config_print - every key, its effective value and its meaning. */
void config_print(FILE *f, const struct server_config *conf);

#endif
