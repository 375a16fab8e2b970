/*
 * tar: ustar (POSIX.1-1988), pax (POSIX.1-2001) and GNU's long names.
 */
#include <string.h>

#include "delta/container.h"

#define BLOCK	 512
#define PAX_MAX	 ((uint64_t)1 << 20)
#define NAME	 100
#define SIZE_AT	 124
#define CHECK_AT 148
#define TYPE_AT	 156
#define MAGIC_AT 257
#define PREFIX	 345
#define PREFIX_N 155

/* What headers before a file's own one say about it. */
struct ahead {
	struct bytes name; /* NULL: nothing */
	bool has_size;
	uint64_t size;
};

/* Octal digits, or GNU's big-endian bytes; false: neither. */
static bool
number(const uint8_t *at, size_t n, uint64_t *out)
{
	size_t i = 0;

	*out = 0;
	if (at[0] == 0x80) {
		for (i = 1; i < n; i++) {
			if (*out >> 56 != 0)
				return false;
			*out = *out << 8 | at[i];
		}
		return true;
	}
	while (i < n && at[i] == ' ')
		i++;
	for (; i < n && at[i] >= '0' && at[i] <= '7'; i++)
		*out = *out << 3 | (uint64_t)(at[i] - '0');
	return i == n || at[i] == ' ' || at[i] == '\0';
}

/* A header whose sum is right, in which its own field counts as blanks. */
static bool
is_header(const uint8_t *h)
{
	uint64_t want, sum = 0;
	int i;

	for (i = 0; i < BLOCK; i++)
		sum += i >= CHECK_AT && i < CHECK_AT + 8 ? ' ' : h[i];
	return number(h + CHECK_AT, 8, &want) && want == sum;
}

/* "LENGTH KEY=VALUE\n": the value of one record at at, its length in *n. */
static const uint8_t *
record(struct bytes in, const char *key, uint64_t *n, struct bytes *value)
{
	size_t i = 0, k = strlen(key);

	*n = 0;
	for (; i < in.len && in.at[i] >= '0' && in.at[i] <= '9'; i++) {
		*n = *n * 10 + (uint64_t)(in.at[i] - '0');
		if (*n > in.len)
			return NULL;
	}
	if (i == 0 || i == in.len || in.at[i] != ' ' || *n < i + 3 ||
	    in.at[*n - 1] != '\n')
		return NULL;
	i++;
	if (*n - i > k + 1 && memcmp(in.at + i, key, k) == 0 &&
	    in.at[i + k] == '=')
		*value = (struct bytes){ in.at + i + k + 1,
			(size_t)(*n - i - k - 2) };
	return in.at + *n;
}

static void
pax(struct bytes in, struct ahead *a)
{
	struct bytes size = { NULL, 0 };
	const uint8_t *next;
	uint64_t n;
	size_t i;

	while (in.len > 0) {
		if (record(in, "path", &n, &a->name) == NULL)
			return;
		size.len = 0;
		next = record(in, "size", &n, &size);
		for (i = 0; i < size.len; i++) {
			if (size.at[i] < '0' || size.at[i] > '9' ||
			    a->size >> 56 != 0)
				return;
			if (i == 0)
				a->size = 0;
			a->size = a->size * 10 + (uint64_t)(size.at[i] - '0');
			a->has_size = true;
		}
		in = (struct bytes){ next, in.len - (size_t)n };
	}
}

/* A field of text, to its NUL or its end. */
static struct bytes
text(const uint8_t *at, size_t max)
{
	return (struct bytes){ at, strnlen((const char *)at, max) };
}

static void
file(struct container *c, const uint8_t *h, const struct ahead *a,
    const struct entry *m)
{
	struct bytes name = text(h, NAME), prefix = text(h + PREFIX, PREFIX_N);
	uint8_t both[PREFIX_N + 1 + NAME];

	if (a->name.at != NULL) {
		name = a->name;
	} else if (memcmp(h + MAGIC_AT, "ustar\0", 6) == 0 && prefix.len > 0) {
		memcpy(both, prefix.at, prefix.len);
		both[prefix.len] = '/';
		memcpy(both + prefix.len + 1, name.at, name.len);
		name = (struct bytes){ both, prefix.len + 1 + name.len };
	}
	container_add(c, name, m);
}

/*
 * One header and what follows it; *at moves behind both.  False: the end, or
 * nothing that we know.
 */
static bool
entry(struct container *c, uint64_t *at, struct ahead *a)
{
	const uint8_t *h = container_bytes(c, *at, BLOCK), *body;
	struct entry m = { .off = *at + BLOCK };
	uint64_t size;

	if (h == NULL || !is_header(h) || !number(h + SIZE_AT, 12, &size))
		return false;
	switch (h[TYPE_AT]) {
	case 'x':
	case 'L':
		body = container_bytes(c, m.off, size);
		if (body == NULL || size > PAX_MAX)
			return false;
		if (h[TYPE_AT] == 'x')
			pax((struct bytes){ body, (size_t)size }, a);
		else
			a->name = text(body, (size_t)size);
		break;
	case 'g':
	case 'K':
		break;
	case '0':
	case '7':
	case '\0':
		if (a->has_size)
			size = a->size;
		m.size = size;
		file(c, h, a, &m);
		*a = (struct ahead){ 0 };
		break;
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
		size = 0; /* a link may state that of its file */
		*a = (struct ahead){ 0 };
		break;
	default: /* sparse files, volumes */
		return false;
	}
	if (container_bytes(c, m.off, size) == NULL)
		return false;
	*at = m.off + (size + BLOCK - 1) / BLOCK * BLOCK;
	return true;
}

bool
container_tar(struct container *c)
{
	const uint8_t *h = container_bytes(c, 0, BLOCK);
	struct ahead a = { 0 };
	uint64_t at = 0;

	/* a block of zeros has a sum as well */
	if (h == NULL || h[0] == '\0' || !is_header(h))
		return false;
	while (entry(c, &at, &a))
		continue;
	return true;
}
