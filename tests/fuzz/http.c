/*
 * Request targets, ranges, tags, routes and header fields: any bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "server/fields.h"
#include "server/guard.h"
#include "server/peer.h"
#include "server/route.h"
#include "server/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
target(const char *text)
{
	static struct url u;
	char *arg[ROUTE_ARGS];
	struct err e;

	if (url_read(&u, text, &e) < 0)
		return;
	if (strstr(u.path, "..") != NULL &&
	    (strstr(u.path, "/../") != NULL || strstr(u.path, "//") != NULL))
		abort();
	for (size_t i = 0; i < u.npairs; i++)
		if (url_query(&u, u.pairs[i].key) != u.pairs[i].value)
			abort();
	if (route_match("/:product/:channel/timestamp.json", u.path, arg) < 0)
		(void)route_match("/:product/:channel/*", u.path, arg);
}

static void
values(const char *text)
{
	int64_t from, len;
	struct peer p;
	char out[64];

	if (fields_range(text, 1000, &from, &len) == RANGE_PART &&
	    (from < 0 || len <= 0 || from + len > 1000))
		abort();
	(void)fields_etag(text, "abc");
	(void)fields_if_range(text, "abc");
	(void)fields_bearer(text, out, sizeof(out));
	if (fields_forwarded(text, out, sizeof(out)))
		(void)peer_text(&p, out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct guard g;

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = 0;
	target(text);
	values(text);
	guard_init(&g);
	(void)guard_field(&g, "Content-Length", 14, text, size);
	(void)guard_field(&g, text, size, text, size);
	(void)guard_end(&g, "HTTP/1.1");
	free(text);
	return 0;
}
