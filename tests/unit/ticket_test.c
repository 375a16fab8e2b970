/*
 * Tickets: made, verified, bound to client, product and key.
 */
#include "server/ticket.h"

#include <sodium.h>
#include <string.h>

#include "tests/tap.h"

#define ID   "06bcd0dcc4a930d59abb8ad6ec4a32fc186de028932dbc7c9990b6e72f72ba68"
#define ID_2 "1a4612c6126de40ff04393cb600ea9dd74de121c63271aaa195845d6c25ad4e9"

static const uint8_t key[TICKET_KEY_SIZE] = { 1, 2, 3 };
static const struct ticket example = {
	.kind = RUNG_OFFER, .day = 20000, .seq = 17, .channel = "stable"
};

static void
a_ticket_says_what_it_was_made_of(void)
{
	char text[TICKET_TEXT_SIZE];
	struct ticket t;
	struct err e;

	CHECK_INT(ticket_make(text, key, &example, ID, "editor", &e), 0);
	CHECK_INT(strncmp(text, "v1.", 3), 0);
	CHECK_INT(ticket_verify(&t, text, key, ID, "editor", &e), 0);
	CHECK_INT(t.kind, RUNG_OFFER);
	CHECK_INT(t.day, 20000);
	CHECK_INT(t.seq, 17);
	CHECK_TEXT(t.channel, "stable");
}

static void
the_same_poll_gives_the_same_ticket(void)
{
	char one[TICKET_TEXT_SIZE], two[TICKET_TEXT_SIZE];
	struct err e;

	CHECK_INT(ticket_make(one, key, &example, ID, "editor", &e), 0);
	CHECK_INT(ticket_make(two, key, &example, ID, "editor", &e), 0);
	CHECK_TEXT(one, two);
}

static void
a_ticket_is_of_one_client_product_and_key(void)
{
	const uint8_t other[TICKET_KEY_SIZE] = { 1, 2, 4 };
	char text[TICKET_TEXT_SIZE];
	struct ticket t;
	struct err e;

	CHECK_INT(ticket_make(text, key, &example, ID, "editor", &e), 0);
	CHECK_INT(ticket_verify(&t, text, key, ID_2, "editor", &e), -1);
	CHECK_INT(e.kind, ERR_AUTH);
	CHECK_INT(ticket_verify(&t, text, key, ID, "editors", &e), -1);
	CHECK_INT(ticket_verify(&t, text, other, ID, "editor", &e), -1);
}

static void
any_changed_byte_is_refused(void)
{
	char text[TICKET_TEXT_SIZE];
	struct ticket t;
	struct err e;

	CHECK_INT(ticket_make(text, key, &example, ID, "editor", &e), 0);
	for (size_t i = 0; i < strlen(text); i++) {
		char was = text[i];

		text[i] = was == 'A' ? 'B' : 'A';
		CHECK_INT(ticket_verify(&t, text, key, ID, "editor", &e), -1);
		text[i] = was;
	}
}

static void
malformed_tickets_are_refused(void)
{
	static const char *const bad[] = { "", "v1.", "v2.AAAA", "v1.AAAA",
		"v1.====", "v1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
	struct ticket t;
	struct err e;

	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK_INT(ticket_verify(&t, bad[i], key, ID, "editor", &e), -1);
}

static void
the_longest_ticket_fits(void)
{
	struct ticket t = { .kind = RUNG_ROLLBACK,
		.day = 65535,
		.seq = ((int64_t)1 << 40) - 1 };
	char text[TICKET_TEXT_SIZE];
	struct err e;

	memset(t.channel, 'c', PRODUCT_MAX);
	CHECK_INT(ticket_make(text, key, &t, ID, "editor", &e), 0);
	CHECK(strlen(text) < TICKET_TEXT_SIZE);
	CHECK_INT(ticket_verify(&t, text, key, ID, "editor", &e), 0);
	t.seq++;
	CHECK_INT(ticket_make(text, key, &t, ID, "editor", &e), -1);
}

static const struct tap_test tests[] = {
	TAP(a_ticket_says_what_it_was_made_of),
	TAP(the_same_poll_gives_the_same_ticket),
	TAP(a_ticket_is_of_one_client_product_and_key),
	TAP(any_changed_byte_is_refused),
	TAP(malformed_tickets_are_refused),
	TAP(the_longest_ticket_fits),
};

int
main(void)
{
	if (sodium_init() < 0)
		return 2;
	return tap_run(tests, COUNT(tests));
}
