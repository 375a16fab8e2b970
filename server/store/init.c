/*
 * Making a server's state, and adding channels to it: what sluiced's verbs do
 * outside the running processes.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <sodium.h>

#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/role.h"
#include "server/brake.h"
#include "server/store.h"
#include "server/store/audit.h"
#include "server/store/blobs.h"
#include "server/store/channel.h"
#include "server/store/prune.h"
#include "server/store/refused_keys.h"
#include "server/store/schema.h"
#include "server/store/tokens.h"
#include "server/ticket.h"

/* --- state directory --- */

static int
make_folders(const char *state, struct err *e)
{
	static const char *const folders[] = { "db", "blobs", "incoming",
		"intake", "brake" };
	char path[4096];

	for (size_t i = 0; i < COUNT(folders); i++) {
		if (snprintf(path, sizeof(path), "%s/%s", state, folders[i]) >=
		    (int)sizeof(path))
			return err_set(e, ERR_LIMIT, "%s: too long", state);
		if (file_mkdirs(path, 0700, e) < 0)
			return -1;
	}
	if (chmod(state, 0700) < 0)
		return err_sys(e, "%s", state);
	return 0;
}

static int
first_rows(struct db *db, struct store_tokens *out, struct err *e)
{
	uint8_t key[TICKET_KEY_SIZE];
	char hex[HEX_SIZE(TICKET_KEY_SIZE)];
	int64_t now = clock_now_s();
	struct token_new publish = { "publish", "made by init", 0 };
	struct token_new read = { "read", "made by init", 0 };
	AUTO_TX tx = tx_begin(db, e);
	struct audit row = { .at_s = now,
		.who = "sluiced init",
		.verb = "init",
		.channel = "",
		.arguments = "{}",
		.reason = "",
		.before = "",
		.after = "" };

	randombytes_buf(key, sizeof(key));
	hex_write(hex, key, sizeof(key));
	sodium_memzero(key, sizeof(key));
	if (tx == NULL || schema_meta_put(db, "ticket_key", hex, e) < 0 ||
	    tokens_create(db, &publish, now, out->publish, e) < 0 ||
	    tokens_create(db, &read, now, out->read, e) < 0 ||
	    audit_add(db, &row, e) < 0)
		return -1;
	return tx_commit(&tx, e);
}

int
store_init(const char *state, struct store_tokens *out, struct err *e)
{
	char have[HEX_SIZE(TICKET_KEY_SIZE)];
	AUTO_DB db = NULL;

	if (sodium_init() < 0)
		return err_set(e, ERR_SYS, "libsodium does not start");
	if (file_mkdirs(state, 0700, e) < 0 || make_folders(state, e) < 0 ||
	    schema_open(&db, state, DB_CREATE, e) < 0 ||
	    schema_meta_get(db, "ticket_key", have, sizeof(have), e) < 0)
		return -1;
	/* the first transaction is all or nothing: a killed init can be run
	 * again */
	if (have[0] != '\0')
		return err_set(e, ERR_CONFLICT,
		    "%s: there is a server's state already", state);
	return first_rows(db, out, e);
}

/* --- channels --- */

static int
brake_folder(const char *state, char *out, size_t room, struct err *e)
{
	return snprintf(out, room, "%s/brake", state) >= (int)room
	    ? err_set(e, ERR_LIMIT, "%s: the path is too long", state)
	    : 0;
}

int
store_key(const char *state, const char *channel, char *public_path,
    size_t room, struct err *e)
{
	char product[PRODUCT_MAX + 1], name[PRODUCT_MAX + 1], dir[4096];

	if (channel_split(channel, product, name, e) < 0 ||
	    brake_folder(state, dir, sizeof(dir), e) < 0)
		return -1;
	if (snprintf(public_path, room, "%s/%s/%s/key.pub", dir, product,
		name) >= (int)room)
		return err_set(e, ERR_LIMIT, "%s: too long", state);
	if (brake_key_make(dir, product, name, e) < 0)
		return e->kind == ERR_CONFLICT ? 0 : -1;
	return 0;
}

static int
note_key(const char *state, const char *channel, struct err *e)
{
	struct audit row = { .at_s = clock_now_s(),
		.who = "sluiced brake next",
		.verb = "brake-next",
		.channel = channel,
		.arguments = "{}",
		.reason = "",
		.before = "",
		.after = "" };
	AUTO_DB db = NULL;
	AUTO_TX tx = NULL;

	if (schema_open(&db, state, DB_MUST_EXIST, e) < 0 ||
	    (tx = tx_begin(db, e)) == NULL || audit_add(db, &row, e) < 0)
		return -1;
	return tx_commit(&tx, e);
}

int
store_key_next(const char *state, const struct store_key_next *n,
    char *public_path, size_t room, struct err *e)
{
	char product[PRODUCT_MAX + 1], name[PRODUCT_MAX + 1], dir[4096];

	if (channel_split(n->channel, product, name, e) < 0 ||
	    brake_folder(state, dir, sizeof(dir), e) < 0)
		return -1;
	if (snprintf(public_path, room, "%s/%s/%s/key.next.pub", dir, product,
		name) >= (int)room)
		return err_set(e, ERR_LIMIT, "%s: too long", state);
	if (brake_key_next(dir, product, name, n->replace, e) < 0)
		return -1;
	return note_key(state, n->channel, e);
}

/* The root document as a blob, as the push of a publication would leave it. */
static int
store_root(struct db *db, const char *state, struct bytes root,
    const char *sha256, struct err *e)
{
	AUTO_ARENA a = arena_new(65536);
	char *path, *dir;

	if (a == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if ((dir = arena_printf(a, e, "%s/blobs/%.2s", state, sha256)) ==
		NULL ||
	    (path = blobs_path(state, sha256, a, e)) == NULL ||
	    file_mkdirs(dir, 0700, e) < 0 ||
	    file_replace(path, root.at, root.len, 0600, e) < 0)
		return -1;
	return db_do(db, e,
		   "INSERT INTO blob (sha256, size, added_s)"
		   " VALUES ($1, $2, $3) ON CONFLICT (sha256) DO NOTHING",
		   BIND(V(sha256), V((int64_t)root.len), V(clock_now_s()))) < 0
	    ? -1
	    : 0;
}

struct adding {
	const char *channel, *sha256;
	char product[PRODUCT_MAX + 1], name[PRODUCT_MAX + 1];
	int64_t version, size;
	bool allow_example_keys, mirror;
};

static int
add_rows(struct db *db, const struct adding *n, struct err *e)
{
	int64_t now = clock_now_s();
	struct audit row = { .at_s = now,
		.who = "sluiced channel add",
		.verb = "channel-add",
		.channel = n->channel,
		.arguments = "{}",
		.reason = n->sha256,
		.before = "",
		.after = "" };

	if (db_do(db, e,
		"INSERT INTO channel (id, product, channel, root_version,"
		" publication, state, round, created_s, mirror)"
		" VALUES ($1, $2, $3, $4, '', '', 0, $5, $6)",
		BIND(V(n->channel), V((const char *)n->product),
		    V((const char *)n->name), V(n->version), V(now),
		    V((int64_t)n->mirror))) < 0)
		return e->kind == ERR_CONFLICT
		    ? err_set(e, ERR_CONFLICT, "there is a channel %s already",
			  n->channel)
		    : -1;
	return db_do(db, e,
		   "INSERT INTO root (channel, version, sha256, size)"
		   " VALUES ($1, $2, $3, $4)",
		   BIND(V(n->channel), V(n->version), V(n->sha256),
		       V(n->size))) < 0
	    ? -1
	    : audit_add(db, &row, e);
}

static int
check_root(struct adding *n, struct bytes file, struct arena *a, struct err *e)
{
	const struct role *root = role_read(a, ROLE_ROOT, file, ROLE_STRICT, e);

	if (root == NULL || role_verify(root, root, NULL, true, e) < 0)
		return -1;
	if (strcmp(root->product, n->product) != 0 ||
	    strcmp(root->channel, n->name) != 0)
		return err_set(e, ERR_REFUSED, "it is of %s/%s", root->product,
		    root->channel);
	if (root->expires_s <= clock_now_s())
		return err_set(e, ERR_REFUSED, "it has expired");
	if (!n->allow_example_keys && refused_keys_check(root, e) < 0)
		return -1;
	n->version = root->version;
	n->size = (int64_t)file.len;
	return 0;
}

/* A running server makes its table anew; none running is no error. */
void
store_reload(const struct server_config *conf)
{
	const char *admin_socket = conf->admin_socket;
	static const char ask[] = "{\"verb\":\"reload\"}\n";
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct timeval wait = { .tv_sec = 10 };
	AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char answer[256];

	if (fd < 0 ||
	    snprintf(at.sun_path, sizeof(at.sun_path), "%s", admin_socket) >=
		(int)sizeof(at.sun_path))
		return;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return;
	if (write(fd, ask, strlen(ask)) > 0)
		(void)!read(fd, answer, sizeof(answer));
}

/* The brake has lost its memory of a channel that there is: it is given one of
 * the roots that the database trusts anew.  1, or 0 if that is not so. */
static int
brake_lost(
    struct db *db, const struct adding *n, const char *brake, struct err *e)
{
	char path[4096];
	int64_t known = db_int(db, e, -1,
	    "SELECT COUNT(*) FROM root WHERE channel = $1 AND sha256 = $2",
	    BIND(V(n->channel), V(n->sha256)));

	if (known <= 0 || n->mirror)
		return known < 0 ? -1 : 0;
	if (snprintf(path, sizeof(path), "%s/%s/%s/state.json", brake,
		n->product, n->name) >= (int)sizeof(path))
		return err_set(e, ERR_LIMIT, "%s: the path is too long", brake);
	return !file_exists(path);
}

static int
add_all(struct db *db, const struct adding *n, const char *state,
    struct bytes file, struct err *e)
{
	return add_rows(db, n, e) < 0
	    ? -1
	    : store_root(db, state, file, n->sha256, e);
}

int
store_channel_add(const struct server_config *conf,
    const struct store_channel *ask, char fingerprint[static 65], struct err *e)
{
	AUTO_ARENA a = arena_new(16 << 20);
	const char *state = conf->state;
	const char *root_path = ask->root_path;
	struct adding n = { .channel = ask->id,
		.sha256 = fingerprint,
		.mirror = ask->mirror,
		.allow_example_keys = conf->allow_example_keys };
	AUTO_DB db = NULL;
	AUTO_TX tx = NULL;
	char dir[4096];
	struct bytes file;
	int lost;

	if (a == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if (channel_split(n.channel, n.product, n.name, e) < 0 ||
	    brake_folder(state, dir, sizeof(dir), e) < 0 ||
	    file_read(a, root_path, ROLE_ROOT_MAX, &file, e) < 0 ||
	    check_root(&n, file, a, e) < 0)
		return err_in(e, "%s", root_path);
	sha256_hex(fingerprint, file.at, file.len);
	/* last the brake: it refuses a second root, the rows do not */
	if (schema_open(&db, state, DB_MUST_EXIST, e) < 0 ||
	    (tx = tx_begin(db, e)) == NULL ||
	    (lost = brake_lost(db, &n, dir, e)) < 0 ||
	    (lost == 0 && add_all(db, &n, state, file, e) < 0) ||
	    (!n.mirror &&
		brake_trust(dir, n.product, n.name, root_path, e) < 0) ||
	    tx_commit(&tx, e) < 0)
		return -1;
	store_reload(conf);
	return 0;
}

int
store_prune(const struct server_config *conf, int64_t *freed, struct err *e)
{
	struct prune p = { clock_now_s(), false };
	struct pruned done;
	AUTO_DB db = NULL;

	if (schema_open(&db, conf->state, DB_MUST_EXIST, e) < 0 ||
	    prune_run(db, conf, &p, &done, e) < 0)
		return -1;
	*freed = done.bytes;
	return 0;
}
