/*
 * Who gets what: client IDs, buckets, the envelope.  Pure; how a server
 * combines them with its state is server/choice.c.
 */
#include "manifest/cohort.h"

#include <sodium.h>
#include <string.h>

#include "manifest/manifest.h"

__extension__ typedef unsigned __int128 uint128;

/* NULs separate the parts, so that no two lists of parts run together. */
static void
hash_parts(uint8_t out[static SHA256_SIZE], const char *const *parts, size_t n)
{
	crypto_hash_sha256_state sum; /* libsodium's needs no memory */

	(void)crypto_hash_sha256_init(&sum);
	for (size_t i = 0; i < n; i++)
		(void)crypto_hash_sha256_update(&sum,
		    (const unsigned char *)parts[i],
		    strlen(parts[i]) + (i + 1 < n));
	(void)crypto_hash_sha256_final(&sum, out);
}

void
cohort_client_id(char out[static CLIENT_ID_SIZE], const char *product,
    const char *machine_id)
{
	const char *const parts[] = { "sluice-client-v1", product, machine_id };
	uint8_t hash[SHA256_SIZE];

	hash_parts(hash, parts, COUNT(parts));
	hex_write(out, hash, sizeof(hash));
}

int
cohort_id_check(const char *s, struct err *e)
{
	uint8_t id[SHA256_SIZE];

	if (strlen(s) != CLIENT_ID_SIZE - 1 || hex_read(id, sizeof(id), s) < 0)
		return err_set(
		    e, ERR_INPUT, "a client ID is 64 lower-case hex digits");
	return 0;
}

int
cohort_bucket(const char *salt, const char *client_id)
{
	const char *const parts[] = { salt, client_id };
	uint8_t hash[SHA256_SIZE];
	uint64_t head = 0;

	if (client_id == NULL || client_id[0] == '\0')
		return BUCKET_NO_ID;
	hash_parts(hash, parts, COUNT(parts));
	for (int i = 0; i < 8; i++)
		head = head << 8 | hash[i];
	/* 0..2^64-1 scaled to 0..9999 without division or bias */
	return (int)(((uint128)head * BP_ALL) >> 64);
}

static int64_t
add_saturated(int64_t a, int64_t b)
{
	int64_t sum;

	if (b <= 0)
		return a;
	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

int
cohort_envelope(const struct stage *plan, size_t n, int64_t start_s,
    int64_t now_s, int64_t *next_s)
{
	int64_t next = 0, elapsed = start_s;
	int bp = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t at = elapsed;

		if (plan[i].not_before_s > at)
			at = plan[i].not_before_s;
		elapsed = add_saturated(elapsed, plan[i].min_duration_s);
		if (at == INT64_MAX)
			continue;
		if (at <= now_s) {
			/* a later stage has come: those before count no more */
			bp = plan[i].percent_bp;
			next = 0;
		} else if (plan[i].percent_bp != bp &&
		    (next == 0 || at < next)) {
			next = at;
		}
	}
	if (next_s != NULL)
		*next_s = next;
	return bp;
}
