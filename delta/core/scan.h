/*
 * The scanners, one for each kind of region.  Each reads the bytes of the
 * present region of s and calls sites_add; none reads outside it.
 */
#ifndef SLUICE_CORE_SCAN_H
#define SLUICE_CORE_SCAN_H

#include "delta/core/sites.h"

void scan_region(struct sites *s);

void scan_x86(struct sites *s);
void scan_eh_frame(struct sites *s);
void scan_eh_header(struct sites *s);
void scan_go(struct sites *s);

#endif
