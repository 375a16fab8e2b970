/*
 * sluiced export-reports: what this server's clients have reported, as one
 * signed file for the server outside (sites.h).  The site's key is made at the
 * first export; it signs counts and nothing else.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/minisign.h"
#include "server/store.h"
#include "server/store/schema.h"
#include "server/store/sites.h"

#define KEY_FILE "site.key"

struct exporting {
	const struct server_config *conf;
	struct arena *a;
	struct db *db;
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	struct minisign_key key;
};

/* --- the site's key ------------------------------------------------------- */

static int
make_key(struct exporting *x, const char *path, struct err *e)
{
	uint8_t seed[crypto_sign_SEEDBYTES];
	int rc;

	randombytes_buf(seed, sizeof(seed));
	rc = file_create(path, seed, sizeof(seed), 0600, e);
	sodium_memzero(seed, sizeof(seed));
	(void)x;
	return rc;
}

static int
load_key(struct exporting *x, struct err *e)
{
	char *path = file_path(x->a, e, x->conf->state, KEY_FILE);
	struct bytes seed;
	uint8_t digest[SHA256_SIZE];

	if (path == NULL)
		return -1;
	if (!file_exists(path) && make_key(x, path, e) < 0)
		return -1;
	if (file_read(x->a, path, crypto_sign_SEEDBYTES, &seed, e) < 0)
		return -1;
	if (seed.len != crypto_sign_SEEDBYTES)
		return err_set(e, ERR_INPUT, "%s: damaged", path);
	(void)crypto_sign_seed_keypair(x->key.public, x->secret, seed.at);
	sodium_memzero((void *)(uintptr_t)seed.at, seed.len);
	sha256(digest, x->key.public, sizeof(x->key.public));
	memcpy(x->key.id, digest, sizeof(x->key.id));
	return 0;
}

/* minisign's two signatures over the text. */
static int
sign(const struct exporting *x, struct bytes text, struct buf *out,
    struct err *e)
{
	struct minisign_sig s = { .trusted = "sluice reports" };
	uint8_t hash[MINISIGN_HASH_SIZE];
	uint8_t both[sizeof(s.sig) + sizeof("sluice reports") - 1];

	memcpy(s.id, x->key.id, sizeof(s.id));
	minisign_hash(hash, text);
	(void)crypto_sign_detached(s.sig, NULL, hash, sizeof(hash), x->secret);
	memcpy(both, s.sig, sizeof(s.sig));
	memcpy(both + sizeof(s.sig), s.trusted, strlen(s.trusted));
	(void)crypto_sign_detached(
	    s.global, NULL, both, sizeof(both), x->secret);
	minisign_write(out, &s);
	return buf_ok(out, e);
}

/* --- the counts ----------------------------------------------------------- */

static json_t *
counts(struct exporting *x, const char *from, struct err *e)
{
	AUTO_ROWS r = db_rows(x->db, e,
	    "SELECT channel, day, version, event, SUM(n) FROM report_count"
	    " WHERE day >= $1 GROUP BY channel, day, version, event"
	    " UNION ALL"
	    " SELECT channel, day, version, 'poll', SUM(n) FROM poll_count"
	    " WHERE day >= $1 GROUP BY channel, day, version"
	    " ORDER BY 1, 2, 3, 4",
	    BIND(V(from)));
	static const char *const names[] = { "channel", "day", "version",
		"event" };
	json_t *list = json_array();
	char text[160];
	int more = -1;

	while (r != NULL && (more = rows_next(r, e)) > 0) {
		json_t *o = json_object();

		for (int i = 0; i < (int)COUNT(names); i++) {
			row_copy(r, i, text, sizeof(text));
			(void)json_object_set_new(
			    o, names[i], json_string(text));
		}
		(void)json_object_set_new(o, "n", json_integer(row_int(r, 4)));
		(void)json_array_append_new(list, o);
	}
	if (more == 0)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *
reports(struct exporting *x, const struct store_export *ask, struct err *e)
{
	char from[TIME_TEXT_SIZE], until[TIME_TEXT_SIZE], name[32];
	int64_t now = clock_now_s();
	json_t *list;

	time_write(until, now);
	time_write(from, now - (ask->days - 1) * 86400);
	from[10] = '\0'; /* the day */
	(void)snprintf(name, sizeof(name), "site-%02x%02x%02x%02x",
	    x->key.id[0], x->key.id[1], x->key.id[2], x->key.id[3]);
	if ((list = counts(x, from, e)) == NULL)
		return NULL;
	return json_pack("{ss ss ss ss so}", "schema", "sluice-reports/1",
	    "site", ask->site != NULL ? ask->site : name, "from", from, "until",
	    until, "counts", list);
}

static int
write_file(struct exporting *x, const struct store_export *ask, const json_t *v,
    struct err *e)
{
	AUTO_JSON whole = NULL;
	AUTO_BUF text;
	AUTO_BUF sig;
	AUTO_BUF out;

	buf_init(&text, SITES_FILE_MAX);
	buf_init(&sig, MINISIGN_FILE_MAX);
	buf_init(&out, SITES_FILE_MAX);
	if (json_write(v, &text, e) < 0 || buf_ok(&text, e) < 0 ||
	    sign(x, buf_bytes(&text), &sig, e) < 0)
		return err_in(e, "reports");
	whole = json_pack("{ss sO}", "minisig", buf_str(&sig), "reports",
	    (json_t *)(uintptr_t)v);
	if (whole == NULL)
		return err_set(e, ERR_SYS, "no memory");
	return json_write(whole, &out, e) < 0
	    ? -1
	    : file_replace(ask->out, out.at, out.len, 0644, e);
}

int
store_export(const struct server_config *conf, const struct store_export *ask,
    char key[static 64], int64_t *rows, struct err *e)
{
	AUTO_ARENA a = arena_new(64 << 20);
	AUTO_DB db = NULL;
	AUTO_JSON v = NULL;
	struct exporting x = { .conf = conf, .a = a };
	int rc = -1;

	if (a == NULL || sodium_init() < 0)
		return err_set(e, ERR_SYS, "no memory");
	if (ask->site != NULL && !name_ok(ask->site, PRODUCT_MAX))
		return err_set(e, ERR_USAGE, "--site: not a name");
	if (schema_open(&db, conf->state, DB_MUST_EXIST, e) < 0)
		return -1;
	x.db = db;
	if (load_key(&x, e) == 0 && (v = reports(&x, ask, e)) != NULL)
		rc = write_file(&x, ask, v, e);
	sodium_memzero(x.secret, sizeof(x.secret));
	minisign_key_write(key, &x.key);
	*rows = (int64_t)json_array_size(json_object_get(v, "counts"));
	return rc;
}
