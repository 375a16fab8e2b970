/*
 * Warnings before documents expire: which, and in what words.
 */
#include "server/validity.h"

#include <stdio.h>

#include "manifest/base/json.h"
#include "manifest/base/text.h"

static enum expiry_level
warn(json_t *list, const struct validity_of *of, const char *what,
    int64_t expires_s, int64_t now_s)
{
	enum expiry_level l = expiry_level(expires_s - now_s);
	const char *name = expiry_level_name(l);
	char when[TIME_TEXT_SIZE], text[160];
	const char *remedy = of->mirror ? "sluiced import of a newer bundle"
	    : *what == 'r'		? "sluice-sign root next"
					: "sluice-sign renew";

	if (expires_s == 0 || l == EXPIRY_FINE)
		return EXPIRY_FINE;
	time_write(when, expires_s);
	(void)snprintf(text, sizeof(text), "the %s %s %s (%s): %s", what,
	    l == EXPIRY_EXPIRED ? "has" : "expires within", name, when, remedy);
	(void)json_array_append_new(list,
	    json_pack("{ss ss ss ss ss}", "channel", of->channel, "what", what,
		"expires", when, "level", name, "text", text));
	return l;
}

enum expiry_level
validity_warn(json_t *list, const struct validity_of *of, int64_t now_s)
{
	enum expiry_level worst = EXPIRY_FINE, l;

	l = warn(list, of, "root", of->v->root_s, now_s);
	worst = l > worst ? l : worst;
	l = warn(list, of, "publication", of->v->publication_s, now_s);
	worst = l > worst ? l : worst;
	if (of->mirror)
		l = warn(list, of, "bundle", of->v->timestamp_s, now_s);
	return l > worst ? l : worst;
}
