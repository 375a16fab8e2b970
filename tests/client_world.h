/*
 * A site with whole signed publications in a folder, and a machine with the
 * updater, through its public header.  Whatever fails here is a broken test
 * and aborts.
 */
#ifndef SLUICE_TESTS_CLIENT_WORLD_H
#define SLUICE_TESTS_CLIENT_WORLD_H

#include "client/libsluice.h"
#include "tests/ladder_fixture.h"

#define CLIENT_WORLD_PRODUCT "editor"
#define CLIENT_WORLD_CHANNEL "stable"

/* A site and a machine in a folder of their own. */
struct client_world {
	char dir[512];
	const char *channel;
	struct ladder_fixture *f;
	int64_t round;
};

/*
 * client_world_new - release 9 over 8 and 7, the view of `hold` on show, its
 * root trusted, nothing installed.
 */
void client_world_new(struct client_world *w, const char *name);
void client_world_done(struct client_world *w);
#define AUTO_CLIENT_WORLD CLEANUP(client_world_done) struct client_world

/* client_world_publish - the next publication; it is shown by _serve. */
void client_world_publish(struct client_world *w, int64_t seq, int ngood);

/* client_world_serve - put the publication and the timestamp of one rung in
 * place; client_world_rung - of block 1. */
void client_world_serve(struct client_world *w, int rung);
int client_world_rung(
    const struct client_world *w, enum rung_kind kind, int64_t seq);

/* client_world_machine - a handle of its configuration with more lines. */
struct sluice *client_world_machine(
    const struct client_world *w, const char *more) MUST_CHECK;

/* client_world_trust - its first root, for w->channel. */
void client_world_trust(const struct client_world *w);

/* client_world_update - one run; what sluice_update says. */
int client_world_update(const struct client_world *w, const char *more,
    int flags, struct sluice_result *r);

/* client_world_runs - check what `current` gives; seq 0: nothing. */
void client_world_runs(const struct client_world *w, int64_t seq);

#endif
