/*
 * The table of configuration keys and what one key demands of another.
 * sluiced.conf(5) lists the same keys.
 */
#include "server/config.h"

#include <stddef.h>
#include <string.h>

#include "manifest/base/conf.h"
#include "manifest/base/file.h"

#define DAY	 ((int64_t)86400)
#define MIB	 ((int64_t)1 << 20)
#define GIB	 ((int64_t)1 << 30)
#define AT(m)	 offsetof(struct server_config, m)
#define PATH_LEN 4000

// clang-format off
static const struct conf_key keys[] = {
	{ "state", CONF_TEXT, AT(state), 1, PATH_LEN, "/var/lib/sluice",
	    "directory of the database, blobs and brake" },
	{ "listen", CONF_TEXT, AT(listen), 3, 64, "127.0.0.1:8080",
	    "address:port; port 0 takes a free one" },
	{ "admin_socket", CONF_TEXT, AT(admin_socket), 1, 100, NULL,
	    "where sluicectl connects; STATE/admin.sock if not given" },
	{ "admin_group", CONF_TEXT, AT(admin_group), 1, 64, NULL,
	    "group that may use the admin socket" },
	{ "log_level", CONF_TEXT, AT(log_level), 4, 5, "info",
	    "info, warn or error" },

	{ "workers", CONF_INT, AT(workers), 0, 16, "0",
	    "HTTP threads; 0: one per core" },
	{ "connections", CONF_INT, AT(connections), 16, 65536, "4096",
	    "connections at the same time" },
	{ "connections_per_prefix", CONF_INT, AT(connections_per_prefix), 1,
	    65536, "64", "of one IPv4 address or IPv6 /56" },
	{ "header_deadline", CONF_DURATION, AT(header_s), 1, 600, "8s",
	    "a request's header must be complete within this" },
	{ "body_deadline", CONF_DURATION, AT(body_s), 1, 600, "20s",
	    "a body, beside its size at min_rate" },
	{ "keepalive", CONF_DURATION, AT(keepalive_s), 1, 600, "15s",
	    "an idle connection is closed after this" },
	{ "min_rate", CONF_SIZE, AT(min_rate), 1, GIB, "4K",
	    "bytes per second below which a transfer is cut" },
	{ "forwarded", CONF_BOOL, AT(forwarded), 0, 0, "no",
	    "believe X-Forwarded-For of a proxy on this host" },
	{ "metrics", CONF_TEXT, AT(metrics), 2, 5, "local",
	    "who may read /metrics: no, local or all" },

	{ "report_max", CONF_SIZE, AT(report_max), 256, 32768, "4K",
	    "bytes of one health report" },
	{ "report_rate", CONF_INT, AT(report_rate), 1, 1000000, "120",
	    "health reports per network prefix and minute" },
	{ "report_keep", CONF_DURATION, AT(report_keep_s), DAY, 3650 * DAY,
	    "90d", "health reports are kept this long" },

	{ "publication_max", CONF_SIZE, AT(publication_max), 4096, 4 * MIB,
	    "1M", "bytes of a publication's list of files" },
	{ "file_max", CONF_SIZE, AT(file_max), 1024, 1024 * GIB, "4G",
	    "bytes of one file of a publication" },
	{ "files_max", CONF_INT, AT(files_max), 100, 65536, "10000",
	    "files of one publication" },
	{ "upload_keep", CONF_DURATION, AT(upload_keep_s), 3600, 365 * DAY,
	    "7d", "unfinished uploads are kept this long" },
	{ "intake_deadline", CONF_DURATION, AT(intake_s), 10, DAY, "1h",
	    "checking a publication takes at most this long" },
	{ "allow_example_keys", CONF_BOOL, AT(allow_example_keys), 0, 0, "no",
	    "accept the published keys of keys-example (tests only)" },

	{ "timestamp_validity", CONF_DURATION, AT(timestamp_validity_s), 60,
	    30 * DAY, "1d", "how long a signed timestamp is valid" },
	{ "timestamp_refresh", CONF_DURATION, AT(timestamp_refresh_s), 10,
	    15 * DAY, "6h", "how often timestamps are signed anew" },
	{ "metadata_keep", CONF_DURATION, AT(metadata_keep_s), 0, 365 * DAY,
	    "48h", "documents of older publications are served this long" },

	{ "webhook", CONF_TEXT, AT(webhook), 8, 1024, NULL,
	    "URL that actions and publications are posted to" },
	{ "webhook_secret", CONF_TEXT, AT(webhook_secret), 1, PATH_LEN, NULL,
	    "file with the key that authenticates webhook bodies" },
};
// clang-format on

static int
one_of(const char *key, const char *value, const char *const *names, size_t n,
    struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(value, names[i]) == 0)
			return 0;
	return err_set(
	    e, ERR_USAGE, "%s = %s: not one of its values", key, value);
}

static int
judge(const struct server_config *c, struct err *e)
{
	static const char *const levels[] = { "info", "warn", "error" };
	static const char *const readers[] = { "no", "local", "all" };

	if (one_of("log_level", c->log_level, levels, COUNT(levels), e) < 0 ||
	    one_of("metrics", c->metrics, readers, COUNT(readers), e) < 0)
		return -1;
	/* a refresh that fails once must not let the documents expire */
	if (2 * c->timestamp_refresh_s > c->timestamp_validity_s)
		return err_set(e, ERR_USAGE,
		    "timestamp_refresh must be at most half of"
		    " timestamp_validity");
	if (c->connections_per_prefix > c->connections)
		return err_set(e, ERR_USAGE,
		    "connections_per_prefix is more than connections");
	if (c->webhook_secret != NULL && c->webhook == NULL)
		return err_set(
		    e, ERR_USAGE, "webhook_secret without a webhook");
	return 0;
}

int
config_read(
    struct server_config *out, const char *path, struct arena *a, struct err *e)
{
	const char *file = path;

	memset(out, 0, sizeof(*out));
	if (file == NULL && file_exists(CONFIG_FILE))
		file = CONFIG_FILE;
	if (conf_read(out, keys, COUNT(keys), file, path != NULL, "SLUICED", a,
		e) < 0)
		return -1;
	if (out->admin_socket == NULL) {
		out->admin_socket = file_path(a, e, out->state, "admin.sock");
		if (out->admin_socket == NULL)
			return -1;
	}
	return judge(out, e);
}

void
config_print(FILE *f, const struct server_config *conf)
{
	conf_print(f, conf, keys, COUNT(keys));
}
