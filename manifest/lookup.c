/*
 * A stack of roles to visit; a terminating delegation empties what lies below.
 */
#include "manifest/lookup.h"

#include <string.h>

#include "manifest/base/text.h"

/*
 * Of one document only so many delegations can come to be visited: as many as
 * are allowed, and as many that turn out to have been seen.
 */
#define CHILDREN_MAX (2 * LOOKUP_ROLES_MAX)
#define TODO_MAX     (CHILDREN_MAX * (LOOKUP_ROLES_MAX + 1))

int
lookup_start(struct lookup *l, struct trust *t, const char *path, struct err *e)
{
	*l = (struct lookup){ .trust = t, .path = path };
	if (t->targets == NULL || trust_targets_needed(t))
		return err_set(
		    e, ERR_REFUSED, "a search before there are targets");
	l->todo = arena_array(t->arena, TODO_MAX, sizeof *l->todo, e);
	return l->todo == NULL ? -1 : lookup_take(l, t->targets, e);
}

static bool
was_seen(const struct lookup *l, const char *name)
{
	for (size_t i = 0; i < l->nseen; i++)
		if (strcmp(l->seen[i], name) == 0)
			return true;
	return false;
}

int
lookup_next(struct lookup *l, struct lookup_step *out, struct err *e)
{
	char shown[64];

	if (l->found != NULL)
		return 0;
	while (l->ntodo > 0) {
		*out = l->todo[--l->ntodo];
		if (was_seen(l, out->as.name))
			continue; /* a cycle, or a second way to it */
		if (l->nseen == LOOKUP_ROLES_MAX)
			return err_set(e, ERR_LIMIT,
			    "%s: more than %d delegated roles to ask",
			    text_safe(shown, sizeof shown, l->path),
			    LOOKUP_ROLES_MAX);
		l->seen[l->nseen++] = out->as.name;
		return 1;
	}
	return 0;
}

static void
reverse(struct lookup_step *at, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct lookup_step s = at[i];

		at[i] = at[n - 1 - i];
		at[n - 1 - i] = s;
	}
}

int
lookup_take(struct lookup *l, const struct role *r, struct err *e)
{
	struct lookup_step child[CHILDREN_MAX];
	size_t n = 0, at = 0;
	bool last = false;
	int rc = 1;

	if ((l->found = role_target(r, l->path)) != NULL ||
	    r->delegations == NULL)
		return 0;
	while (!last && n < CHILDREN_MAX) {
		rc = delegation_next(r->delegations, l->path, &at, &child[n].as,
		    l->trust->arena, e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			break;
		child[n].by = r;
		last = child[n++].as.terminating;
	}
	if (last)
		l->ntodo = 0;
	reverse(child, n);
	memcpy(l->todo + l->ntodo, child, n * sizeof *child);
	l->ntodo += n;
	return 0;
}
