/*
 * The operator's socket: a Unix stream socket, one request per connection, one
 * JSON object per line each way.
 *
 *   {"verb":"halt","channel":"P/C","reason":"...","dry_run":bool, ...}
 *   {"ok":true, ...}   or   {"ok":false,"kind":"refused","error":"..."}
 *
 * Who may: root, the server's own user, members of the configured group (all
 * but tokens).  A change is answered when front has the table, so that it is
 * in effect for the next poll.
 */
#ifndef SLUICE_ADMIN_H
#define SLUICE_ADMIN_H

#include "server/store/context.h"

void admin_close(struct store *s);

/* admin_accept - take a waiting connection, if there is one. */
void admin_accept(struct store *s);
/* admin_io - read what has come, or write what is left. */
void admin_io(struct store *s, struct client *c);
/* admin_tabled - front has taken a table: answer those who waited for it. */
void admin_tabled(struct store *s);
/* admin_expire - end connections past their deadline. */
void admin_expire(struct store *s);

#endif
