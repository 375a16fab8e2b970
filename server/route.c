/*
 * Matching paths.
 */
#include "server/route.h"

#include <string.h>

int
route_match(const char *pattern, char *path, char *arg[static ROUTE_ARGS])
{
	char *end[ROUTE_ARGS];
	int n = 0;

	while (*pattern != 0) {
		size_t want = strcspn(pattern + 1, "/") + 1;
		size_t have = *path != 0 ? strcspn(path + 1, "/") + 1 : 0;

		if (*pattern != '/' || *path != '/' || have < 2)
			return -1;
		if (pattern[1] == '*') {
			if (n == ROUTE_ARGS)
				return -1;
			arg[n++] = path + 1;
			path += strlen(path);
			end[n - 1] = path;
			break;
		}
		if (pattern[1] == ':') {
			if (n == ROUTE_ARGS)
				return -1;
			arg[n] = path + 1;
			end[n++] = path + have;
		} else if (want != have || memcmp(pattern, path, want) != 0) {
			return -1;
		}
		pattern += want;
		path += have;
	}
	if (*path != 0)
		return -1;
	for (int i = 0; i < n; i++)
		*end[i] = 0;
	return n;
}

int
route_allows(const struct route *r, const char *method)
{
	return strcmp(r->method, method) == 0 ||
	    (strcmp(r->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}
