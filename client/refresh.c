/*
 * Verify, persist, go on: the order is part of the specification.
 */
#include "client/refresh.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/origin.h"
#include "manifest/base/digest.h"
#include "manifest/base/file.h"
#include "manifest/base/text.h"

#define FILE_NAME_MAX 248 /* bytes: 255, less what file_replace adds */
#define DOCUMENT_NAME 64  /* of a top-level role, with its version */

int
refresh_keep(
    const struct refresh *r, const char *name, struct bytes file, struct err *e)
{
	char *path = file_path(r->arena, e, r->dir, name);

	return path == NULL ? -1
			    : file_replace(path, file.at, file.len, 0600, e);
}

int
refresh_kept(const struct refresh *r, const char *name, size_t max,
    struct bytes *out, struct err *e)
{
	char *path = file_path(r->arena, e, r->dir, name);

	return path == NULL ? -1 : file_read(r->arena, path, max, out, e);
}

static int
forget(const struct refresh *r, const char *name, struct err *e)
{
	char *path = file_path(r->arena, e, r->dir, name);

	if (path == NULL)
		return -1;
	if (unlink(path) < 0 && file_exists(path))
		return err_sys(e, "%s", path);
	return 0;
}

int
refresh_roots(const struct refresh *r, struct err *e)
{
	for (int i = 0; i < TRUST_ROOTS_MAX; i++) {
		char name[DOCUMENT_NAME];
		struct bytes file;

		(void)snprintf(name, sizeof(name), "%lld.root.json",
		    (long long)r->trust->root->version + 1);
		if (r->get(r->ctx, name, ROLE_ROOT_MAX, &file, e) < 0) {
			if (e->kind == ERR_MISSING)
				break;
			return -1;
		}
		if (trust_root(r->trust, file, e) < 0)
			return err_in(e, "%s", name);
		/*
		 * Fast-forward recovery; first, since a run after this one
		 * does not see the keys change.
		 */
		if (r->trust->keys_changed &&
		    (forget(r, "timestamp.json", e) < 0 ||
			forget(r, "snapshot.json", e) < 0))
			return -1;
		if (refresh_keep(r, "root.json", file, e) < 0)
			return err_in(e, "%s", name);
	}
	return trust_roots_done(r->trust, e);
}

int
refresh_stored(const struct refresh *r, struct err *e)
{
	static const enum role_kind order[] = { ROLE_TIMESTAMP, ROLE_SNAPSHOT,
		ROLE_TARGETS };

	for (size_t i = 0; i < COUNT(order); i++) {
		char name[DOCUMENT_NAME];
		struct bytes file;

		(void)snprintf(
		    name, sizeof(name), "%s.json", role_name(order[i]));
		if (refresh_kept(r, name, role_max(order[i]), &file, e) < 0) {
			if (e->kind == ERR_SYS)
				return -1;
			continue;
		}
		/*
		 * Damaged, or signed by keys that root has replaced: absent.
		 * What could only not be read is not: an older one would pass.
		 */
		if (trust_stored(r->trust, order[i], file, e) < 0 &&
		    e->kind == ERR_SYS)
			return err_in(e, "%s", name);
	}
	return 0;
}

int
refresh_timestamp(const struct refresh *r, bool *behind, struct err *e)
{
	struct bytes file;
	int rc;

	*behind = false;
	if (r->get(r->ctx, "timestamp.json", ROLE_TIMESTAMP_MAX, &file, e) < 0)
		return -1;
	if ((rc = trust_timestamp(r->trust, file, behind, e)) < 0)
		return -1;
	return rc == 1 ? refresh_keep(r, "timestamp.json", file, e) : 0;
}

/* The file that m names; name is its part of the URL, without the version. */
static int
get_named(const struct refresh *r, const struct metafile *m, const char *name,
    size_t max, struct bytes *out, struct err *e)
{
	const char *url = name;

	if (m->length >= 0 && (uint64_t)m->length < max)
		max = (size_t)m->length;
	if (r->trust->root->consistent)
		url = arena_printf(
		    r->arena, e, "%lld.%s", (long long)m->version, name);
	return url == NULL ? -1 : r->get(r->ctx, url, max, out, e);
}

static int
get_role(const struct refresh *r, enum role_kind kind, struct err *e)
{
	const struct role *by =
	    kind == ROLE_SNAPSHOT ? r->trust->timestamp : r->trust->snapshot;
	char name[DOCUMENT_NAME];
	const struct metafile *m;
	struct bytes file;
	int rc;

	(void)snprintf(name, sizeof(name), "%s.json", role_name(kind));
	if ((m = role_meta(by, name)) == NULL)
		return err_set(e, ERR_INPUT, "%s is not listed", name);
	if (get_named(r, m, name, role_max(kind), &file, e) < 0)
		return -1;
	rc = kind == ROLE_SNAPSHOT ? trust_snapshot(r->trust, file, e)
				   : trust_targets(r->trust, file, e);
	if (rc < 0)
		return err_in(e, "%lld.%s", (long long)m->version, name);
	return refresh_keep(r, name, file, e);
}

int
refresh_roles(const struct refresh *r, struct err *e)
{
	if (trust_snapshot_needed(r->trust) &&
	    get_role(r, ROLE_SNAPSHOT, e) < 0)
		return -1;
	if (trust_targets_needed(r->trust) && get_role(r, ROLE_TARGETS, e) < 0)
		return -1;
	return 0;
}

/* --- delegated roles --- */

char *
refresh_name(
    struct arena *a, const char *text, const char *suffix, struct err *e)
{
	char *name = percent_encode(a, text, e), hex[SHA256_HEX_SIZE];
	size_t room = FILE_NAME_MAX - strlen(suffix);

	if (name == NULL)
		return NULL;
	if (strlen(name) <= room)
		return arena_printf(a, e, "%s%s", name, suffix);
	/* no name that is not too long ends so, but by chance of 2^-256 */
	sha256_hex(hex, text, strlen(text));
	return arena_printf(
	    a, e, "%.*s~%s%s", (int)(room - sizeof(hex)), name, hex, suffix);
}

/* From disk where it is what is wanted now, by the delegation of now. */
static const struct role *
get_delegated(
    const struct refresh *r, const struct lookup_step *s, struct err *e)
{
	const char *name = s->as.name;
	const struct metafile *m = trust_delegated_meta(r->trust, name, e);
	char *file_name = refresh_name(r->arena, name, ".json", e);
	char *url = percent_encode(r->arena, name, e);
	const struct role *role;
	struct bytes file;

	if (m == NULL || file_name == NULL || url == NULL ||
	    (url = arena_printf(r->arena, e, "%s.json", url)) == NULL)
		return NULL;
	if (refresh_kept(r, file_name, ROLE_TARGETS_MAX, &file, e) == 0) {
		role = trust_delegated(r->trust, s->by, &s->as, file, e);
		if (role != NULL)
			return role;
	}
	if (get_named(r, m, url, ROLE_TARGETS_MAX, &file, e) < 0)
		return NULL;
	role = trust_delegated(r->trust, s->by, &s->as, file, e);
	if (role == NULL || refresh_keep(r, file_name, file, e) < 0)
		return NULL;
	return role;
}

const struct target *
refresh_target(const struct refresh *r, const char *path, struct err *e)
{
	struct lookup_step step;
	struct lookup l;
	char shown[128];
	int rc;

	if (lookup_start(&l, r->trust, path, e) < 0)
		return NULL;
	while ((rc = lookup_next(&l, &step, e)) == 1) {
		const struct role *role = get_delegated(r, &step, e);

		if (role == NULL || lookup_take(&l, role, e) < 0)
			return NULL;
	}
	if (rc == 0 && l.found == NULL)
		err_set(e, ERR_MISSING, "%s: no such target",
		    text_safe(shown, sizeof(shown), path));
	return rc == 0 ? l.found : NULL;
}
