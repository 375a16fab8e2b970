/*
 * What sluice-sign bundle says of what it has made.
 */
#include <stdio.h>

#include "manifest/base/text.h"
#include "signer/bundling.h"

static json_t *
channels_json(const struct bundling *b)
{
	json_t *list = json_array();

	for (size_t i = 0; i < b->nchannels; i++) {
		const struct bundling_channel *c = &b->channels[i];
		const struct rung *r = &c->there.pub->rungs[c->rung];
		char key[MINISIGN_KEY_TEXT + 1];

		minisign_key_write(key, &c->list->minisign);
		(void)json_array_append_new(list,
		    json_pack("{ss ss sI ss si ss sI sb}", "channel", c->id,
			"list_signed_by", key, "m",
			(json_int_t)c->there.pub->ladder.m, "kind",
			rung_kind_name(r->kind), "rung", r->index, "version",
			r->manifest->version, "seq",
			(json_int_t)r->manifest->seq, "everybody",
			(int)c->everybody));
	}
	return list;
}

json_t *
bundling_json(const struct bundling *b, const char *sha256)
{
	char created[TIME_TEXT_SIZE], expires[TIME_TEXT_SIZE];

	time_write(created, b->created_s);
	time_write(expires, b->expires_s);
	return json_pack("{ss si sI ss ss ss si so}", "bundle", b->out, "parts",
	    b->parts, "bytes", (json_int_t)b->bytes, "created", created,
	    "expires", expires, "list_sha256", sha256, "files", (int)b->nfiles,
	    "channels", channels_json(b));
}

void
bundling_print(const struct bundling *b, const char *sha256)
{
	char when[TIME_TEXT_SIZE], size[32], key[MINISIGN_KEY_TEXT + 1];

	(void)printf("bundle     %s, %s", b->out,
	    size_text(size, sizeof(size), b->bytes));
	if (b->split > 0)
		(void)printf(" in %d parts", b->parts);
	time_write(when, b->expires_s);
	(void)printf("\nlist       %s\nexpires    %s\n", sha256, when);
	for (size_t i = 0; i < b->nchannels; i++) {
		const struct bundling_channel *c = &b->channels[i];
		const struct rung *r = &c->there.pub->rungs[c->rung];

		minisign_key_write(key, &c->list->minisign);
		(void)printf("channel    %s: %s (%s), list signed by %s\n",
		    c->id, r->manifest->version, rung_kind_name(r->kind), key);
	}
}
