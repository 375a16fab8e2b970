/*
 * The listening socket.  The supervisor opens it before anything else, so that
 * a restarted front finds it as it was.
 */
#ifndef SLUICE_LISTENER_H
#define SLUICE_LISTENER_H

#include "manifest/base/base.h"
#include "manifest/base/err.h"

/* listener_check - is it an address that listener_open takes; ERR_USAGE. */
int listener_check(const char *where, struct err *e) MUST_CHECK;

/*
 * listener_open - listen on "address:port" or "[address]:port" (numeric; "*"
 * and "[::]" are every address).  *port gets the port, chosen by the kernel
 * where 0 was asked for.  Returns the non-blocking descriptor or -1.
 */
int listener_open(const char *where, int *port, struct err *e) MUST_CHECK;

#endif
