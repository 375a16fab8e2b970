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
#include "server/brake.h"
#include "server/store.h"
#include "server/store/apart.h"
#include "server/store/audit.h"
#include "server/store/channel.h"
#include "server/store/prune.h"
#include "server/store/refused_keys.h"
#include "server/store/rootchain.h"
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

struct adding {
	const struct server_config *conf;
	const char *channel;
	char product[PRODUCT_MAX + 1], name[PRODUCT_MAX + 1];
	bool mirror;
	struct rootchain chain;
	const struct rootchain_link *last; /* of chain: what is trusted */
};

static int
add_audit(struct db *db, const struct adding *n, struct err *e)
{
	struct audit row = { .at_s = clock_now_s(),
		.who = "sluiced channel add",
		.verb = "channel-add",
		.channel = n->channel,
		.arguments = "{}",
		.reason = n->last->sha256,
		.before = "",
		.after = "" };

	return audit_add(db, &row, e);
}

static int
add_channel(struct db *db, const struct adding *n, struct err *e)
{
	if (db_do(db, e,
		"INSERT INTO channel (id, product, channel, root_version,"
		" publication, state, round, created_s, mirror)"
		" VALUES ($1, $2, $3, $4, '', '', 0, $5, $6)",
		BIND(V(n->channel), V((const char *)n->product),
		    V((const char *)n->name), V(n->last->root->version),
		    V(clock_now_s()), V((int64_t)n->mirror))) < 0)
		return e->kind == ERR_CONFLICT
		    ? err_set(e, ERR_CONFLICT, "there is a channel %s already",
			  n->channel)
		    : -1;
	return rootchain_put(&n->chain, db, n->conf->state, e) < 0
	    ? -1
	    : add_audit(db, n, e);
}

static int
read_chain(struct adding *n, const struct store_channel *ask, struct arena *a,
    struct err *e)
{
	n->chain.channel = n->channel;
	if (channel_split(n->channel, n->product, n->name, e) < 0 ||
	    rootchain_read(&n->chain, ask->roots, ask->nroots, a, e) < 0)
		return -1;
	n->last = rootchain_last(&n->chain);
	/* whoever has the keys of a root before could lead its machines away */
	for (size_t i = 0; !n->conf->allow_example_keys && i < n->chain.n; i++)
		if (refused_keys_check(n->chain.at[i].root, e) < 0)
			return err_in(e, "%s", n->chain.at[i].path);
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

/*
 * A channel that there is, and that trusts the chain's last root or has trusted
 * it: older roots may come now that it lacks, and where its brake has lost its
 * memory, that begins anew with this root.
 */
static int
mend_channel(
    struct db *db, const struct adding *n, const char *brake, struct err *e)
{
	int fresh = rootchain_put(&n->chain, db, n->conf->state, e);
	char path[4096];
	bool lost;

	if (fresh < 0)
		return -1;
	if (snprintf(path, sizeof(path), "%s/%s/%s/state.json", brake,
		n->product, n->name) >= (int)sizeof(path))
		return err_set(e, ERR_LIMIT, "%s: the path is too long", brake);
	lost = !n->mirror && !file_exists(path);
	if (fresh == 0 && !lost)
		return err_set(e, ERR_CONFLICT,
		    "there is a channel %s already, with these roots",
		    n->channel);
	/* last the brake: it refuses another root, the rows do not */
	return add_audit(db, n, e) < 0 ||
		(lost &&
		    brake_trust(brake, n->product, n->name, n->last->path, e) <
			0)
	    ? -1
	    : 0;
}

static int
add_or_mend(
    struct db *db, const struct adding *n, const char *brake, struct err *e)
{
	int64_t known = db_int(db, e, -1,
	    "SELECT COUNT(*) FROM root WHERE channel = $1 AND sha256 = $2",
	    BIND(V(n->channel), V((const char *)n->last->sha256)));

	if (known < 0)
		return -1;
	if (known > 0)
		return mend_channel(db, n, brake, e);
	return add_channel(db, n, e) < 0 ||
		(!n->mirror &&
		    brake_trust(brake, n->product, n->name, n->last->path, e) <
			0)
	    ? -1
	    : 0;
}

/* Said, not refused: it is the holders of the roots who can change it. */
static int
compare_channels(const struct adding *n, struct db *db,
    struct store_trusted *out, struct arena *a, struct err *e)
{
	const struct apart_ask ask = { n->conf->state, n->channel,
		n->last->root };
	struct apart found;
	int rc = apart_find(db, &ask, &found, a, e);

	if (rc <= 0)
		return rc;
	(void)snprintf(
	    out->shared_with, sizeof(out->shared_with), "%s", found.channel);
	(void)snprintf(out->shared, sizeof(out->shared), "%s", found.what);
	return 0;
}

int
store_channel_add(const struct server_config *conf,
    const struct store_channel *ask, struct store_trusted *out, struct err *e)
{
	AUTO_ARENA a = arena_new(256u << 20);
	struct adding n = {
		.conf = conf, .channel = ask->id, .mirror = ask->mirror
	};
	AUTO_DB db = NULL;
	AUTO_TX tx = NULL;
	char brake[4096];

	if (a == NULL)
		return err_set(e, ERR_SYS, "no memory");
	*out = (struct store_trusted){ 0 };
	if (brake_folder(conf->state, brake, sizeof(brake), e) < 0 ||
	    read_chain(&n, ask, a, e) < 0 ||
	    schema_open(&db, conf->state, DB_MUST_EXIST, e) < 0 ||
	    (tx = tx_begin(db, e)) == NULL ||
	    compare_channels(&n, db, out, a, e) < 0 ||
	    add_or_mend(db, &n, brake, e) < 0 || tx_commit(&tx, e) < 0)
		return -1;
	out->version = n.last->root->version;
	out->first = n.chain.at[0].root->version;
	memcpy(out->sha256, n.last->sha256, sizeof(out->sha256));
	memcpy(
	    out->first_sha256, n.chain.at[0].sha256, sizeof(out->first_sha256));
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
