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
void scan_unwind(struct sites *s);
void scan_reloc(struct sites *s);

/* scan_rva_at - the word at an offset is such a distance, if it may be one. */
void scan_rva_at(struct sites *s, uint64_t off);

/* scan_in_image - an address without its bias that something points to. */
bool scan_in_image(const struct sites *s, uint64_t value);

/* unwind_function - the address of the function that the page of a region of
 * __unwind_info begins with in which a field stands at an offset; 0: none. */
uint64_t unwind_function(const uint8_t *file, const struct image *m,
    const struct region *r, uint64_t off);

/* reloc_page, reloc_first - the page of a block that begins at va, and the
 * address of its first field. */
uint64_t reloc_page(const struct sites *s, const struct region *r, uint64_t va);
uint64_t reloc_first(
    const struct sites *s, const struct region *r, uint64_t va);

#endif
