/*
 * sluice inspect: what is in a bundle, and whether it is to be believed.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/media.h"
#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/text.h"
#include "manifest/bundle_file.h"

#define MEMORY ((size_t)256 << 20)

struct looking {
	struct sluice *s;
	struct arena *a;
	struct bundle_file file;
	media_fact *fact;
	void *ctx;
};

static void PRINTF(3, 4)
    tell(struct looking *l, const char *key, const char *fmt, ...)
{
	char text[1200];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	l->fact(l->ctx, key, text);
}

static void
tell_list(struct looking *l)
{
	const struct bundle *b = l->file.list;
	char when[TIME_TEXT_SIZE], size[32];

	time_write(when, b->created_s);
	tell(l, "created", "%s", when);
	time_write(when, b->expires_s);
	tell(l, "expires", "%s%s", when,
	    clock_now_s() >= b->expires_s ? " (expired)" : "");
	tell(l, "list", "%s", l->file.sha256);
	if (b->since != NULL)
		tell(l, "since", "%s", b->since);
	for (size_t i = 0; i < b->nmembers; i++) {
		const struct bundle_member *m = &b->members[i];
		enum bundle_class c = bundle_class(m->path);

		if (c == BUNDLE_TARGET || c == BUNDLE_CLIENT)
			tell(l, m->have ? "not here" : "file", "%s, %s",
			    m->path, size_text(size, sizeof(size), m->size));
	}
}

/* The root that this machine trusts; false: none. */
static bool
trusted_root(struct looking *l, const char *product, const char *channel,
    struct bytes *out)
{
	struct err none;
	char *path;

	if (l->s == NULL || !l->s->opened ||
	    strcmp(product, l->s->config.product) != 0 ||
	    (path = config_channel_dir(&l->s->config, channel, l->a, &none)) ==
		NULL ||
	    (path = file_path(l->a, &none, path, "root.json")) == NULL)
		return false;
	return file_read(l->a, path, ROLE_ROOT_MAX, out, &none) == 0;
}

static int
tell_channel(struct looking *l, const char *id, struct err *e)
{
	char product[PRODUCT_MAX + 1], channel[PRODUCT_MAX + 1];
	size_t n = strcspn(id, "/");
	const struct manifest *m;
	struct bytes root, first;
	struct trust t;
	char hex[SHA256_HEX_SIZE];
	bool known, behind;

	(void)snprintf(product, sizeof(product), "%.*s", (int)n, id);
	(void)snprintf(channel, sizeof(channel), "%s", id + n + 1);
	if (bundle_file_document(&l->file, id, "1.root.json", &first, e) < 0)
		return err_set(e, ERR_INPUT, "%s", e->msg);
	known = trusted_root(l, product, channel, &root);
	if (!known)
		root = first;
	if (trust_start(&t, l->a, ROLE_STRICT, l->file.list->created_s, product,
		channel, root, e) < 0 ||
	    bundle_file_root(&l->file, &t, e) < 0 ||
	    bundle_file_view(&l->file, &t, &m, &behind, e) < 0)
		return err_in(e, "%s", id);
	sha256_hex(hex, first.at, first.len);
	tell(l, "channel", "%s: %s (%" PRId64 "), %s, root %" PRId64, id,
	    m->version == NULL ? "no release" : m->version, m->seq,
	    m->offer ? "offer" : manifest_kind_name(m->kind), t.root->version);
	tell(l, "root", "%s of %s, %s", hex, id,
	    known ? "trusted here" : "NOT trusted here: compare it");
	return 0;
}

static int
check_documents(void *ctx, struct err *e)
{
	struct looking *l = ctx;

	for (size_t i = 0; i < l->file.list->nchannels; i++) {
		if (tell_channel(l, l->file.list->channels[i], e) < 0)
			return -1;
	}
	return 0;
}

int
media_inspect(struct sluice *s, const char *bundle, media_fact *fact, void *ctx,
    struct err *e)
{
	AUTO_ARENA a = arena_new(MEMORY);
	struct looking l = { .s = s, .a = a, .fact = fact, .ctx = ctx };
	struct bundle_take take = { .documents = check_documents, .ctx = &l };
	int rc;

	if (a == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	rc = bundle_file_open(&l.file, bundle, a, e);
	if (rc == 0)
		tell_list(&l);
	if (rc == 0)
		rc = bundle_file_each(&l.file, &take, e);
	bundle_file_done(&l.file);
	return rc;
}
