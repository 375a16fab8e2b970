/*
 * Reading sluice.conf.  The table below is the whole of it; the man page is
 * compared with it by lint.
 */
#include "client/config.h"

#include <string.h>
#include <sys/utsname.h>

#include "manifest/base/conf.h"
#include "manifest/base/text.h"
#include "manifest/manifest.h"

#define C(member) offsetof(struct config, member)

/* clang-format off */
static const struct conf_key keys[] = {
	{ "url", CONF_TEXT, C(url), 1, 1024, NULL,
	  "where the server or the mirror is: http, https or file" },
	{ "product", CONF_TEXT, C(product), 1, PRODUCT_MAX, NULL,
	  "name of the product" },
	{ "channel", CONF_TEXT, C(channel), 1, PRODUCT_MAX, "stable",
	  "channel to follow until `sluice channel` says otherwise" },
	{ "root", CONF_TEXT, C(root), 1, 1024, NULL,
	  "root document to trust at first use (of this channel)" },
	{ "state", CONF_TEXT, C(state), 1, 1024, "/var/lib/sluice",
	  "folder of what this machine has seen and trusts" },
	{ "install", CONF_TEXT, C(install), 1, 1024, NULL,
	  "folder of releases/ and the symlink current" },
	{ "machine_id", CONF_TEXT, C(machine_id), 1, 256, NULL,
	  "machine ID; default: /etc/machine-id, else a random one" },
	{ "early", CONF_TEXT, C(early), 1, PRODUCT_MAX, NULL,
	  "group of early users that the owner consented to" },
	{ "mirror", CONF_BOOL, C(mirror), 0, 0, "no",
	  "the source is a mirror: take its offline timestamps" },
	{ "report", CONF_BOOL, C(report), 0, 0, "yes",
	  "report the health of updates to the server" },
	{ "interval", CONF_DURATION, C(interval_s), 60, 30 * 86400, "4h",
	  "time between two polls of --watch" },
	{ "delta", CONF_BOOL, C(delta), 0, 0, "yes",
	  "use deltas where they fit" },
	{ "allow_rollback", CONF_TEXT, C(allow_rollback), 2, 3, "yes",
	  "follow a signed permission to go back: yes, no, ask" },
	{ "self_test", CONF_TEXT, C(self_test), 1, 4096, NULL,
	  "command that must succeed in a new release; {} is its folder" },
	{ "self_test_time", CONF_DURATION, C(self_test_s), 1, 86400, "60s",
	  "time that the self-test may take" },
	{ "confirm", CONF_BOOL, C(confirm), 0, 0, "no",
	  "a new release counts once it says `sluice confirm`" },
	{ "max_starts", CONF_INT, C(max_starts), 1, 1000, "3",
	  "starts without confirmation before going back" },
	{ "restart", CONF_TEXT, C(restart), 1, 4096, NULL,
	  "command to run after a switch; {} is the release's folder" },
	{ "ca_file", CONF_TEXT, C(ca_file), 1, 1024, NULL,
	  "certificates for https instead of the system's" },
	{ "deadline", CONF_DURATION, C(deadline_s), 10, 7 * 86400, "2h",
	  "time that one download may take" },
	{ "min_speed", CONF_SIZE, C(min_speed), 1, 1 << 30, "1000",
	  "bytes per second (over 30 s) below which a download is broken" },
	{ "memory", CONF_SIZE, C(memory), 1 << 20, INT64_C(1) << 40, "1G",
	  "memory that applying a delta may take" },
	{ "size_max", CONF_SIZE, C(size_max), 1, INT64_C(1) << 42, "16G",
	  "largest artifact to download" },
	{ "os", CONF_TEXT, C(os), 1, PLATFORM_MAX, NULL,
	  "operating system as the manifest names it" },
	{ "arch", CONF_TEXT, C(arch), 1, PLATFORM_MAX, NULL,
	  "architecture as the manifest names it" },
	{ "os_version", CONF_TEXT, C(os_version), 1, 64, NULL,
	  "version of the operating system, compared with minimum_os" },
	{ "floor_seq", CONF_INT, C(floor_seq), 0, INT32_MAX, "0",
	  "release number below which nothing is installed" },
};
/* clang-format on */

/* The names that publications use: linux-x86_64, linux-aarch64, ... */
static int
platform(struct config *c, struct arena *a, struct err *e)
{
	struct utsname u;
	char os[PLATFORM_MAX];
	size_t i;

	if (uname(&u) < 0)
		return err_sys(e, "uname");
	for (i = 0; i < sizeof(os) - 1 && u.sysname[i] != 0; i++)
		os[i] = (char)(u.sysname[i] >= 'A' && u.sysname[i] <= 'Z'
			? u.sysname[i] + ('a' - 'A')
			: u.sysname[i]);
	os[i] = 0;
	if (c->os == NULL && (c->os = arena_text(a, os, e)) == NULL)
		return -1;
	if (c->arch == NULL && (c->arch = arena_text(a, u.machine, e)) == NULL)
		return -1;
	return 0;
}

static int
check_name(const char *key, const char *value, struct err *e)
{
	if (value != NULL && !name_ok(value, PRODUCT_MAX))
		return err_set(e, ERR_USAGE,
		    "%s: a name has letters, digits and \"._+-\"", key);
	return 0;
}

static int
check_folder(const char *key, const char *value, struct err *e)
{
	if (value != NULL && value[0] != '/')
		return err_set(
		    e, ERR_USAGE, "%s: not an absolute path: %s", key, value);
	return 0;
}

static int
check(struct config *c, struct arena *a, struct err *e)
{
	if (c->product == NULL)
		return err_set(e, ERR_USAGE, "product is not configured");
	/* without one there are bundles */
	if (c->url == NULL && (c->url = arena_text(a, "", e)) == NULL)
		return -1;
	if (c->url[0] != 0 && strncmp(c->url, "http://", 7) != 0 &&
	    strncmp(c->url, "https://", 8) != 0 &&
	    strncmp(c->url, "file:///", 8) != 0)
		return err_set(e, ERR_USAGE,
		    "url: neither http, https nor file: %s", c->url);
	c->url = arena_printf(a, e, "%.*s", (int)url_length(c->url), c->url);
	if (c->url == NULL)
		return -1;
	if (strcmp(c->allow_rollback, "yes") != 0 &&
	    strcmp(c->allow_rollback, "no") != 0 &&
	    strcmp(c->allow_rollback, "ask") != 0)
		return err_set(
		    e, ERR_USAGE, "allow_rollback: neither yes, no nor ask");
	if (check_name("product", c->product, e) < 0 ||
	    check_name("channel", c->channel, e) < 0 ||
	    check_name("early", c->early, e) < 0 ||
	    check_name("os", c->os, e) < 0 ||
	    check_name("arch", c->arch, e) < 0 ||
	    check_folder("state", c->state, e) < 0 ||
	    check_folder("install", c->install, e) < 0)
		return -1;
	return 0;
}

static int
override(const char **field, const char *value, struct arena *a, struct err *e)
{
	if (value == NULL)
		return 0;
	*field = arena_text(a, value, e);
	return *field == NULL ? -1 : 0;
}

int
config_load(struct config *c, const struct config_override *o, struct arena *a,
    struct err *e)
{
	const char *file = o->file != NULL ? o->file : CONFIG_DEFAULT;

	memset(c, 0, sizeof(*c));
	if (conf_read(c, keys, COUNT(keys), file, o->file != NULL, "SLUICE", a,
		e) < 0)
		return -1;
	if (override(&c->url, o->url, a, e) < 0 ||
	    override(&c->state, o->state, a, e) < 0 ||
	    override(&c->install, o->install, a, e) < 0 ||
	    override(&c->product, o->product, a, e) < 0 ||
	    override(&c->channel, o->channel, a, e) < 0 ||
	    platform(c, a, e) < 0)
		return -1;
	return check(c, a, e);
}

char *
config_product_dir(const struct config *c, struct arena *a, struct err *e)
{
	return arena_printf(a, e, "%s/%s", c->state, c->product);
}

char *
config_channel_dir(
    const struct config *c, const char *channel, struct arena *a, struct err *e)
{
	return arena_printf(
	    a, e, "%s/%s/channels/%s", c->state, c->product, channel);
}
