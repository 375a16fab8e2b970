/*
 * Which encoder made a deflate stream: found by doing it again.
 */
#ifndef SLUICE_REDEFLATE_H
#define SLUICE_REDEFLATE_H

#include "delta/core/deflate.h"
#include "manifest/base/arena.h"

/* A stream, and what is found out about it. */
struct redeflate {
	struct bytes packed;
	uint64_t raw;  /* what it is said to give */
	bool zip;      /* of a zip: by Info-ZIP rather than gzip, perhaps */
	bool inflates; /* to exactly that */
	bool found;
	struct deflate_how how; /* that makes it, if found */
};

/*
 * redeflate_inflate - fill inflates.  redeflate_find - fill all: the largest
 * streams are tried with everything that core/deflate.h can do, the others
 * with what was found for these; what is left then once more in this way, and
 * again.  On all CPUs; the result depends on the streams alone.  ERR_SYS: no
 * memory.
 *
 * A wrong encoder shows at the end of its first block, after some 100 KB: a
 * stream that none made costs about half a second, one that is found about
 * what packing it costs.
 */
int redeflate_inflate(struct redeflate *s, size_t n, struct err *e) MUST_CHECK;
int redeflate_find(struct redeflate *s, size_t n, struct err *e) MUST_CHECK;

/*
 * What tools write (Debian 12 and Node 20; each compared byte by byte):
 *
 *	zlib_8, level 6 or 9	python, libarchive, dpkg-deb -Zgzip (9), Java,
 *				npm until it used Chromium's zlib
 *	gzip			GNU gzip, so GNU tar -z
 *	infozip			zip
 *	chromium_8		Node, so npm pack and what vsce makes (npm: 9)
 *
 * and what is not found: 7-Zip, pigz, zopfli, libdeflate, Go, .NET and
 * zlib-ng, which all look for matches in other ways.
 */

#endif
