/*
 * minisign's two files.  A signature that was read is written again and read
 * to the same; a key likewise.
 */
#include <stdlib.h>
#include <string.h>

#include "manifest/minisign.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void
try_signature(struct bytes text)
{
	struct minisign_sig s, again;
	uint8_t hash[MINISIGN_HASH_SIZE];
	struct minisign_key k = { 0 };
	AUTO_BUF b = { 0 };
	struct err e;

	if (minisign_read(&s, text, &e) < 0)
		return;
	minisign_hash(hash, text);
	memcpy(k.id, s.id, sizeof k.id);
	if (minisign_verify(&k, &s, hash, &e) == 0)
		abort(); /* by the key of zeros */
	buf_init(&b, MINISIGN_FILE_MAX);
	minisign_write(&b, &s);
	if (buf_ok(&b, &e) < 0 ||
	    minisign_read(&again, buf_bytes(&b), &e) < 0 ||
	    memcmp(again.id, s.id, sizeof s.id) != 0 ||
	    memcmp(again.sig, s.sig, sizeof s.sig) != 0 ||
	    memcmp(again.global, s.global, sizeof s.global) != 0 ||
	    strcmp(again.trusted, s.trusted) != 0)
		abort();
}

static void
try_key(struct bytes text)
{
	char *copy = calloc(1, text.len + 1);
	char line[MINISIGN_KEY_TEXT + 1];
	struct minisign_key k, again;
	struct err e;

	if (copy == NULL)
		return;
	if (text.len > 0)
		memcpy(copy, text.at, text.len);
	if (minisign_key_read(&k, copy, &e) == 0) {
		minisign_key_write(line, &k);
		if (minisign_key_read(&again, line, &e) < 0 ||
		    memcmp(&k, &again, sizeof k) != 0)
			abort();
	}
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct bytes text = { at, len };

	try_signature(text);
	try_key(text);
	return 0;
}
