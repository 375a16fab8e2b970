/*
 * Passphrases and PINs of one run, in the order in which keys ask for them.
 */
#ifndef SLUICE_PASS_H
#define SLUICE_PASS_H

#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "manifest/base/secret.h"

struct pass {
	int fd; /* --pass-fd; -1: credential or terminal */
	struct secret last;
};

void pass_init(struct pass *p, int fd);
void pass_done(struct pass *p);

/*
 * pass_next - the next one into p->last.  With a descriptor each key takes one
 * line; when there are no more, the last one is used again.
 */
int pass_next(struct pass *p, const char *prompt, struct err *e) MUST_CHECK;

#endif
