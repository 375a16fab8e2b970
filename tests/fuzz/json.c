/*
 * The strict reader and the canonical writer: what was read has one canonical
 * form, and reading that gives it again.  jansson's own reader takes the same
 * texts to mean the same, but for fractions and what passes our limits.
 */
#include <stdlib.h>
#include <string.h>

#include "manifest/base/buf.h"
#include "manifest/base/json.h"

#define INPUT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void
compare(struct bytes text, const json_t *v, const struct err *e)
{
	AUTO_JSON other = json_loadb((const char *)text.at, text.len,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);

	if (v != NULL && (other == NULL || !json_equal(v, other)))
		abort();
	/* jansson takes a zero byte for the end */
	if (v == NULL && other != NULL &&
	    memchr(text.at, 0, text.len) == NULL && e->kind != ERR_LIMIT &&
	    strstr(e->msg, "fraction") == NULL &&
	    strstr(e->msg, "past 64 bits") == NULL)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	AUTO_BUF once = { 0 }, twice = { 0 };
	struct err e;
	AUTO_JSON v = json_read((struct bytes){ at, len }, INPUT_MAX, &e);

	compare((struct bytes){ at, len }, v, &e);
	if (v == NULL)
		return 0;
	buf_init(&once, 2 * INPUT_MAX);
	buf_init(&twice, 2 * INPUT_MAX);
	if (json_canon(v, &once, &e) < 0)
		abort();
	/* canonical JSON leaves controls as they are; JSON does not take them*/
	AUTO_JSON again = json_read(buf_bytes(&once), 2 * INPUT_MAX, &e);

	if (again == NULL) {
		for (size_t i = 0; i < once.len; i++)
			if (once.at[i] < 0x20)
				return 0;
		abort();
	}
	if (json_canon(again, &twice, &e) < 0 || once.len != twice.len ||
	    memcmp(once.at, twice.at, once.len) != 0)
		abort();
	return 0;
}
