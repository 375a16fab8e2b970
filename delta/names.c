/*
 * Names are sorted by a key, then both lists are merged.
 */
#include "delta/names.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HASH_LEAST 6 /* hexadecimal digits that are no word */

struct keyed {
	char *key; /* owned */
	size_t i;
};

struct keys {
	struct keyed *at; /* owned */
	size_t n;
};

int
names_room(struct names *s, size_t n, struct err *e)
{
	size_t i;

	s->n = n;
	s->at = calloc(n + 1, sizeof(const char *));
	s->pair = calloc(n + 1, sizeof(*s->pair));
	if (s->at == NULL || s->pair == NULL)
		return err_sys(e, "names of members");
	for (i = 0; i < n; i++)
		s->pair[i] = -1;
	return 0;
}

void
names_done(struct names *s)
{
	free(s->at);
	free(s->pair);
	memset(s, 0, sizeof(*s));
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* How many hexadecimal digits begin here, if one of them is a number. */
static size_t
hash_run(const char *s)
{
	size_t n = strspn(s, "0123456789abcdef");

	return n >= HASH_LEAST && strcspn(s, "0123456789") < n ? n : 0;
}

/* Numbers with dots between them. */
static size_t
number_run(const char *s)
{
	size_t n = 0;

	while (is_digit(s[n]) || (n > 0 && s[n] == '.' && is_digit(s[n + 1])))
		n++;
	return n;
}

/* In place: "lib-1.24.so.3" becomes "lib-0.so.0". */
static void
simplify(char *s)
{
	char *to = s;
	size_t n;

	while (*s != '\0') {
		if ((n = hash_run(s)) > 0) {
			*to++ = '#';
			s += n;
		} else if ((n = number_run(s)) > 0) {
			*to++ = '0';
			s += n;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

static void
keys_done(struct keys *k)
{
	size_t i;

	for (i = 0; i < k->n; i++)
		free(k->at[i].key);
	free(k->at);
}
#define AUTO_KEYS CLEANUP(keys_done) struct keys

static int
by_key(const void *x, const void *y)
{
	const struct keyed *a = x, *b = y;
	int c = strcmp(a->key, b->key);

	return c != 0 ? c : a->i < b->i ? -1 : a->i > b->i;
}

/* Those without a pair, sorted. */
static int
keys_of(struct keys *k, const struct names *s, bool simple, struct err *e)
{
	size_t i;

	k->n = 0;
	k->at = calloc(s->n + 1, sizeof(*k->at));
	if (k->at == NULL)
		return err_sys(e, "names of members");
	for (i = 0; i < s->n; i++) {
		if (s->pair[i] >= 0)
			continue;
		k->at[k->n].i = i;
		k->at[k->n].key = strdup(s->at[i]);
		if (k->at[k->n].key == NULL)
			return err_sys(e, "names of members");
		if (simple)
			simplify(k->at[k->n].key);
		k->n++;
	}
	qsort(k->at, k->n, sizeof(*k->at), by_key);
	return 0;
}

int
names_pair(struct names *old, struct names *new, struct err *e)
{
	int pass, c;
	size_t i, k;

	for (pass = 0; pass < 2; pass++) {
		AUTO_KEYS from = { NULL, 0 };
		AUTO_KEYS to = { NULL, 0 };

		if (keys_of(&from, old, pass == 1, e) < 0 ||
		    keys_of(&to, new, pass == 1, e) < 0)
			return -1;
		for (i = k = 0; i < from.n && k < to.n;) {
			c = strcmp(from.at[i].key, to.at[k].key);
			if (c == 0) {
				old->pair[from.at[i].i] = (int)to.at[k].i;
				new->pair[to.at[k].i] = (int)from.at[i].i;
			}
			i += c <= 0;
			k += c >= 0;
		}
	}
	return 0;
}

const char *
names_extension(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot == NULL || strpbrk(dot, "/:") != NULL ? "" : dot;
}
