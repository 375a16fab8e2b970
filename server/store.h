/*
 * The store process and what sluiced's verbs need of it.  Store owns the
 * database, the blobs, intake and the operator's socket; it has no network and
 * no key that signs documents.
 *
 * Its messages with front are in ipc.h, with the brake in brake.h, with post in
 * post.h.
 */
#ifndef SLUICE_STORE_H
#define SLUICE_STORE_H

#include <sys/types.h>

#include <jansson.h>

#include "manifest/base/base.h"
#include "manifest/base/digest.h"
#include "manifest/base/err.h"
#include "server/config.h"

/* store_group - the number of admin_group; (gid_t)-1 for NULL. */
int store_group(const char *name, gid_t *out, struct err *e) MUST_CHECK;

/*
 * store_listen - the admin socket, made before the fence is up: within it store
 * can neither make sockets nor remove files beside its own (the brake's lie
 * below the same folder).  gid gets admin_group, (gid_t)-1: none.
 */
int store_listen(const struct server_config *conf, int *fd, gid_t *gid,
    struct err *e) MUST_CHECK;

struct store_lines {
	int front_fd, brake_fd;
	int post_fd; /* -1: no webhook */
	int admin_fd;
	gid_t admin_gid;
};

/*
 * store_run - the process, in its fence: serves until SIGTERM or until front
 * or brake is gone.  Opens the database itself.  Returns the exit status.
 */
int store_run(
    const struct store_lines *lines, const struct server_config *conf);

/* The tokens that store_init made; shown once, never stored. */
struct store_tokens {
	char publish[128], read[128];
};

/* store_init - make the state directory (0700), the database, the ticket key
 * and the first tokens.  ERR_CONFLICT if there is a database already. */
int store_init(
    const char *state, struct store_tokens *out, struct err *e) MUST_CHECK;

/* store_key - the brake key of a channel ("P/C"): made if there is none.
 * *public_path gets the path of key.pub (room bytes). */
int store_key(const char *state, const char *channel, char *public_path,
    size_t room, struct err *e) MUST_CHECK;

/* store_key_next - the brake key that is to follow, for a root that names it
 * instead.  *public_path gets the path of key.next.pub (room bytes), also with
 * ERR_CONFLICT: there is one already and it is not to be replaced. */
struct store_key_next {
	const char *channel;
	bool replace;
};
int store_key_next(const char *state, const struct store_key_next *n,
    char *public_path, size_t room, struct err *e) MUST_CHECK;

/*
 * store_channel_add - trust the last of a chain of roots (rootchain.h) as the
 * channel's, in brake and database, and serve the others to machines that have
 * nothing newer.  A channel that there is takes older roots in the same way
 * when the last is one that it trusts or did.  A running server is told through
 * its admin socket.  ERR_REFUSED for roots with keys of keys-example/, unless
 * the configuration allows them.
 */
struct store_channel {
	const char *id;
	const char *const *roots; /* files and folders */
	size_t nroots;
	bool mirror; /* its publications come from bundles: no brake */
};
struct store_trusted {
	int64_t version, first; /* of the last root and the first */
	char sha256[SHA256_HEX_SIZE], first_sha256[SHA256_HEX_SIZE];
	/* a channel that shares keys with it (apart.h), and which; "": none */
	char shared_with[160], shared[64];
};
int store_channel_add(const struct server_config *conf,
    const struct store_channel *ask, struct store_trusted *out,
    struct err *e) MUST_CHECK;

/*
 * store_import - take a bundle into the channels that this server mirrors.
 * What was taken: import_read.h's facts (new reference); NULL with e.
 * ERR_REFUSED also for an older one than was imported before.
 */
json_t *store_import(const struct server_config *conf, const char *path,
    struct err *e) MUST_CHECK;

/* store_export - what clients reported here, signed, for the server outside
 * (sites.h); key gets the site's public key as a minisign line. */
struct store_export {
	const char *out;
	const char *site; /* its name; NULL: made from its key */
	int64_t days;
};
int store_export(const struct server_config *conf,
    const struct store_export *ask, char key[static 64], int64_t *rows,
    struct err *e) MUST_CHECK;

/* store_reload - a running server makes its table anew; none is fine. */
void store_reload(const struct server_config *conf);

/*
 * store_restored - the database of this stopped server comes from a backup:
 * when it starts, unfinished rollouts are halted above whatever the brake had
 * signed.  An array (new reference) of {"channel","m","brake_m"}, brake_m > m:
 * that publication must be pushed again; "error" where the brake cannot say.
 */
json_t *store_restored(
    const struct server_config *conf, struct err *e) MUST_CHECK;

/* store_prune - drop what nothing names any more, from a stopped server's
 * state (a running one does it by itself).  *freed gets bytes. */
int store_prune(
    const struct server_config *conf, int64_t *freed, struct err *e) MUST_CHECK;

#endif
