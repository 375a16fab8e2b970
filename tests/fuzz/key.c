/*
 * Keys of foreign documents and signatures by them.  The first line is a
 * signature in hex, the rest is the key's JSON.
 */
#include <stdlib.h>
#include <string.h>

#include "manifest/base/json.h"
#include "manifest/key.h"

#define ARENA_MAX (1 << 20)
#define INPUT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	AUTO_ARENA a = arena_new(ARENA_MAX);
	const uint8_t *end = len == 0 ? NULL : memchr(at, '\n', len);
	size_t n = end == NULL ? 0 : (size_t)(end - at);
	struct key k = { 0 };
	struct err e;
	char *sig;

	if (end == NULL || memchr(at, '\0', n) != NULL)
		return 0;
	AUTO_JSON v =
	    json_read((struct bytes){ end + 1, len - n - 1 }, INPUT_MAX, &e);

	sig = (char *)arena_bytes(a, at, n, &e);
	if (v == NULL || sig == NULL || key_read(&k, "id", v, false, a, &e) < 0)
		return 0;
	if (!key_same(&k, &k))
		abort();
	/* "message" was signed by the keys of the corpus */
	(void)!key_verify(
	    &k, sig, (struct bytes){ (const uint8_t *)"message", 7 }, &e);
	return 0;
}
