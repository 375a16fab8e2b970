/*
 * Which handler a request is for: patterns of fixed and named segments, tried
 * in order.  Pure; what a handler is, http.h says.
 */
#ifndef SLUICE_ROUTE_H
#define SLUICE_ROUTE_H

#include <stddef.h>

#include "manifest/base/base.h"

#define ROUTE_ARGS 4

/*
 * pattern: "/v1/blobs/:sha256" — ":x" is one segment of any name, a final "*"
 * is the rest, slashes included, and not empty.
 */
struct route {
	const char *method; /* GET answers HEAD too */
	const char *pattern;
};

/*
 * route_match - does path have this shape?  Fills arg with pointers into path,
 * which is cut at their ends, and returns their number; -1: no (path is as it
 * was).
 */
int route_match(const char *pattern, char *path, char *arg[static ROUTE_ARGS]);

/* route_allows - may this method be used on a route? */
int route_allows(const struct route *r, const char *method);

#endif
