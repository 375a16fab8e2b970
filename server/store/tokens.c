/*
 * Tokens of the HTTP API.
 */
#include "server/store/tokens.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "manifest/base/digest.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"

#define ID_BYTES     8
#define SECRET_BYTES 32
#define PREFIX	     "slc_"
#define NOTE_MAX     200
#define USED_STEP_S  3600 /* a write per use would cost an fsync each */

static const char *const scope_words[] = { "read", "publish" };

/* Whether word (of len bytes) stands in the list of words. */
static bool
has_word(const char *list, const char *word, size_t len)
{
	for (const char *p = list; *p != '\0';) {
		size_t n = strcspn(p, " ");

		if (n == len && memcmp(p, word, n) == 0)
			return true;
		p += n + (p[n] == ' ');
	}
	return false;
}

static int
scopes_check(const char *scopes, struct err *e)
{
	if (*scopes == '\0')
		return err_set(e, ERR_USAGE, "a token needs a scope");
	for (const char *p = scopes; *p != '\0';) {
		size_t n = strcspn(p, " ");
		bool known = false;

		for (size_t i = 0; i < COUNT(scope_words); i++)
			known = known || has_word(scope_words[i], p, n);
		if (n == 0 || !known)
			return err_set(e, ERR_USAGE,
			    "'%.*s' is no scope: read, publish",
			    (int)(n > 40 ? 40 : n), p);
		p += n + (p[n] == ' ');
	}
	return 0;
}

int
tokens_create(struct db *db, const struct token_new *t, int64_t now_s,
    char text[static TOKEN_TEXT_SIZE], struct err *e)
{
	uint8_t raw[ID_BYTES + SECRET_BYTES];
	char id[TOKEN_ID_SIZE], secret[HEX_SIZE(SECRET_BYTES)];
	char hash[SHA256_HEX_SIZE];
	int n;

	if (scopes_check(t->scopes, e) < 0)
		return -1;
	if (strlen(t->note) > NOTE_MAX || !utf8_ok(t->note, strlen(t->note)))
		return err_set(e, ERR_USAGE, "the note is too long");
	randombytes_buf(raw, sizeof(raw));
	hex_write(id, raw, ID_BYTES);
	hex_write(secret, raw + ID_BYTES, SECRET_BYTES);
	sha256_hex(hash, secret, strlen(secret));
	n = db_do(db, e,
	    "INSERT INTO token (id, hash, scopes, note, created_s, expires_s,"
	    " used_s, revoked_s) VALUES ($1, $2, $3, $4, $5, $6, 0, 0)",
	    BIND(V(id), V(hash), V(t->scopes), V(t->note), V(now_s),
		V(t->expires_s)));
	(void)snprintf(text, TOKEN_TEXT_SIZE, PREFIX "%s_%s", id, secret);
	sodium_memzero(raw, sizeof(raw));
	sodium_memzero(secret, sizeof(secret));
	return n < 0 ? -1 : 0;
}

/* Split slc_<id>_<secret>; the secret's hash is what is compared. */
static int
parse(const char *text, char id[static TOKEN_ID_SIZE],
    char hash[static SHA256_HEX_SIZE])
{
	size_t prefix = strlen(PREFIX), len = TOKEN_ID_SIZE - 1;
	uint8_t raw[SECRET_BYTES];

	if (text == NULL || strncmp(text, PREFIX, prefix) != 0 ||
	    strlen(text) != prefix + len + 1 + 2 * SECRET_BYTES ||
	    text[prefix + len] != '_')
		return -1;
	memcpy(id, text + prefix, len);
	id[len] = '\0';
	text += prefix + len + 1;
	if (hex_read(raw, ID_BYTES, id) < 0 ||
	    hex_read(raw, SECRET_BYTES, text) < 0)
		return -1;
	sodium_memzero(raw, sizeof(raw));
	sha256_hex(hash, text, 2 * SECRET_BYTES);
	return 0;
}

/* A use is noted at most once an hour; failing to is no reason to refuse. */
static void
note_use(struct db *db, const char *id, int64_t used_s, int64_t now_s)
{
	struct err ignored;
	int n = 0;

	if (now_s - used_s >= USED_STEP_S)
		n = db_do(db, &ignored,
		    "UPDATE token SET used_s = $2 WHERE id = $1",
		    BIND(V(id), V(now_s)));
	(void)n;
}

int
tokens_check(struct db *db, const char *text, const char *scope, int64_t now_s,
    char id[static TOKEN_ID_SIZE], struct err *e)
{
	static const char refused[] = "the token was refused";
	char hash[SHA256_HEX_SIZE] = "", want[SHA256_HEX_SIZE] = "";
	char scopes[64];
	int64_t expires, revoked, used;
	AUTO_ROWS r = NULL;
	int n;

	id[0] = '\0';
	if (parse(text, id, hash) < 0)
		return err_set(e, ERR_AUTH, "%s", refused);
	r = db_rows(db, e,
	    "SELECT hash, scopes, expires_s, revoked_s, used_s FROM token"
	    " WHERE id = $1",
	    BIND(V(id)));
	if (r == NULL || (n = rows_next(r, e)) < 0)
		return -1;
	if (n == 0)
		return err_set(e, ERR_AUTH, "%s", refused);
	row_copy(r, 0, want, sizeof(want));
	row_copy(r, 1, scopes, sizeof(scopes));
	expires = row_int(r, 2);
	revoked = row_int(r, 3);
	used = row_int(r, 4);
	if (sodium_memcmp(hash, want, sizeof(want)) != 0 || revoked != 0 ||
	    (expires != 0 && expires <= now_s))
		return err_set(e, ERR_AUTH, "%s", refused);
	/* who may publish has to see what is there */
	if (!has_word(scopes, scope, strlen(scope)) &&
	    (strcmp(scope, "read") != 0 || !has_word(scopes, "publish", 7)))
		return err_set(e, ERR_REFUSED,
		    "the token does not have the scope '%s'", scope);
	rows_done(r);
	r = NULL;
	note_use(db, id, used, now_s);
	return 0;
}

int
tokens_revoke(struct db *db, const char *id, int64_t now_s, struct err *e)
{
	int n = db_do(db, e,
	    "UPDATE token SET revoked_s = $2 WHERE id = $1 AND revoked_s = 0",
	    BIND(V(id), V(now_s)));

	if (n == 0)
		return err_set(
		    e, ERR_MISSING, "no token %.40s is in force", id);
	return n < 0 ? -1 : 0;
}

json_t *
tokens_list(struct db *db, struct err *e)
{
	AUTO_ROWS r = db_rows(db, e,
	    "SELECT id, scopes, note, created_s, expires_s, used_s, revoked_s"
	    " FROM token ORDER BY created_s, id",
	    NO_BIND);
	json_t *list = json_array();
	char id[TOKEN_ID_SIZE], scopes[64], note[NOTE_MAX + 1];
	int more = -1;

	while (r != NULL && list != NULL && (more = rows_next(r, e)) > 0) {
		row_copy(r, 0, id, sizeof(id));
		row_copy(r, 1, scopes, sizeof(scopes));
		row_copy(r, 2, note, sizeof(note));
		if (json_array_append_new(list,
			json_pack("{ss ss ss so so so so}", "id", id, "scopes",
			    scopes, "note", note, "created",
			    json_time(row_int(r, 3)), "expires",
			    json_time(row_int(r, 4)), "used",
			    json_time(row_int(r, 5)), "revoked",
			    json_time(row_int(r, 6)))) < 0)
			break;
	}
	if (more == 0)
		return list;
	if (more > 0)
		(void)err_set(e, ERR_SYS, "no memory");
	json_decref(list);
	return NULL;
}
