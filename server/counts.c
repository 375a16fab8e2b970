/*
 * An open hash table of rows.
 */
#include "server/counts.h"

#include <sodium.h>
#include <string.h>

#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "server/ipc.h"

#define FULL	(COUNTS_ROWS * 3 / 4)
#define PER_MSG 128 /* rows; some 250 bytes each */

_Static_assert(crypto_shorthash_KEYBYTES == 16, "key size");

void
counts_init(struct counts *c)
{
	memset(c, 0, sizeof(*c));
	crypto_shorthash_keygen(c->key);
}

/* Copy at most room - 1 bytes; where the row is zeroed nothing more is
 * needed.  Returns how many. */
static size_t
copy(char *out, size_t room, const char *s)
{
	size_t n = strnlen(s, room - 1);

	memcpy(out, s, n);
	return n;
}

static void
copy_name(char out[static COUNTS_NAME + 1], const char *s)
{
	if (s == NULL)
		s = "unknown";
	else if (!name_ok(s, COUNTS_NAME))
		s = "other";
	(void)copy(out, COUNTS_NAME + 1, s);
}

static void
describe(struct counts_row *r, const struct counts_poll *p)
{
	const char *version = p->version;
	struct err e;
	size_t n;

	memset(r, 0, sizeof(*r));
	n = copy(r->channel, PRODUCT_MAX + 1, p->product);
	r->channel[n++] = '/';
	(void)copy(r->channel + n, sizeof(r->channel) - n, p->channel);
	if (version == NULL)
		version = "unknown";
	else if (semver_check(version, &e) < 0)
		version = "other";
	(void)copy(r->version, sizeof(r->version), version);
	copy_name(r->os, p->os);
	copy_name(r->arch, p->arch);
}

static bool
same(const struct counts_row *a, const struct counts_row *b)
{
	return strcmp(a->version, b->version) == 0 &&
	    strcmp(a->os, b->os) == 0 && strcmp(a->arch, b->arch) == 0 &&
	    strcmp(a->channel, b->channel) == 0;
}

/* The row's own place, or the free one where it would go. */
static struct counts_row *
place(struct counts *c, const struct counts_row *r)
{
	uint8_t hash[crypto_shorthash_BYTES];
	size_t i;

	/* the whole row but n, zeroed behind each string */
	crypto_shorthash(
	    hash, (const uint8_t *)r, offsetof(struct counts_row, n), c->key);
	i = (size_t)(hash[0] | hash[1] << 8) % COUNTS_ROWS;
	while (c->rows[i].n != 0 && !same(&c->rows[i], r))
		i = (i + 1) % COUNTS_ROWS;
	return &c->rows[i];
}

void
counts_add(struct counts *c, const struct counts_poll *p)
{
	struct counts_row r, *at;

	describe(&r, p);
	at = place(c, &r);
	if (at->n == 0 && c->used >= FULL) {
		/* one row per channel is left for these, and there are fewer
		 * channels than room */
		const struct counts_poll other = { p->product, p->channel, "",
			"", "" };

		describe(&r, &other);
		at = place(c, &r);
		if (at->n == 0 && c->used >= COUNTS_ROWS - 1)
			return;
	}
	if (at->n == 0) {
		*at = r;
		c->used++;
	}
	at->n++;
}

/* Up to PER_MSG rows from *i on; their number. */
static int
pack(const struct counts *c, size_t *i, const char *day, json_t *rows)
{
	int n = 0;

	for (; *i < COUNTS_ROWS && n < PER_MSG; (*i)++) {
		const struct counts_row *r = &c->rows[*i];

		if (r->n == 0)
			continue;
		(void)json_array_append_new(rows,
		    json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "channel",
			r->channel, "version", r->version, "os", r->os, "arch",
			r->arch, "day", day, "n", (json_int_t)r->n));
		n++;
	}
	return n;
}

/* Rows that were sent are emptied; the table is rebuilt from what is left. */
static void
keep_from(struct counts *c, size_t from)
{
	static _Thread_local struct counts_row rest[COUNTS_ROWS];
	size_t n = 0;

	for (size_t i = from; i < COUNTS_ROWS; i++)
		if (c->rows[i].n != 0)
			rest[n++] = c->rows[i];
	memset(c->rows, 0, sizeof(c->rows));
	for (size_t i = 0; i < n; i++)
		*place(c, &rest[i]) = rest[i];
	c->used = (int)n;
}

int
counts_send(struct counts *c, int store_fd, int64_t now_s, struct err *e)
{
	char day[TIME_TEXT_SIZE];
	size_t i = 0, sent = 0;
	int r = 0;

	if (c->used == 0)
		return 0;
	time_write(day, now_s);
	day[10] = 0;
	while (r == 0 && i < COUNTS_ROWS) {
		json_t *rows = json_array();
		AUTO_JSON m =
		    json_pack("{s:s, s:o}", "do", "polls", "rows", rows);

		if (m == NULL)
			return err_set(e, ERR_SYS, "no memory for counts");
		if (pack(c, &i, day, rows) == 0)
			sent = i;
		else if ((r = ipc_send(store_fd, m, -1, e)) == 0)
			sent = i;
	}
	keep_from(c, sent);
	return r;
}
