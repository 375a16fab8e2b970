/*
 * The ssh-agent protocol: what an honest agent says, and everything that a
 * hostile one may say instead.
 */
#include "signer/agentwire.h"

#include <string.h>

#include "manifest/base/text.h"
#include "tests/tap.h"

static struct err e;

/* The key of 32 bytes 00 01 02 ..., and its fingerprint by
 * python's hashlib. */
#define FINGERPRINT "SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA"

static void
put_text(struct buf *b, const void *at, size_t len)
{
	const uint8_t n[4] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16),
		(uint8_t)(len >> 8), (uint8_t)len };

	buf_add(b, n, sizeof(n));
	buf_add(b, at, len);
}

static void
put_blob(struct buf *b, const char *name, const uint8_t *key, size_t len)
{
	AUTO_BUF blob;

	buf_init(&blob, 1024);
	put_text(&blob, name, strlen(name));
	put_text(&blob, key, len);
	put_text(b, blob.at, blob.len);
}

static void
count_up(uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)i;
}

/* Two Ed25519 keys and one of another kind. */
static void
honest_list(struct buf *b)
{
	uint8_t key[65];

	buf_init(b, 4096);
	count_up(key, sizeof(key));
	buf_add(b, "\x0c\0\0\0\3", 5);
	put_blob(b, "ssh-ed25519", key, 32);
	put_text(b, "release", 7);
	put_blob(b, "ecdsa-sha2-nistp256", key, 65);
	put_text(b, "other", 5);
	key[0] = 9;
	put_blob(b, "ssh-ed25519", key, 32);
	put_text(b, "a\x1b[31m", 6);
}

static int
keys_of(struct bytes reply, struct agentwire_key *keys, size_t *n)
{
	size_t others;

	return agentwire_keys(reply, keys, n, &others, &e);
}

static void
keys_of_an_agent_are_read(void)
{
	static struct agentwire_key keys[AGENTWIRE_KEYS_MAX];
	size_t n, others;
	AUTO_BUF b;

	honest_list(&b);
	if (!CHECK_INT(agentwire_keys(buf_bytes(&b), keys, &n, &others, &e), 0))
		return;
	CHECK_INT(n, 2);
	CHECK_INT(others, 1);
	CHECK_TEXT(keys[0].comment, "release");
	CHECK_INT(keys[0].public[31], 31);
	/* nothing that a terminal would obey */
	CHECK_TEXT(keys[1].comment, "a?[31m");
}

static void
the_fingerprint_is_that_of_ssh_add(void)
{
	char text[AGENTWIRE_FINGERPRINT];
	uint8_t key[32];

	count_up(key, sizeof(key));
	agentwire_fingerprint(text, key);
	CHECK_TEXT(text, FINGERPRINT);
}

static void
a_list_cut_anywhere_is_refused(void)
{
	static struct agentwire_key keys[AGENTWIRE_KEYS_MAX];
	size_t n;
	AUTO_BUF b;

	honest_list(&b);
	for (size_t len = 0; len < b.len; len++)
		CHECK_INT(keys_of((struct bytes){ b.at, len }, keys, &n), -1);
	buf_byte(&b, 0);
	CHECK_INT(keys_of(buf_bytes(&b), keys, &n), -1);
}

static void
a_list_with_wrong_lengths_is_refused(void)
{
	static struct agentwire_key keys[AGENTWIRE_KEYS_MAX];
	size_t n;
	AUTO_BUF b;

	honest_list(&b);
	/* the count, and the lengths of the first blob and its parts */
	for (size_t at = 1; at < 20; at++) {
		uint8_t was = b.at[at];

		for (int v = 0; v < 256; v++) {
			b.at[at] = (uint8_t)v;
			if (v != was && (at < 13 || at > 15))
				(void)keys_of(buf_bytes(&b), keys, &n);
			CHECK(n <= AGENTWIRE_KEYS_MAX);
		}
		b.at[at] = 0xff;
		if (at < 9)
			CHECK_INT(keys_of(buf_bytes(&b), keys, &n), -1);
		b.at[at] = was;
	}
}

static void
too_many_keys_are_refused(void)
{
	static struct agentwire_key keys[AGENTWIRE_KEYS_MAX];
	uint8_t key[32] = { 0 };
	size_t n;
	AUTO_BUF b;

	buf_init(&b, 65536);
	buf_add(&b, "\x0c\0\0\0\x41", 5);
	for (int i = 0; i < 65; i++) {
		key[0] = (uint8_t)i;
		put_blob(&b, "ssh-ed25519", key, 32);
		put_text(&b, "", 0);
	}
	CHECK_INT(keys_of(buf_bytes(&b), keys, &n), -1);
	CHECK_INT(e.kind, ERR_LIMIT);
}

/* A reply to a sign request with a signature of len bytes. */
static void
answer(struct buf *b, const char *name, size_t len)
{
	uint8_t sig[80];

	buf_init(b, 1024);
	count_up(sig, sizeof(sig));
	buf_byte(b, 14);
	put_blob(b, name, sig, len);
}

static void
a_signature_is_read(void)
{
	uint8_t out[64];
	AUTO_BUF b;

	answer(&b, "ssh-ed25519", 64);
	CHECK_INT(agentwire_signature(buf_bytes(&b), out, &e), 0);
	CHECK_INT(out[63], 63);
	for (size_t len = 0; len < b.len; len++)
		CHECK_INT(
		    agentwire_signature((struct bytes){ b.at, len }, out, &e),
		    -1);
	buf_byte(&b, 0);
	CHECK_INT(agentwire_signature(buf_bytes(&b), out, &e), -1);
}

static void
other_signatures_are_refused(void)
{
	static const struct {
		const char *name;
		size_t len;
	} cases[] = { { "ssh-ed25519", 63 }, { "ssh-ed25519", 65 },
		{ "ssh-ed25519", 0 }, { "ssh-rsa", 64 }, { "", 64 },
		{ "sk-ssh-ed25519@openssh.com", 64 } };
	uint8_t out[64];

	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_BUF b;

		answer(&b, cases[i].name, cases[i].len);
		CHECK_INT(agentwire_signature(buf_bytes(&b), out, &e), -1);
		CHECK_INT(e.kind, ERR_INPUT);
	}
}

static void
a_refusal_is_told_from_nonsense(void)
{
	uint8_t out[64];

	CHECK_INT(agentwire_signature(
		      (struct bytes){ (const uint8_t *)"\5", 1 }, out, &e),
	    -1);
	CHECK_INT(e.kind, ERR_REFUSED);
	CHECK_INT(agentwire_signature(
		      (struct bytes){ (const uint8_t *)"\6", 1 }, out, &e),
	    -1);
	CHECK_INT(e.kind, ERR_INPUT);
}

static void
lengths_of_replies_have_bounds(void)
{
	static const uint8_t none[4] = { 0, 0, 0, 0 }, one[4] = { 0, 0, 0, 1 },
			     most[4] = { 0, 4, 0, 0 }, more[4] = { 0, 4, 0, 1 },
			     all[4] = { 255, 255, 255, 255 };
	size_t n;

	CHECK_INT(agentwire_size(none, &n, &e), -1);
	CHECK_INT(agentwire_size(one, &n, &e), 0);
	CHECK_INT(agentwire_size(most, &n, &e), 0);
	CHECK_INT(agentwire_size(more, &n, &e), -1);
	CHECK_INT(agentwire_size(all, &n, &e), -1);
}

static void
what_ssh_signs_is_recognised(void)
{
	uint8_t session[32] = { 7 };
	AUTO_BUF b;

	/* a login: session ID, 50, user, service, method ... */
	buf_init(&b, 1024);
	put_text(&b, session, sizeof(session));
	buf_byte(&b, 50);
	put_text(&b, "root", 4);
	put_text(&b, "ssh-connection", 14);
	put_text(&b, "publickey", 9);
	CHECK(agentwire_foreign(buf_bytes(&b)));
	buf_reset(&b);
	buf_text(&b, "SSHSIG");
	put_text(&b, "file", 4);
	CHECK(agentwire_foreign(buf_bytes(&b)));
	buf_reset(&b);
	buf_text(&b, "{\"_type\":\"root\",\"version\":1}");
	CHECK(!agentwire_foreign(buf_bytes(&b)));
}

static void
a_request_is_what_the_protocol_says(void)
{
	uint8_t key[32];
	AUTO_BUF b;

	count_up(key, sizeof(key));
	buf_init(&b, 1024);
	agentwire_sign(&b, key, (struct bytes){ (const uint8_t *)"{}", 2 });
	/* length, 13, blob of 51, message of 2, flags */
	CHECK_INT(b.len, 4 + 1 + 4 + 51 + 4 + 2 + 4);
	CHECK_INT(b.at[3], b.len - 4);
	CHECK_INT(b.at[4], 13);
	CHECK_INT(b.at[8], 51);
	CHECK(memcmp(b.at + b.len - 6, "{}\0\0\0\0", 6) == 0);
}

static const struct tap_test tests[] = {
	TAP(keys_of_an_agent_are_read),
	TAP(the_fingerprint_is_that_of_ssh_add),
	TAP(a_list_cut_anywhere_is_refused),
	TAP(a_list_with_wrong_lengths_is_refused),
	TAP(too_many_keys_are_refused),
	TAP(a_signature_is_read),
	TAP(other_signatures_are_refused),
	TAP(a_refusal_is_told_from_nonsense),
	TAP(lengths_of_replies_have_bounds),
	TAP(what_ssh_signs_is_recognised),
	TAP(a_request_is_what_the_protocol_says),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
