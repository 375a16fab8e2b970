/*
 * A list of connections.
 */
#include "server/link.h"

#include <stdlib.h>

struct link *
link_open(
    struct links *all, int fd, const struct sockaddr *sa, int64_t deadline_ms)
{
	struct link *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->fd = fd;
	l->peer = peer_read(sa);
	l->deadline_ms = deadline_ms;
	peer_enter(all->limits, &l->peer);
	l->next = all->first;
	if (all->first != NULL)
		all->first->prev = l;
	all->first = l;
	all->n++;
	return l;
}

void
link_close(struct links *all, struct link *l)
{
	if (l == NULL)
		return;
	peer_leave(all->limits, &l->peer);
	if (l->prev != NULL)
		l->prev->next = l->next;
	else
		all->first = l->next;
	if (l->next != NULL)
		l->next->prev = l->prev;
	all->n--;
	free(l);
}

/* A socket that is shut down reads as ended: whoever owns it cleans up. */
void
link_sweep(const struct links *all, int64_t now_ms, bool idle)
{
	for (const struct link *l = all->first; l != NULL; l = l->next)
		if (now_ms >= l->deadline_ms || (idle && !l->busy))
			(void)shutdown(l->fd, SHUT_RDWR);
}
