/*
 * Semantic versions 2.0.0: the grammar of semver.org and its precedence.
 * Numbers are compared as text, so that none is too long.
 */
#include "manifest/semver.h"

#include <string.h>

#include "manifest/base/text.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_ident(char c)
{
	return is_digit(c) || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') || c == '-';
}

/* Length of a number without leading zeros at s; 0: there is none. */
static size_t
number_len(const char *s)
{
	size_t n = 0;

	while (is_digit(s[n]))
		n++;
	return n > 1 && s[0] == '0' ? 0 : n;
}

/*
 * Length of the dot-separated identifiers at s; 0: malformed.  In a
 * pre-release a numeric identifier has no leading zeros (item 9).
 */
static size_t
idents_len(const char *s, bool prerelease)
{
	size_t at = 0;

	for (;;) {
		size_t n = 0, digits = 0;

		while (is_ident(s[at + n]))
			digits += is_digit(s[at + n++]);
		if (n == 0)
			return 0;
		if (prerelease && digits == n && n > 1 && s[at] == '0')
			return 0;
		at += n;
		if (s[at] != '.')
			return at;
		at++;
	}
}

/* Length of MAJOR.MINOR.PATCH at s; 0: malformed. */
static size_t
core_len(const char *s)
{
	size_t at = 0;

	for (int i = 0; i < 3; i++) {
		size_t n;

		if (i > 0 && s[at++] != '.')
			return 0;
		if ((n = number_len(s + at)) == 0)
			return 0;
		at += n;
	}
	return at;
}

static bool
well_formed(const char *s)
{
	size_t at = core_len(s), n;

	if (at == 0)
		return false;
	for (int plus = 0; plus < 2; plus++) {
		if (s[at] != "-+"[plus])
			continue;
		if ((n = idents_len(s + at + 1, plus == 0)) == 0)
			return false;
		at += 1 + n;
	}
	return s[at] == '\0';
}

int
semver_check(const char *s, struct err *e)
{
	char shown[SEMVER_MAX + 1];

	if (strnlen(s, SEMVER_MAX + 1) > SEMVER_MAX)
		return err_set(e, ERR_INPUT,
		    "version \"%s...\" has more than %d bytes",
		    text_safe(shown, sizeof shown, s), SEMVER_MAX);
	if (!well_formed(s))
		return err_set(e, ERR_INPUT,
		    "\"%s\" is not a semantic version (like 1.2.3-rc.1)",
		    text_safe(shown, sizeof shown, s));
	return 0;
}

static int
sign(int n)
{
	return (n > 0) - (n < 0);
}

/* Numbers without leading zeros: the longer one is greater. */
static int
number_cmp(const char *a, size_t na, const char *b, size_t nb)
{
	if (na != nb)
		return na < nb ? -1 : 1;
	return sign(memcmp(a, b, na));
}

/* One identifier each (item 11.4): numbers below words, both by size. */
static int
ident_cmp(const char *a, size_t na, const char *b, size_t nb)
{
	bool a_number = strspn(a, "0123456789") >= na;
	bool b_number = strspn(b, "0123456789") >= nb;
	int c;

	if (a_number && b_number)
		return number_cmp(a, na, b, nb);
	if (a_number != b_number)
		return a_number ? -1 : 1;
	c = sign(memcmp(a, b, na < nb ? na : nb));
	return c != 0 ? c : (na > nb) - (na < nb);
}

/* Dot-separated lists that end at '+' or the end; the shorter one is lower. */
static int
idents_cmp(const char *a, const char *b)
{
	for (;;) {
		size_t na = strcspn(a, ".+"), nb = strcspn(b, ".+");
		int c = ident_cmp(a, na, b, nb);

		if (c != 0)
			return c;
		a += na;
		b += nb;
		if (*a != '.' || *b != '.')
			return (*a == '.') - (*b == '.');
		a++;
		b++;
	}
}

int
semver_cmp(const char *a, const char *b)
{
	for (int i = 0; i < 3; i++) {
		size_t na = strspn(a, "0123456789");
		size_t nb = strspn(b, "0123456789");
		int c = number_cmp(a, na, b, nb);

		if (c != 0)
			return c;
		a += na;
		b += nb;
		if (i < 2) {
			a++;
			b++;
		}
	}
	/* 1.0.0-rc is below 1.0.0 */
	if (*a != '-' || *b != '-')
		return (*a != '-') - (*b != '-');
	return idents_cmp(a + 1, b + 1);
}
