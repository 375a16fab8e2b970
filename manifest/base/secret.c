/*
 * Guarded memory and passphrases.
 */
#include "manifest/base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "manifest/base/file.h"

#define PASSPHRASE_MAX 1024

int
secret_process(struct err *e)
{
	struct rlimit none = { 0, 0 };

	if (sodium_init() < 0)
		return err_set(e, ERR_SYS, "cannot start libsodium");
	if (setrlimit(RLIMIT_CORE, &none) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(e, "cannot forbid core dumps");
	return 0;
}

int
secret_new(struct secret *s, size_t len, struct err *e)
{
	s->len = len;
	s->at = sodium_malloc(len == 0 ? 1 : len);
	if (s->at == NULL)
		return err_set(e, ERR_SYS, "cannot get locked memory");
	/* sodium_malloc locks but does not say when that fails */
	if (sodium_mlock(s->at, len == 0 ? 1 : len) < 0) {
		(void)err_sys(e, "cannot lock memory (ulimit -l)");
		secret_done(s);
		return -1;
	}
	memset(s->at, 0, len);
	return 0;
}

void
secret_done(struct secret *s)
{
	sodium_free(s->at);
	s->at = NULL;
	s->len = 0;
}

/* A terminal that does not show what is typed must not be left so. */
static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static volatile sig_atomic_t ended;

static void
on_signal(int n)
{
	ended = n;
}

/* One line, byte by byte: nothing of it stays in a stdio buffer. */
static int
read_line(struct secret *out, int fd, const char *name, struct err *e)
{
	AUTO_SECRET line = { 0 };
	size_t n = 0;
	int rc;

	if (secret_new(&line, PASSPHRASE_MAX + 1, e) < 0)
		return -1;
	for (;;) {
		ssize_t got = read(fd, line.at + n, 1);

		if (got < 0 && errno == EINTR && ended == 0)
			continue;
		if (got < 0)
			return err_sys(e, "%s", name);
		if (got == 0 || line.at[n] == '\n')
			break;
		if (++n > PASSPHRASE_MAX)
			return err_set(e, ERR_LIMIT, "%s: longer than %d bytes",
			    name, PASSPHRASE_MAX);
	}
	rc = secret_new(out, n, e);
	if (rc == 0)
		memcpy(out->at, line.at, n);
	return rc;
}

static int
ask_quietly(struct secret *out, int tty, const char *prompt, struct err *e)
{
	struct termios old, quiet;
	int rc;

	(void)dprintf(tty, "%s: ", prompt);
	if (tcgetattr(tty, &old) < 0)
		return err_sys(e, "terminal");
	quiet = old;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(tty, TCSAFLUSH, &quiet) < 0)
		return err_sys(e, "terminal");
	rc = read_line(out, tty, "terminal", e);
	(void)tcsetattr(tty, TCSAFLUSH, &old);
	(void)dprintf(tty, "\n");
	return rc;
}

static int
ask(struct secret *out, int tty, const char *prompt, struct err *e)
{
	/* without SA_RESTART: the signal ends the reading */
	struct sigaction was[COUNT(ends)], act = { .sa_handler = on_signal };
	int rc;

	ended = 0;
	for (size_t i = 0; i < COUNT(ends); i++) {
		(void)sigaction(ends[i], &act, &was[i]);
		if (was[i].sa_handler == SIG_IGN)
			(void)sigaction(ends[i], &was[i], NULL);
	}
	rc = ask_quietly(out, tty, prompt, e);
	for (size_t i = 0; i < COUNT(ends); i++)
		(void)sigaction(ends[i], &was[i], NULL);
	if (ended != 0)
		(void)raise(ended);
	return rc;
}

static int
from_terminal(
    struct secret *out, const char *prompt, int confirm, struct err *e)
{
	AUTO_FD tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	AUTO_SECRET again = { 0 };

	if (tty < 0)
		return err_set(e, ERR_USAGE,
		    "%s: there is no terminal to ask for it: use --pass-fd"
		    " or a systemd credential",
		    prompt);
	if (ask(out, tty, prompt, e) < 0)
		return -1;
	if (!confirm)
		return 0;
	if (ask(&again, tty, "again", e) < 0)
		return -1;
	if (again.len != out->len ||
	    sodium_memcmp(again.at, out->at, out->len) != 0)
		return err_set(e, ERR_USAGE, "the passphrases differ");
	return 0;
}

int
secret_passphrase(struct secret *out, int fd, const char *credential,
    const char *prompt, int confirm, struct err *e)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[4096];

	if (fd >= 0)
		return read_line(out, fd, "passphrase descriptor", e);
	if (dir != NULL && credential != NULL &&
	    (size_t)snprintf(path, sizeof(path), "%s/%s", dir, credential) <
		sizeof(path)) {
		AUTO_FD file = open(path, O_RDONLY | O_CLOEXEC);

		if (file >= 0)
			return read_line(out, file, path, e);
		if (errno != ENOENT)
			return err_sys(e, "%s", path);
	}
	return from_terminal(out, prompt, confirm, e);
}
