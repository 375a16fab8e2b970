/*
 * From a bundle to a folder.  The order matters: the documents are verified
 * before the first artifact is written, and the archive to its end before
 * anybody is told where the folder is.
 */
#include "client/media.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/poll.h"
#include "client/refresh.h"
#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/bundle_file.h"

struct media {
	struct sluice *s;
	struct bundle_file file;
	const char *folder; /* where it is laid out */
	const char *id;	    /* "product/channel" */
	const char *prefix; /* "product/channel/targets/<version>/<os-arch>/" */
	struct trust trust;
	const struct manifest *manifest;
};

static char *
folder_of(struct sluice *s, struct err *e)
{
	return file_path(s->run, e, s->state_dir, "bundle");
}

int
media_drop(struct sluice *s, struct err *e)
{
	char *folder = folder_of(s, e);

	return folder == NULL ? -1 : file_remove_tree(folder, e);
}

/* --- what this machine trusts --------------------------------------------- */

static int
start_trust(struct media *m, struct err *e)
{
	struct sluice *s = m->s;
	struct refresh stored = {
		.trust = &m->trust, .arena = s->run, .dir = s->channel_dir
	};
	struct bytes root;
	int64_t now_s =
	    poll_now_s(clock_now_s(), s->state, m->file.list->created_s);

	if (poll_root(
		&s->config, s->channel, s->channel_dir, s->run, &root, e) < 0) {
		if (e->kind == ERR_MISSING)
			client_hint_root(s);
		return -1;
	}
	if (trust_start(&m->trust, s->run, ROLE_STRICT, now_s,
		s->config.product, s->channel, root, e) < 0 ||
	    bundle_file_root(&m->file, &m->trust, e) < 0)
		return -1;
	return refresh_stored(&stored, e);
}

/* --- while it is read ----------------------------------------------------- */

/* bundle_take.documents: the same checks as online, in memory. */
static int
check_documents(void *ctx, struct err *e)
{
	struct media *m = ctx;
	const struct config *c = &m->s->config;
	bool behind;

	if (start_trust(m, e) < 0)
		return -1;
	if (bundle_file_view(&m->file, &m->trust, &m->manifest, &behind, e) <
	    0) {
		if (!behind)
			return -1;
		return err_set(e, ERR_REFUSED,
		    "this bundle is older than what this machine has seen");
	}
	m->prefix = arena_printf(m->s->run, e, "%s/targets/%s/%s-%s/", m->id,
	    m->manifest->version == NULL ? "" : m->manifest->version, c->os,
	    c->arch);
	return m->prefix == NULL ? -1 : 0;
}

static char *
make_path(struct media *m, const char *path, struct err *e)
{
	char *to = file_path(m->s->run, e, m->folder, path);
	char *slash = to == NULL ? NULL : strrchr(to, '/');

	if (to == NULL)
		return NULL;
	*slash = '\0';
	if (file_mkdirs(to, 0700, e) < 0)
		return NULL;
	*slash = '/';
	return to;
}

/* bundle_take.where: only what this machine may need. */
static int
where(void *ctx, const struct bundle_member *b, struct err *e)
{
	struct media *m = ctx;
	char *path;
	int fd;

	if (strncmp(b->path, m->prefix, strlen(m->prefix)) != 0)
		return BUNDLE_SKIP;
	if ((path = make_path(m, b->path, e)) == NULL)
		return -1;
	fd = open(
	    path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? err_sys(e, "%s", path) : fd;
}

static int
done(void *ctx, const struct bundle_member *b, int fd, struct err *e)
{
	(void)ctx;
	return fd >= 0 && close(fd) < 0 ? err_sys(e, "%s", b->path) : 0;
}

/* --- afterwards ----------------------------------------------------------- */

static int
write_documents(struct media *m, struct err *e)
{
	const struct bundle *list = m->file.list;
	size_t n = strlen(m->id);

	for (size_t i = 0; i < list->nmembers; i++) {
		struct bytes file = m->file.documents[i];
		char *path;

		if (file.len == 0 ||
		    strncmp(list->members[i].path, m->id, n) != 0 ||
		    list->members[i].path[n] != '/')
			continue;
		path = make_path(m, list->members[i].path, e);
		if (path == NULL ||
		    file_create(path, file.at, file.len, 0600, e) < 0)
			return -1;
	}
	return 0;
}

/* The archive has the member of this target. */
static bool
is_there(const struct media *m, const char *path,
    const uint8_t sha256[static SHA256_SIZE], struct err *e)
{
	struct target t = { .path = path };
	const struct bundle_member *b;
	char *name;

	memcpy(t.sha256, sha256, SHA256_SIZE);
	if ((name = role_path(m->s->run, &t, e)) == NULL ||
	    (name = arena_printf(m->s->run, e, "%s/targets/%s", m->id, name)) ==
		NULL)
		return false;
	b = bundle_find(m->file.list, name);
	return b != NULL && !b->have;
}

/* One made for other platforms, or on top of another, may lack what we need. */
static int
check_complete(struct media *m, struct err *e)
{
	const struct config *c = &m->s->config;
	const struct state_release *here = client_here(m->s);
	const struct artifact *a =
	    manifest_artifact(m->manifest, c->os, c->arch);

	if (a == NULL || m->manifest->seq == here->seq ||
	    is_there(m, a->path, a->sha256, e))
		return 0;
	for (size_t i = 0; i < a->ndeltas; i++) {
		const struct delta_entry *d = &a->deltas[i];

		if (d->from_seq == here->seq &&
		    is_there(m, d->path, d->sha256, e))
			return 0;
	}
	if (m->file.list->since != NULL)
		client_hint(m->s,
		    "it was made on top of the bundle whose list is %.16s...",
		    m->file.list->since);
	return err_set(e, ERR_REFUSED, "this bundle does not hold %s for %s-%s",
	    a->name, c->os, c->arch);
}

static int
read_all(struct media *m, const char *bundle, struct err *e)
{
	struct bundle_take take = {
		.documents = check_documents,
		.where = where,
		.done = done,
		.ctx = m,
	};

	if (bundle_file_open(&m->file, bundle, m->s->run, e) < 0 ||
	    bundle_file_each(&m->file, &take, e) < 0)
		return -1;
	return check_complete(m, e) < 0 ? -1 : write_documents(m, e);
}

int
media_stage(struct sluice *s, const char *bundle, struct err *e)
{
	struct media m = { .s = s, .folder = folder_of(s, e) };
	struct err later;
	int rc;

	m.id = arena_printf(s->run, e, "%s/%s", s->config.product, s->channel);
	if (m.folder == NULL || m.id == NULL || media_drop(s, e) < 0)
		return -1;
	rc = read_all(&m, bundle, e);
	bundle_file_done(&m.file);
	if (rc < 0) {
		if (media_drop(s, &later) < 0)
			client_notice(s, "%s", later.msg);
		return -1;
	}
	s->origin.url = arena_printf(s->run, e, "file://%s", m.folder);
	s->bundle_s = m.file.list->created_s;
	return s->origin.url == NULL ? -1 : 0;
}
