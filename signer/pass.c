/*
 * Asking for passphrases.
 */
#include "signer/pass.h"

#include <string.h>

#include "signer/keyfile.h"

void
pass_init(struct pass *p, int fd)
{
	memset(p, 0, sizeof(*p));
	p->fd = fd;
}

void
pass_done(struct pass *p)
{
	secret_done(&p->last);
}

int
pass_next(struct pass *p, const char *prompt, struct err *e)
{
	struct secret next = { 0 };

	if (secret_passphrase(&next, p->fd, KEYFILE_CREDENTIAL, prompt, 0, e) <
	    0)
		return -1;
	if (next.len > 0) {
		secret_done(&p->last);
		p->last = next;
		return 0;
	}
	secret_done(&next);
	if (p->fd < 0 || p->last.len == 0)
		return err_set(e, ERR_USAGE, "%s: it is empty", prompt);
	return 0; /* no more lines: the last one again */
}
