/*
 * Making and verifying tickets.  No clock, no storage.
 */
#include "server/ticket.h"

#include <sodium.h>
#include <string.h>

#include "manifest/base/text.h"

#define PREFIX	 "v1."
#define DOMAIN	 "sluice-ticket-v1"
#define TAG_SIZE 16
#define FIXED	 (1 + 2 + 5) /* kind, day, seq */
#define BODY_MAX (FIXED + PRODUCT_MAX + TAG_SIZE)
#define DAY_MAX	 0xffff
#define SEQ_MAX	 (((int64_t)1 << 40) - 1)
#define VARIANT	 sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* 88 bytes are 118 digits: the longest ticket still fits */
_Static_assert(sizeof(PREFIX) + (BODY_MAX * 4 + 2) / 3 <= TICKET_TEXT_SIZE,
    "a ticket fits its header");

static void
put(uint8_t *at, int64_t v, int n)
{
	for (int i = n - 1; i >= 0; i--, v >>= 8)
		at[i] = (uint8_t)(v & 0xff);
}

static int64_t
get(const uint8_t *at, int n)
{
	int64_t v = 0;

	for (int i = 0; i < n; i++)
		v = v << 8 | at[i];
	return v;
}

/* The NUL after each name keeps "ab","c" from meaning "a","bc". */
static void
tag_make(uint8_t tag[static TAG_SIZE], const uint8_t *key, const char *id,
    const char *product, struct bytes body)
{
	crypto_generichash_state h;

	crypto_generichash_init(&h, key, TICKET_KEY_SIZE, TAG_SIZE);
	crypto_generichash_update(&h, (const uint8_t *)DOMAIN, sizeof(DOMAIN));
	crypto_generichash_update(&h, (const uint8_t *)id, strlen(id) + 1);
	crypto_generichash_update(
	    &h, (const uint8_t *)product, strlen(product) + 1);
	crypto_generichash_update(&h, body.at, body.len);
	crypto_generichash_final(&h, tag, TAG_SIZE);
}

int
ticket_make(char out[static TICKET_TEXT_SIZE],
    const uint8_t key[static TICKET_KEY_SIZE], const struct ticket *t,
    const char *client_id, const char *product, struct err *e)
{
	uint8_t body[BODY_MAX];
	size_t n = strlen(t->channel), len = FIXED + n;

	if (n == 0 || n > PRODUCT_MAX || t->day < 0 || t->day > DAY_MAX ||
	    t->seq < 0 || t->seq > SEQ_MAX)
		return err_set(e, ERR_LIMIT, "a ticket's field is too large");
	put(body, t->kind, 1);
	put(body + 1, t->day, 2);
	put(body + 3, t->seq, 5);
	memcpy(body + FIXED, t->channel, n);
	tag_make(
	    body + len, key, client_id, product, (struct bytes){ body, len });
	memcpy(out, PREFIX, sizeof(PREFIX));
	sodium_bin2base64(out + strlen(PREFIX),
	    TICKET_TEXT_SIZE - strlen(PREFIX), body, len + TAG_SIZE, VARIANT);
	return 0;
}

int
ticket_verify(struct ticket *out, const char *text,
    const uint8_t key[static TICKET_KEY_SIZE], const char *client_id,
    const char *product, struct err *e)
{
	uint8_t body[BODY_MAX], tag[TAG_SIZE];
	size_t len, n;

	if (strncmp(text, PREFIX, strlen(PREFIX)) != 0 ||
	    strlen(text) >= TICKET_TEXT_SIZE)
		return err_set(e, ERR_INPUT, "not a ticket");
	text += strlen(PREFIX);
	if (sodium_base642bin(body, sizeof(body), text, strlen(text), NULL,
		&len, NULL, VARIANT) != 0 ||
	    len <= FIXED + TAG_SIZE)
		return err_set(e, ERR_INPUT, "a malformed ticket");
	len -= TAG_SIZE;
	tag_make(tag, key, client_id, product, (struct bytes){ body, len });
	if (sodium_memcmp(tag, body + len, TAG_SIZE) != 0)
		return err_set(e, ERR_AUTH, "a ticket of somebody else");
	n = len - FIXED;
	out->kind = (enum rung_kind)get(body, 1);
	out->day = get(body + 1, 2);
	out->seq = get(body + 3, 5);
	memcpy(out->channel, body + FIXED, n);
	out->channel[n] = 0;
	return 0;
}
