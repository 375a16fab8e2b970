/*
 * Applies a patch damaged in many ways, always the same ones, and says what
 * came of all of them: whoever compiled the core, that is the same.
 *
 *	hostile OLD PATCH
 */
#include <string.h>

#include "delta/core/number.h"
#include "delta/core/patch.h"
#include "delta/core/sha256.h"
#include "tests/portable/host.h"

#define WAYS	  400
#define FILE_MAX  ((uint64_t)1 << 22)
#define MEMORY	  ((uint64_t)1 << 28)
#define MEMORY_AT 104 /* in the header: not damaged, as hosts differ in it */

struct host {
	struct sha256 sha;
	uint64_t left;
	struct file kept;
};

static int
take(void *ctx, const uint8_t *at, size_t len, struct err *e)
{
	struct host *h = ctx;

	(void)e;
	if (len > h->left)
		die("more than was promised");
	h->left -= len;
	sha256_add(&h->sha, at, len);
	return 0;
}

static int
keep(void *ctx, const uint8_t *at, size_t len, struct err *e)
{
	struct host *h = ctx;

	(void)e;
	memcpy(h->kept.at + h->kept.len, at, len);
	h->kept.len += len;
	return 0;
}

static const uint8_t *
all_kept(void *ctx, struct err *e)
{
	struct host *h = ctx;

	(void)e;
	return h->kept.at;
}

static uint32_t
below(uint64_t *state, size_t n)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*state >> 33) % n);
}

/* One to four bytes are others. */
static void
damage(uint64_t *state, struct file f)
{
	unsigned n = 1 + below(state, 4);

	while (f.len > 0 && n-- > 0) {
		size_t i = below(state, f.len);
		uint8_t b = (uint8_t)below(state, 256);

		/* small numbers say more than large ones */
		f.at[i] = b < 128 ? b & 15 : b;
	}
}

static int
apply(struct host *h, struct file old, struct file patch)
{
	struct patch_apply a = { .old = old.at,
		.old_size = old.len,
		.patch = patch.at,
		.patch_size = patch.len,
		.memory_max = MEMORY,
		.write = take,
		.keep = keep,
		.kept = all_kept,
		.ctx = h };
	struct format f;
	struct err e;
	int failed;

	if (format_read(&f, patch.at, patch.len, &e) < 0)
		return -1;
	if (f.new_size > FILE_MAX || f.old_expanded > FILE_MAX)
		return -2;
	h->left = f.new_size;
	h->kept = (struct file){ malloc((size_t)f.old_expanded + 1), 0 };
	if (h->kept.at == NULL)
		die("no memory");
	failed = patch_apply(&a, &e);
	free(h->kept.at);
	return failed;
}

static struct file
copy(struct file f)
{
	uint8_t *at = malloc(f.len + 1);

	if (at == NULL)
		die("no memory");
	memcpy(at, f.at, f.len);
	return (struct file){ at, f.len };
}

int
main(int argc, char **argv)
{
	uint8_t digest[SHA256_LEN], came;
	uint64_t state = 1;
	int i, applied = 0;
	struct file old, patch;
	struct host h;

	if (argc != 3)
		die("OLD PATCH");
	old = read_file(argv[1]);
	patch = read_file(argv[2]);
	if (patch.len < FORMAT_FIXED)
		die("no patch");
	sha256_init(&h.sha);
	for (i = 0; i < WAYS; i++) {
		struct file o = copy(old), p = copy(patch);

		damage(&state, i % 4 == 0 ? o : p);
		number_put_u64(p.at + MEMORY_AT, MEMORY);
		came = (uint8_t)apply(&h, o, p);
		applied += came == 0;
		sha256_add(&h.sha, &came, 1);
		free(o.at);
		free(p.at);
	}
	free(old.at);
	free(patch.at);
	sha256_end(&h.sha, digest);
	printf("%d ", applied);
	for (i = 0; i < SHA256_LEN; i++)
		printf("%02x", digest[i]);
	printf("\n");
	return 0;
}
