/*
 * The audit chain: hash = SHA-256(hash before, fields), each part ended by a
 * NUL, which no part can hold.
 */
#include "server/store/audit.h"

#include <stdio.h>
#include <string.h>

#include "manifest/base/digest.h"

#define COLUMNS                                                         \
	"n, at_s, who, verb, channel, arguments, reason, state_before," \
	" state_after, hash"

static int
chain(char out[static SHA256_HEX_SIZE], const char *previous, int64_t n,
    const struct audit *r, struct err *e)
{
	char numbers[48];
	const char *const parts[] = { previous, numbers, r->who, r->verb,
		r->channel, r->arguments, r->reason, r->before, r->after };
	uint8_t raw[SHA256_SIZE];
	AUTO_DIGEST d = { 0 };

	if (digest_init(&d, e) < 0)
		return -1;
	(void)snprintf(numbers, sizeof(numbers), "%lld %lld", (long long)n,
	    (long long)r->at_s);
	for (size_t i = 0; i < COUNT(parts); i++)
		digest_add(&d, parts[i], strlen(parts[i]) + 1);
	digest_end(&d, raw);
	hex_write(out, raw, sizeof(raw));
	return 0;
}

int
audit_add(struct db *db, const struct audit *r, struct err *e)
{
	char previous[SHA256_HEX_SIZE] = "", hash[SHA256_HEX_SIZE];
	AUTO_ROWS last = db_rows(db, e,
	    "SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1", NO_BIND);
	int64_t n = 1;
	int more;

	if (last == NULL || (more = rows_next(last, e)) < 0)
		return err_in(e, "audit");
	if (more > 0) {
		n = row_int(last, 0) + 1;
		row_copy(last, 1, previous, sizeof(previous));
	}
	if (chain(hash, previous, n, r, e) < 0)
		return err_in(e, "audit");
	if (db_do(db, e,
		"INSERT INTO audit (" COLUMNS ") VALUES"
		" ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		BIND(V(n), V(r->at_s), V(r->who), V(r->verb), V(r->channel),
		    V(r->arguments), V(r->reason), V(r->before), V(r->after),
		    V(hash))) < 0)
		return err_in(e, "audit");
	return 0;
}

static int
read_row(
    const struct rows *r, struct audit *out, struct arena *a, struct err *e)
{
	const char **const fields[] = { &out->who, &out->verb, &out->channel,
		&out->arguments, &out->reason, &out->before, &out->after };

	out->at_s = row_int(r, 1);
	for (size_t i = 0; i < COUNT(fields); i++)
		if ((*fields[i] = row_text(r, (int)i + 2, a)) == NULL)
			return err_set(e, ERR_SYS, "audit: no memory");
	return 0;
}

int64_t
audit_verify(struct db *db, char last[static SHA256_HEX_SIZE], struct err *e)
{
	char hash[SHA256_HEX_SIZE], want[SHA256_HEX_SIZE];
	AUTO_ARENA a = arena_new(4 << 20);
	AUTO_ROWS r =
	    db_rows(db, e, "SELECT " COLUMNS " FROM audit ORDER BY n", NO_BIND);
	struct audit row;
	int64_t n = 0;
	int more;

	last[0] = '\0';
	if (a == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if (r == NULL)
		return -1;
	while ((more = rows_next(r, e)) > 0) {
		arena_reset(a);
		if (read_row(r, &row, a, e) < 0 ||
		    chain(hash, last, ++n, &row, e) < 0)
			return -1;
		row_copy(r, 9, want, sizeof(want));
		if (row_int(r, 0) != n || strcmp(hash, want) != 0)
			return err_set(e, ERR_AUTH,
			    "the audit log's chain breaks at row %lld",
			    (long long)n);
		memcpy(last, hash, sizeof(hash));
	}
	return more < 0 ? -1 : n;
}

json_t *
audit_list(struct db *db, const char *channel, int64_t limit, struct err *e)
{
	AUTO_ARENA a = arena_new(4 << 20);
	AUTO_ROWS r = db_rows(db, e,
	    "SELECT " COLUMNS " FROM audit WHERE $1 = '' OR channel = $1"
	    " ORDER BY n DESC LIMIT $2",
	    BIND(V(channel), V(limit)));
	json_t *list = json_array();
	struct audit row;
	char at[TIME_TEXT_SIZE];
	int more = -1;

	if (a == NULL || r == NULL || list == NULL)
		goto fail;
	while ((more = rows_next(r, e)) > 0) {
		arena_reset(a);
		if (read_row(r, &row, a, e) < 0)
			goto fail;
		time_write(at, row.at_s);
		if (json_array_append_new(list,
			json_pack("{sI ss ss ss ss ss ss}", "n",
			    (json_int_t)row_int(r, 0), "at", at, "who", row.who,
			    "verb", row.verb, "channel", row.channel,
			    "arguments", row.arguments, "reason", row.reason)) <
		    0)
			goto fail;
	}
	if (more == 0)
		return list;
fail:
	json_decref(list);
	return NULL;
}
