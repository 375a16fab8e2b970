/*
 * What the command lines of the verbs share.
 */
#include "signer/verbs.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "manifest/base/text.h"
#include "manifest/manifest.h"

struct arena *
verbs_arena(void)
{
	struct arena *a = arena_new(VERBS_ARENA_MAX);

	if (a == NULL) {
		(void)fprintf(stderr, "sluice-sign: error: out of memory\n");
		exit(2);
	}
	return a;
}

int
verbs_channel(const char *text, const char **product, const char **channel,
    struct arena *a, struct err *e)
{
	char *p = arena_text(a, text, e);
	char *slash = p == NULL ? NULL : strchr(p, '/');

	if (p == NULL)
		return -1;
	if (slash == NULL)
		return err_set(e, ERR_USAGE, "%s: not PRODUCT/CHANNEL", text);
	*slash = '\0';
	if (!name_ok(p, PRODUCT_MAX) || !name_ok(slash + 1, PRODUCT_MAX))
		return err_set(e, ERR_USAGE,
		    "%s: not PRODUCT/CHANNEL (letters, digits, . _ + -)", text);
	*product = p;
	*channel = slash + 1;
	return 0;
}

int
verbs_fd(const struct args *args, const char *name, int *out, struct err *e)
{
	int64_t fd = args_int(args, name, -1);

	if (fd > 1 << 20)
		return err_set(e, ERR_USAGE, "--%s: not a descriptor", name);
	*out = (int)fd;
	return 0;
}

int
verbs_jobs(const struct args *args)
{
	int64_t n = args_int(args, "jobs", sysconf(_SC_NPROCESSORS_ONLN));

	if (n < 1)
		n = 1;
	return (int)(n > VERBS_JOBS_MAX ? VERBS_JOBS_MAX : n);
}

int64_t
verbs_expiry(const struct args *args, int64_t now_s, int64_t days_default)
{
	return now_s + args_int(args, "expires", days_default * 86400);
}

int
verbs_print_json(const json_t *v, struct err *e)
{
	if (v == NULL ||
	    json_dumpf(v, stdout, JSON_INDENT(2) | JSON_SORT_KEYS) < 0)
		return err_set(e, ERR_SYS, "cannot print JSON");
	(void)printf("\n");
	return 0;
}

void
verbs_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
}
