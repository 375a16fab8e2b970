/*
 * Messages of the ssh-agent protocol.  Every length is checked against what is
 * left: an agent may be anybody who owns the socket.
 */
#include "signer/agentwire.h"

#include <string.h>

#include "manifest/base/digest.h"
#include "manifest/base/text.h"

enum {
	AGENT_FAILURE = 5,
	AGENT_LIST = 11,
	AGENT_KEYS = 12,
	AGENT_SIGN = 13,
	AGENT_SIGNATURE = 14,
};

#define KEY_NAME      "ssh-ed25519"
#define KEY_NAME_SIZE 11
#define BLOB_SIZE     (4 + KEY_NAME_SIZE + 4 + ED25519_PUBLIC_SIZE)
#define SSHSIG	      "SSHSIG"

static uint32_t
number(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | at[3];
}

static void
put_number(struct buf *out, size_t n)
{
	const uint8_t at[4] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16),
		(uint8_t)(n >> 8), (uint8_t)n };

	buf_add(out, at, sizeof(at));
}

static void
put_text(struct buf *out, const void *at, size_t len)
{
	put_number(out, len);
	buf_add(out, at, len);
}

/* --- taking apart: each takes from the front, or returns -1 --------------- */

static int
take_number(struct bytes *in, uint32_t *out)
{
	if (in->len < 4)
		return -1;
	*out = number(in->at);
	in->at += 4;
	in->len -= 4;
	return 0;
}

static int
take_text(struct bytes *in, struct bytes *out)
{
	uint32_t n;

	if (take_number(in, &n) < 0 || n > in->len)
		return -1;
	*out = (struct bytes){ in->at, n };
	in->at += n;
	in->len -= n;
	return 0;
}

static bool
is_text(struct bytes b, const char *text)
{
	return b.len == strlen(text) && memcmp(b.at, text, b.len) == 0;
}

/* string "ssh-ed25519", string of exactly size bytes, nothing after. */
static int
take_pair(struct bytes in, uint8_t *out, size_t size)
{
	struct bytes name, value;

	if (take_text(&in, &name) < 0 || !is_text(name, KEY_NAME) ||
	    take_text(&in, &value) < 0 || value.len != size || in.len != 0)
		return -1;
	memcpy(out, value.at, size);
	return 0;
}

int
agentwire_blob(struct bytes blob, uint8_t out[static ED25519_PUBLIC_SIZE])
{
	return take_pair(blob, out, ED25519_PUBLIC_SIZE);
}

static void
put_blob(struct buf *out, const uint8_t *public)
{
	put_text(out, KEY_NAME, KEY_NAME_SIZE);
	put_text(out, public, ED25519_PUBLIC_SIZE);
}

void
agentwire_fingerprint(char out[static AGENTWIRE_FINGERPRINT],
    const uint8_t public[static ED25519_PUBLIC_SIZE])
{
	uint8_t sum[SHA256_SIZE];
	char text[BASE64_SIZE(SHA256_SIZE)];
	AUTO_BUF blob;

	buf_init(&blob, BLOB_SIZE);
	put_blob(&blob, public);
	sha256(sum, blob.at, blob.len);
	base64_write(text, sum, sizeof(sum));
	memcpy(out, "SHA256:", 7);
	memcpy(out + 7, text, AGENTWIRE_FINGERPRINT - 8); /* no padding */
	out[AGENTWIRE_FINGERPRINT - 1] = '\0';
}

/* --- requests ------------------------------------------------------------- */

void
agentwire_list(struct buf *out)
{
	put_number(out, 1);
	buf_byte(out, AGENT_LIST);
}

void
agentwire_sign(struct buf *out,
    const uint8_t public[static ED25519_PUBLIC_SIZE], struct bytes message)
{
	put_number(out, 1 + 4 + BLOB_SIZE + 4 + message.len + 4);
	buf_byte(out, AGENT_SIGN);
	put_number(out, BLOB_SIZE);
	put_blob(out, public);
	put_text(out, message.at, message.len);
	put_number(out, 0); /* no flags */
}

/* --- replies -------------------------------------------------------------- */

int
agentwire_size(
    const uint8_t head[static AGENTWIRE_HEAD], size_t *out, struct err *e)
{
	*out = number(head);
	if (*out < 1 || *out > AGENTWIRE_MAX)
		return err_set(
		    e, ERR_INPUT, "a reply of %zu bytes is no reply", *out);
	return 0;
}

static int
take_type(struct bytes *reply, uint8_t want, struct err *e)
{
	uint8_t type;

	if (reply->len < 1)
		return err_set(e, ERR_INPUT, "an empty reply");
	type = reply->at[0];
	reply->at++;
	reply->len--;
	if (type == AGENT_FAILURE)
		return err_set(e, ERR_REFUSED, "the agent refused");
	if (type != want)
		return err_set(e, ERR_INPUT,
		    "a reply of type %d where %d is due", type, want);
	return 0;
}

static void
keep_comment(struct agentwire_key *k, struct bytes comment)
{
	char text[AGENTWIRE_COMMENT];
	size_t n =
	    comment.len < sizeof(text) - 1 ? comment.len : sizeof(text) - 1;

	memcpy(text, comment.at, n);
	text[n] = '\0';
	text_safe(k->comment, sizeof(k->comment), text);
}

int
agentwire_keys(struct bytes reply, struct agentwire_key *out, size_t *n,
    size_t *others, struct err *e)
{
	uint32_t count;

	*n = *others = 0;
	if (take_type(&reply, AGENT_KEYS, e) < 0)
		return -1;
	if (take_number(&reply, &count) < 0)
		return err_set(e, ERR_INPUT, "a reply that is cut off");
	/* count is only believed as far as there are bytes for it */
	for (uint32_t i = 0; i < count; i++) {
		struct bytes blob, comment;
		uint8_t public[ED25519_PUBLIC_SIZE];

		if (take_text(&reply, &blob) < 0 ||
		    take_text(&reply, &comment) < 0)
			return err_set(
			    e, ERR_INPUT, "a list of keys that is cut off");
		if (agentwire_blob(blob, public) < 0) {
			(*others)++;
			continue;
		}
		if (*n == AGENTWIRE_KEYS_MAX)
			return err_set(e, ERR_LIMIT,
			    "more than %d keys in the agent",
			    AGENTWIRE_KEYS_MAX);
		memcpy(out[*n].public, public, sizeof(public));
		agentwire_fingerprint(out[*n].fingerprint, public);
		keep_comment(&out[(*n)++], comment);
	}
	if (reply.len != 0)
		return err_set(e, ERR_INPUT, "bytes after the list of keys");
	return 0;
}

int
agentwire_signature(
    struct bytes reply, uint8_t out[static ED25519_SIG_SIZE], struct err *e)
{
	struct bytes sig;

	if (take_type(&reply, AGENT_SIGNATURE, e) < 0)
		return -1;
	if (take_text(&reply, &sig) < 0 || reply.len != 0 ||
	    take_pair(sig, out, ED25519_SIG_SIZE) < 0)
		return err_set(
		    e, ERR_INPUT, "a reply without an Ed25519 signature");
	return 0;
}

bool
agentwire_foreign(struct bytes m)
{
	if (m.len >= strlen(SSHSIG) &&
	    memcmp(m.at, SSHSIG, strlen(SSHSIG)) == 0)
		return true;
	/* whatever else SSH signs begins with a string */
	return m.len >= 4 && number(m.at) <= m.len - 4;
}
