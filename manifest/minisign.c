/*
 * minisign's formats, prehashed signatures only: a legacy "Ed" signature is
 * over the file itself, so that a verifier must hold all of it in memory.
 */
#include "manifest/minisign.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "manifest/base/text.h"

#define UNTRUSTED "untrusted comment: "
#define TRUSTED	  "trusted comment: "

/* The two boxes that stand in base64 (minisign.h of minisign). */
#define ALG_SIZE 2
#define KEY_BOX	 (ALG_SIZE + MINISIGN_ID_SIZE + 32)
#define SIG_BOX	 (ALG_SIZE + MINISIGN_ID_SIZE + 64)

#define ALG_KEY	      "Ed"
#define ALG_LEGACY    "Ed"
#define ALG_PREHASHED "ED"

/* minisign shows an ID as a little-endian number. */
static void
id_text(char out[static HEX_SIZE(MINISIGN_ID_SIZE)],
    const uint8_t id[static MINISIGN_ID_SIZE])
{
	for (int i = 0; i < MINISIGN_ID_SIZE; i++) {
		uint8_t byte = id[MINISIGN_ID_SIZE - 1 - i];

		out[2 * i] = "0123456789ABCDEF"[byte >> 4];
		out[2 * i + 1] = "0123456789ABCDEF"[byte & 15];
	}
	out[2 * MINISIGN_ID_SIZE] = '\0';
}

/*
 * Copy the next line without its end to out; false if there is none or it has
 * more than room - 1 bytes.  Like minisign it ends at LF, CR LF or the end.
 */
static bool
line_next(const char **at, char *out, size_t room)
{
	size_t n = strcspn(*at, "\n"), len = n;

	if (n == 0)
		return false;
	if ((*at)[n - 1] == '\r')
		len--;
	if (len >= room)
		return false;
	memcpy(out, *at, len);
	out[len] = '\0';
	*at += n + ((*at)[n] == '\n');
	return true;
}

static bool
begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* A comment that a terminal may show: UTF-8, no controls but the tab. */
static bool
comment_ok(const char *s)
{
	for (const char *c = s; *c != '\0'; c++)
		if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f)
			return false;
	return utf8_ok(s, strlen(s));
}

/* Exactly size bytes from the whole of a base64 line. */
static bool
box_read(uint8_t *out, size_t size, const char *line)
{
	size_t len;

	return base64_read(out, size, &len, line) == 0 && len == size;
}

int
minisign_key_read(struct minisign_key *out, const char *text, struct err *e)
{
	char line[MINISIGN_COMMENT_MAX + sizeof UNTRUSTED];
	uint8_t box[KEY_BOX];

	if (!line_next(&text, line, sizeof line))
		return err_set(e, ERR_INPUT, "minisign key: no text");
	if (begins(line, UNTRUSTED) && !line_next(&text, line, sizeof line))
		return err_set(
		    e, ERR_INPUT, "minisign key: nothing after the comment");
	if (*text != '\0')
		return err_set(e, ERR_INPUT,
		    "minisign key: more than a comment and a key");
	if (!box_read(box, sizeof box, line))
		return err_set(e, ERR_INPUT,
		    "minisign key: not %d bytes in base64", KEY_BOX);
	if (memcmp(box, ALG_KEY, ALG_SIZE) != 0)
		return err_set(
		    e, ERR_INPUT, "minisign key: not an Ed25519 public key");
	memcpy(out->id, box + ALG_SIZE, sizeof out->id);
	memcpy(
	    out->public, box + ALG_SIZE + MINISIGN_ID_SIZE, sizeof out->public);
	return 0;
}

void
minisign_key_write(
    char out[static MINISIGN_KEY_TEXT + 1], const struct minisign_key *k)
{
	uint8_t box[KEY_BOX];

	memcpy(box, ALG_KEY, ALG_SIZE);
	memcpy(box + ALG_SIZE, k->id, sizeof k->id);
	memcpy(box + ALG_SIZE + MINISIGN_ID_SIZE, k->public, sizeof k->public);
	base64_write(out, box, sizeof box);
}

void
minisign_key_file(struct buf *out, const struct minisign_key *k)
{
	char id[HEX_SIZE(MINISIGN_ID_SIZE)], key[MINISIGN_KEY_TEXT + 1];

	id_text(id, k->id);
	minisign_key_write(key, k);
	buf_printf(out, UNTRUSTED "minisign public key %s\n%s\n", id, key);
}

static int
signature_read(struct minisign_sig *out, const char *line, struct err *e)
{
	uint8_t box[SIG_BOX];

	if (!box_read(box, sizeof box, line))
		return err_set(e, ERR_INPUT,
		    "minisign: the signature is not %d bytes in base64",
		    SIG_BOX);
	if (memcmp(box, ALG_LEGACY, ALG_SIZE) == 0)
		return err_set(e, ERR_INPUT,
		    "minisign: a legacy signature (not prehashed)");
	if (memcmp(box, ALG_PREHASHED, ALG_SIZE) != 0)
		return err_set(
		    e, ERR_INPUT, "minisign: unknown signature algorithm");
	memcpy(out->id, box + ALG_SIZE, sizeof out->id);
	memcpy(out->sig, box + ALG_SIZE + MINISIGN_ID_SIZE, sizeof out->sig);
	return 0;
}

int
minisign_read(struct minisign_sig *out, struct bytes text, struct err *e)
{
	char file[MINISIGN_FILE_MAX + 1];
	char line[MINISIGN_FILE_MAX + 1];
	const char *at = file, *comment = line + strlen(TRUSTED);

	if (text.len > MINISIGN_FILE_MAX)
		return err_set(e, ERR_LIMIT, "minisign: more than %d bytes",
		    MINISIGN_FILE_MAX);
	if (text.len == 0 || memchr(text.at, '\0', text.len) != NULL)
		return err_set(e, ERR_INPUT, "minisign: not a text file");
	memcpy(file, text.at, text.len);
	file[text.len] = '\0';

	if (!line_next(&at, line, sizeof line) || !begins(line, UNTRUSTED))
		return err_set(
		    e, ERR_INPUT, "minisign: no untrusted comment in line 1");
	if (!line_next(&at, line, sizeof line))
		return err_set(e, ERR_INPUT, "minisign: no signature");
	if (signature_read(out, line, e) < 0)
		return -1;
	if (!line_next(&at, line, sizeof line) || !begins(line, TRUSTED))
		return err_set(
		    e, ERR_INPUT, "minisign: no trusted comment in line 3");
	if (strlen(comment) > MINISIGN_COMMENT_MAX || !comment_ok(comment))
		return err_set(e, ERR_INPUT,
		    "minisign: trusted comment: more than %d bytes, or bytes "
		    "that are not text",
		    MINISIGN_COMMENT_MAX);
	memcpy(out->trusted, comment, strlen(comment) + 1);
	if (!line_next(&at, line, sizeof line) ||
	    !box_read(out->global, sizeof out->global, line))
		return err_set(e, ERR_INPUT,
		    "minisign: no signature of the trusted comment");
	if (*at != '\0')
		return err_set(e, ERR_INPUT, "minisign: more than four lines");
	return 0;
}

void
minisign_write(struct buf *out, const struct minisign_sig *s)
{
	uint8_t box[SIG_BOX];
	char sig[BASE64_SIZE(SIG_BOX)], global[BASE64_SIZE(64)];

	memcpy(box, ALG_PREHASHED, ALG_SIZE);
	memcpy(box + ALG_SIZE, s->id, sizeof s->id);
	memcpy(box + ALG_SIZE + MINISIGN_ID_SIZE, s->sig, sizeof s->sig);
	base64_write(sig, box, sizeof box);
	base64_write(global, s->global, sizeof s->global);
	buf_printf(out,
	    UNTRUSTED "signature from sluice\n%s\n" TRUSTED "%s\n%s\n", sig,
	    s->trusted, global);
}

void
minisign_hash(uint8_t out[static MINISIGN_HASH_SIZE], struct bytes message)
{
	(void)crypto_generichash(
	    out, MINISIGN_HASH_SIZE, message.at, message.len, NULL, 0);
}

int
minisign_verify(const struct minisign_key *k, const struct minisign_sig *s,
    const uint8_t hash[static MINISIGN_HASH_SIZE], struct err *e)
{
	uint8_t all[sizeof s->sig + MINISIGN_COMMENT_MAX];
	size_t n = strnlen(s->trusted, MINISIGN_COMMENT_MAX);
	char is[HEX_SIZE(MINISIGN_ID_SIZE)], want[HEX_SIZE(MINISIGN_ID_SIZE)];

	id_text(is, s->id);
	id_text(want, k->id);
	if (memcmp(k->id, s->id, sizeof k->id) != 0)
		return err_set(e, ERR_AUTH,
		    "minisign: signed by key %s, not by %s", is, want);
	if (crypto_sign_verify_detached(
		s->sig, hash, MINISIGN_HASH_SIZE, k->public) != 0)
		return err_set(e, ERR_AUTH,
		    "minisign: the signature by %s does not verify", is);
	memcpy(all, s->sig, sizeof s->sig);
	memcpy(all + sizeof s->sig, s->trusted, n);
	if (crypto_sign_verify_detached(
		s->global, all, sizeof s->sig + n, k->public) != 0)
		return err_set(e, ERR_AUTH,
		    "minisign: the trusted comment by %s does not verify", is);
	return 0;
}
