/*
 * Warnings before documents expire: which, and in what words.
 */
#include "server/validity.h"

#include <stdio.h>

#include "manifest/base/base.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"

/* One document: what people call it, and what helps. */
struct document {
	const char *what, *remedy;
	int64_t from_s, expires_s;
};

static enum expiry_level
warn(json_t *list, const char *channel, const struct document *d, int64_t now_s)
{
	int64_t life_s = d->from_s == 0 ? 0 : d->expires_s - d->from_s;
	enum expiry_level l = expiry_level(d->expires_s - now_s, life_s);
	const char *name = expiry_level_name(l);
	char when[TIME_TEXT_SIZE], text[160];

	if (d->expires_s == 0 || l == EXPIRY_FINE)
		return EXPIRY_FINE;
	time_write(when, d->expires_s);
	(void)snprintf(text, sizeof(text), "the %s %s %s (%s): %s", d->what,
	    l == EXPIRY_EXPIRED ? "has" : "expires within", name, when,
	    d->remedy);
	(void)json_array_append_new(list,
	    json_pack("{ss ss ss ss ss}", "channel", channel, "what", d->what,
		"expires", when, "level", name, "text", text));
	return l;
}

enum expiry_level
validity_warn(json_t *list, const struct validity_of *of, int64_t now_s)
{
	static const char newer[] = "sluiced import of a newer bundle";
	const struct validity *v = of->v;
	const struct document all[] = {
		{ "root", of->mirror ? newer : "sluice-sign root next", 0,
		    v->root_s },
		{ "publication", of->mirror ? newer : "sluice-sign renew",
		    v->publication_from_s, v->publication_s },
		{ "bundle", newer, v->timestamp_from_s,
		    of->mirror ? v->timestamp_s : 0 },
	};
	/* a server's own last a day: one that has expired was not renewed */
	const struct document stamp = { "timestamp",
		"the log says why the brake signs no other", 0,
		!of->mirror && v->timestamp_s <= now_s ? v->timestamp_s : 0 };
	enum expiry_level worst = EXPIRY_FINE, l = worst;

	for (size_t i = 0; i < COUNT(all); i++) {
		l = warn(list, of->channel, &all[i], now_s);
		worst = l > worst ? l : worst;
	}
	/* unless one of them explains it */
	if (worst < EXPIRY_EXPIRED)
		l = warn(list, of->channel, &stamp, now_s);
	return l > worst ? l : worst;
}

/* Is b there, and ends before a? */
static bool
sooner(int64_t a, int64_t b)
{
	return b != 0 && (a == 0 || b < a);
}

void
validity_least(struct validity *into, const struct validity *other)
{
	if (sooner(into->root_s, other->root_s))
		into->root_s = other->root_s;
	if (sooner(into->publication_s, other->publication_s)) {
		into->publication_s = other->publication_s;
		into->publication_from_s = other->publication_from_s;
	}
	if (sooner(into->timestamp_s, other->timestamp_s)) {
		into->timestamp_s = other->timestamp_s;
		into->timestamp_from_s = other->timestamp_from_s;
	}
}
