/*
 * Public keys: TUF's form, its digest, and the vectors of RFC 8032 and RFC 6979.
 */
#include "manifest/key.h"

#include <stdio.h>
#include <string.h>

#include "manifest/base/buf.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "tests/repo.h"
#include "tests/tap.h"

/* RFC 8032, 7.1, tests 1 to 3. */
static const struct {
	const char *public, *message, *sig;
} rfc8032[] = {
	{ "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
	    "",
	    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
	    "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
	{ "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
	    "72",
	    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
	    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
	{ "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
	    "af82",
	    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
	    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a" },
};

/* The digest of the key of test 1, by python's hashlib. */
#define ID1 "74c181c7ad8a0855d4b55e44d2ba87aabdddb196832571f15f92fece332e4916"

static void
key_verifies_rfc8032(void)
{
	for (size_t i = 0; i < COUNT(rfc8032); i++) {
		struct key k = { .id = "k" };
		uint8_t message[2];
		size_t n = strlen(rfc8032[i].message) / 2;
		char sig[129];
		struct err e;

		CHECK_INT(hex_read(k.ed25519, 32, rfc8032[i].public), 0);
		CHECK_INT(hex_read(message, n, rfc8032[i].message), 0);
		CHECK_INT(key_verify(&k, rfc8032[i].sig,
			      (struct bytes){ message, n }, &e),
		    0);
		memcpy(sig, rfc8032[i].sig, sizeof sig);
		sig[0] = sig[0] == '0' ? '1' : '0';
		CHECK_INT(
		    key_verify(&k, sig, (struct bytes){ message, n }, &e), -1);
		CHECK_INT(e.kind, ERR_AUTH);
	}
}

/* S + L is the same point: a second signature that must not pass. */
static void
key_refuses_a_second_form_of_a_signature(void)
{
	static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63,
		0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
		0x14, [31] = 0x10 };
	struct key k = { .id = "k" };
	uint8_t sig[64];
	char hex[129];
	unsigned carry = 0;
	struct err e;

	CHECK_INT(hex_read(k.ed25519, 32, rfc8032[0].public), 0);
	CHECK_INT(hex_read(sig, 64, rfc8032[0].sig), 0);
	for (int i = 0; i < 32; i++) {
		carry += sig[32 + i] + order[i];
		sig[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	hex_write(hex, sig, 64);
	CHECK_INT(key_verify(&k, hex, (struct bytes){ NULL, 0 }, &e), -1);
}

static void
key_refuses_odd_signatures(void)
{
	static const char *const odd[] = { "", "00", "zz",
		"E5564300C360AC729086E2CC806E828A84877F1EB8E5D974D873E065224901"
		"555FB8821590A33BACC61E39701CF9B46BD25BF5F0595BBE24655141438E7A"
		"100B" };
	struct key k = { .id = "k" };
	struct err e;

	CHECK_INT(hex_read(k.ed25519, 32, rfc8032[0].public), 0);
	for (size_t i = 0; i < COUNT(odd); i++)
		CHECK_INT(
		    key_verify(&k, odd[i], (struct bytes){ NULL, 0 }, &e), -1);
}

static void
key_id_is_the_digest_of_the_canonical_object(void)
{
	uint8_t public[32];
	char id[KEYID_SIZE], want[KEYID_SIZE];
	AUTO_BUF b = { 0 };
	struct err e;

	CHECK_INT(hex_read(public, 32, rfc8032[0].public), 0);
	AUTO_JSON v = key_json_ed25519(public);

	buf_init(&b, 1000);
	CHECK_INT(json_canon(v, &b, &e), 0);
	sha256_hex(want, b.at, b.len);
	key_id_ed25519(id, public);
	CHECK_TEXT(id, want);
	CHECK_TEXT(buf_str(&b),
	    "{\"keytype\":\"ed25519\",\"keyval\":{\"public\":"
	    "\"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
	    "\"},\"scheme\":\"ed25519\"}");
	CHECK_TEXT(id, ID1);
}

static int
read_text(const char *id, const char *text, bool strict)
{
	AUTO_ARENA a = arena_new(10000);
	struct key k;
	struct err e;
	AUTO_JSON v = json_read(repo_text(text), 10000, &e);

	if (!CHECK(v != NULL))
		return -2;
	return key_read(&k, id, v, strict, a, &e);
}

#define HEX1 "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
#define KEY(type, scheme, hex, more)                     \
	"{\"keytype\":\"" type "\",\"scheme\":\"" scheme \
	"\",\"keyval\":{\"public\":\"" hex "\"}" more "}"

static void
key_read_is_strict_about_ours(void)
{
	CHECK_INT(read_text(ID1, KEY("ed25519", "ed25519", HEX1, ""), true), 0);
	CHECK_INT(
	    read_text("ab", KEY("ed25519", "ed25519", HEX1, ""), true), -1);
	CHECK_INT(
	    read_text(ID1, KEY("ed25519", "ed25519", HEX1, ",\"x\":1"), true),
	    -1);
	CHECK_INT(
	    read_text(ID1, KEY("ed25519", "ed25519", "d7", ""), true), -1);
	CHECK_INT(read_text(ID1, KEY("rsa", "ed25519", HEX1, ""), true), -1);
	CHECK_INT(read_text(ID1, "{}", true), -1);
	CHECK_INT(read_text(ID1, "[]", true), -1);
}

static void
key_read_takes_what_other_tools_write(void)
{
	const char *upper = KEY("ed25519", "ed25519",
	    "D75A980182B10AB7D54BFED3C964073A0EE172F3DAA62325AF021A68F707511A",
	    ",\"keyid_hash_algorithms\":[\"sha256\"]");

	CHECK_INT(read_text("any-id", upper, false), 0);
	CHECK_INT(read_text(ID1, upper, true), -1);
	CHECK_INT(read_text("x", KEY("ecdsa", "ecdsa-sha2-nistp256", HEX1, ""),
		      false),
	    -1);
	CHECK_INT(
	    read_text("x", KEY("ed25519", "ed25519ph", HEX1, ""), false), -1);
}

/* RFC 6979, A.2.5 to A.2.7: of "sample", with the hash of the curve's size. */
static const struct {
	const char *scheme, *pem, *sig;
} curves[] = {
	{ "ecdsa-sha2-nistp256",
	    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7"
	    "\\nYfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==",
	    "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea8"
	    "4eaf3716022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4"
	    "ab2f843acda8" },
	{ "ecdsa-sha2-nistp384",
	    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE7DpOQVtOGaRWhhgCn0J/pdqai8SukuAu"
	    "\\nBqrlKGswDGTe+PDqkFWGYGSiVFFUgLwTgBXZty19VyROqO+awMYhiWcIpZNn+"
	    "d+5\\n9UyoSz8cnbEoiyMcOuDU/nNE/SUzJkcg",
	    "306602310094edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea"
	    "95ad133c81a648152e44acf96e36dd1e80fabe4602310099ef4aeb15f178cea1fe"
	    "40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c7"
	    "1a38628ac8" },
	{ "ecdsa-sha2-nistp521",
	    "MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBiUVQ0HhZMuAOqiO2lPIT+MMSH4bc"
	    "\\nl6BOWnFn205bzTcRI9RuRdtrXVNwp/IPtjMVXTj/oW0r12HcrEdLmi9QI6QAST"
	    "EB\\nyWLNTS/d94IoXmRYQTnC+RtH+H/4I1TWYw90aiig2yV0G1s0qCgAiyKswj+S"
	    "T6r7\\n1NM/gepmlW3+qiv9/PU=",
	    "308187024200c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc5395"
	    "0e6d4c5f174e25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05"
	    "ec36e377fa0241617cce7cf5064806c467f678d3b4080d6f1cc50af26ca2094173"
	    "08281b68af282623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1e"
	    "e0e44da4a67a" },
};

static int
read_curve(
    struct key *out, size_t i, const char *scheme, bool strict, struct arena *a)
{
	AUTO_JSON v = NULL;
	char text[1024];
	struct err e;

	(void)snprintf(text, sizeof text,
	    "{\"keytype\":\"ecdsa\",\"scheme\":\"%s\",\"keyval\":{\"public\":"
	    "\"-----BEGIN PUBLIC KEY-----\\n%s\\n-----END PUBLIC KEY-----"
	    "\\n\"}}",
	    scheme, curves[i].pem);
	v = json_read(repo_text(text), sizeof text, &e);
	return v == NULL ? -2 : key_read(out, "id", v, strict, a, &e);
}

static void
key_verifies_rfc6979(void)
{
	AUTO_ARENA a = arena_new(100000);
	struct key k[COUNT(curves)], other;
	struct err e;

	for (size_t i = 0; i < COUNT(curves); i++) {
		CHECK_INT(read_curve(&k[i], i, curves[i].scheme, false, a), 0);
		CHECK_INT(
		    key_verify(&k[i], curves[i].sig, repo_text("sample"), &e),
		    0);
		CHECK_INT(
		    key_verify(&k[i], curves[i].sig, repo_text("Sample"), &e),
		    -1);
		for (size_t j = 0; j < COUNT(curves); j++)
			if (j != i) {
				CHECK_INT(read_curve(&other, i,
					      curves[j].scheme, false, a),
				    -1);
				CHECK_INT(key_verify(&k[i], curves[j].sig,
					      repo_text("sample"), &e),
				    -1);
			}
		for (size_t j = 0; j < i; j++)
			CHECK(!key_same(&k[i], &k[j]));
	}
	/* ours have the first alone, and its ID is its digest */
	for (size_t i = 1; i < COUNT(curves); i++)
		CHECK_INT(read_curve(&other, i, curves[i].scheme, true, a), -1);
}

/* RSA of 2048 bits, whose modulus is all C5, with this exponent. */
static int
read_rsa(const uint8_t *exponent, uint8_t len, struct arena *a)
{
	static const uint8_t rsa[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48,
		0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };
	uint8_t der[512] = { 0x30, 0x82, 0x01, (uint8_t)(0x1f + len) };
	uint8_t bits[] = { 0x03, 0x82, 0x01, (uint8_t)(0x0c + len), 0, 0x30,
		0x82, 0x01, (uint8_t)(0x07 + len), 0x02, 0x82, 0x01, 0x01, 0 };
	char base64[BASE64_SIZE(sizeof der)], text[1024];
	size_t n = 4;
	AUTO_JSON v = NULL;
	struct key out;
	struct err e;

	memcpy(der + n, rsa, sizeof rsa);
	n += sizeof rsa;
	memcpy(der + n, bits, sizeof bits);
	n += sizeof bits;
	memset(der + n, 0xc5, 256);
	n += 256;
	der[n++] = 0x02;
	der[n++] = len;
	memcpy(der + n, exponent, len);
	base64_write(base64, der, n + len);
	n = (size_t)snprintf(text, sizeof text,
	    "{\"keytype\":\"rsa\",\"scheme\":\"rsassa-pss-sha256\","
	    "\"keyval\":{\"public\":\"-----BEGIN PUBLIC KEY-----");
	for (const char *at = base64; *at != '\0'; at += strnlen(at, 64))
		n +=
		    (size_t)snprintf(text + n, sizeof text - n, "\\n%.64s", at);
	(void)snprintf(
	    text + n, sizeof text - n, "\\n-----END PUBLIC KEY-----\\n\"}}");
	v = json_read(repo_text(text), sizeof text, &e);
	return v == NULL ? -2 : key_read(&out, "id", v, false, a, &e);
}

/* With an exponent of 1 a signature is the text: everybody has the key. */
static void
key_refuses_exponents_that_protect_nothing(void)
{
	AUTO_ARENA a = arena_new(100000);

	CHECK_INT(read_rsa((const uint8_t[]){ 1, 0, 1 }, 3, a), 0);
	CHECK_INT(read_rsa((const uint8_t[]){ 3 }, 1, a), 0);
	CHECK_INT(read_rsa((const uint8_t[]){ 1 }, 1, a), -1);
	CHECK_INT(read_rsa((const uint8_t[]){ 0 }, 1, a), -1);
	CHECK_INT(read_rsa((const uint8_t[]){ 2 }, 1, a), -1);
	CHECK_INT(read_rsa((const uint8_t[]){ 1, 0, 0 }, 3, a), -1);
}

static const struct tap_test tests[] = {
	TAP(key_verifies_rfc8032),
	TAP(key_refuses_a_second_form_of_a_signature),
	TAP(key_refuses_odd_signatures),
	TAP(key_id_is_the_digest_of_the_canonical_object),
	TAP(key_read_is_strict_about_ours),
	TAP(key_read_takes_what_other_tools_write),
	TAP(key_verifies_rfc6979),
	TAP(key_refuses_exponents_that_protect_nothing),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
