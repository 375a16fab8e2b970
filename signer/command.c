/*
 * Running a command that signs.  It gets the message as a file in memory: no
 * pipe to fill, no name on any disk.
 */
#include "signer/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/text.h"

#define ANSWER_MAX  1024
#define NOT_STARTED 127
#define PATH_NONE   "/usr/local/bin:/usr/bin:/bin"

int
command_open(struct command *c, const char *text, struct pubkey *public,
    struct arena *a, struct err *e)
{
	char *copy = arena_text(a, text, e), *rest = NULL, *word;
	const char *words[COMMAND_WORDS_MAX + 1];
	size_t n = 0;

	if (copy == NULL)
		return -1;
	memset(c, 0, sizeof(*c));
	for (word = strtok_r(copy, " \t", &rest); word != NULL;
	     word = strtok_r(NULL, " \t", &rest)) {
		if (n == COUNT(words))
			return err_set(e, ERR_LIMIT, "more than %d words",
			    COMMAND_WORDS_MAX);
		words[n++] = word;
	}
	if (n < 2)
		return err_set(e, ERR_USAGE, "not cmd:PUB COMMAND [ARG...]");
	memcpy(c->argv, words + 1, (n - 1) * sizeof(*words));
	return pubkey_read(public, words[0], a, e);
}

static int
put_env(struct command *c, size_t *n, const char *name, const char *value,
    struct arena *a, struct err *e)
{
	if (value == NULL)
		return 0;
	if (*n == COMMAND_ENV_MAX)
		return err_set(
		    e, ERR_LIMIT, "more than %d variables", COMMAND_ENV_MAX);
	c->env[*n] = arena_printf(a, e, "%s=%s", name, value);
	return c->env[(*n)++] == NULL ? -1 : 0;
}

int
command_env(struct command *c, const struct command_ask *ask, const char *keyid,
    struct arena *a, struct err *e)
{
	const char *path = getenv("PATH");
	size_t n = 0;

	if (put_env(c, &n, "PATH", path == NULL ? PATH_NONE : path, a, e) < 0 ||
	    put_env(c, &n, "HOME", getenv("HOME"), a, e) < 0 ||
	    put_env(c, &n, "SLUICE_ROLE", ask->role, a, e) < 0 ||
	    put_env(c, &n, "SLUICE_KEYID", keyid, a, e) < 0)
		return -1;
	for (size_t i = 0; i < ask->npass; i++) {
		if (getenv(ask->pass[i]) == NULL)
			return err_set(e, ERR_USAGE,
			    "--sign-env %s: not in the environment",
			    ask->pass[i]);
		if (put_env(c, &n, ask->pass[i], getenv(ask->pass[i]), a, e) <
		    0)
			return -1;
	}
	return 0;
}

/* --- running -------------------------------------------------------------- */

struct running {
	pid_t pid; /* and its process group; 0: reaped */
	int out;   /* its standard output */
};

static void
running_done(struct running *r)
{
	if (r->out >= 0)
		(void)close(r->out);
	if (r->pid <= 0)
		return;
	(void)kill(-r->pid, SIGKILL);
	(void)kill(r->pid, SIGKILL); /* before it had made its group */
	while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int
message_fd(struct bytes message, struct err *e)
{
	int fd = memfd_create("message", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "memory for the message");
	if (file_write_all(fd, message.at, message.len, "message", e) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* Between fork and exec: only what is safe there. */
static NORETURN void
child(const struct command *c, int in, int out, pid_t parent)
{
	union {
		const char *const *from;
		char *const *to;
	} argv = { c->argv }, env = { c->env };

	(void)setpgid(0, 0);
	/* being in another group it does not see what ends us */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0 ||
	    getppid() != parent)
		_exit(NOT_STARTED);
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(NOT_STARTED);
	/* not the descriptor of the passphrases, not a lock */
	(void)close_range(STDERR_FILENO + 1, ~0U, 0);
	(void)execvpe(c->argv[0], argv.to, env.to);
	_exit(NOT_STARTED);
}

static int
start(struct running *r, const struct command *c, struct bytes message,
    struct err *e)
{
	AUTO_FD in = message_fd(message, e);
	AUTO_FD out = -1;
	pid_t parent = getpid();
	int ends[2];

	if (in < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	r->out = ends[0];
	out = ends[1];
	r->pid = fork();
	if (r->pid < 0)
		return err_sys(e, "fork");
	if (r->pid == 0)
		child(c, in, out, parent);
	return 0;
}

static int
read_answer(const struct running *r, int64_t until_ms, struct bytes *out,
    uint8_t room[static ANSWER_MAX], struct err *e)
{
	size_t n = 0;

	for (;;) {
		struct pollfd p = { r->out, POLLIN, 0 };
		int64_t left = until_ms - clock_mono_ms();
		ssize_t got;

		if (left <= 0)
			return err_set(e, ERR_SYS, "no answer in time");
		if (poll(&p, 1, (int)(left > 60000 ? 60000 : left)) <= 0)
			continue;
		got = read(r->out, room + n, ANSWER_MAX - n);
		if (got < 0 && errno != EINTR)
			return err_sys(e, "its answer");
		if (got == 0)
			break;
		n += got > 0 ? (size_t)got : 0;
		if (n == ANSWER_MAX)
			return err_set(
			    e, ERR_INPUT, "an answer that is no signature");
	}
	*out = (struct bytes){ room, n };
	return 0;
}

/* It has closed its output; now it has to end, too. */
static int
finish(struct running *r, int64_t until_ms, struct err *e)
{
	int status;
	pid_t got;

	while ((got = waitpid(r->pid, &status, WNOHANG)) == 0 ||
	    (got < 0 && errno == EINTR)) {
		if (clock_mono_ms() >= until_ms)
			return err_set(e, ERR_SYS, "it does not end");
		(void)poll(NULL, 0, 5);
	}
	if (got < 0)
		return err_sys(e, "waiting");
	r->pid = 0;
	if (WIFSIGNALED(status))
		return err_set(
		    e, ERR_SYS, "ended by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) == NOT_STARTED)
		return err_set(
		    e, ERR_SYS, "cannot be run (exit status %d)", NOT_STARTED);
	if (WEXITSTATUS(status) != 0)
		return err_set(e, ERR_REFUSED, "it refused (exit status %d)",
		    WEXITSTATUS(status));
	return 0;
}

int
command_answer(struct bytes answer, uint8_t out[static COMMAND_SIG_MAX],
    size_t *len, struct err *e)
{
	char text[ANSWER_MAX + 1];
	size_t n = 0;
	bool is_text = true;

	for (size_t i = 0; i < answer.len && i < ANSWER_MAX; i++) {
		uint8_t c = answer.at[i];

		is_text = is_text &&
		    ((c > 0x20 && c < 0x7f) || c == '\n' || c == '\r' ||
			c == ' ');
		if (c > 0x20)
			text[n++] = (char)c; /* base64 may come in lines */
	}
	text[n] = '\0';
	if (is_text && n > 0 &&
	    base64_read(out, COMMAND_SIG_MAX, len, text) == 0)
		return 0;
	if (answer.len == 0 || answer.len > COMMAND_SIG_MAX)
		return err_set(e, ERR_INPUT,
		    "an answer of %zu bytes that is no signature", answer.len);
	memcpy(out, answer.at, answer.len);
	*len = answer.len;
	return 0;
}

int
command_sign(const struct command *c, struct bytes message, int64_t timeout_s,
    uint8_t out[static COMMAND_SIG_MAX], size_t *len, struct err *e)
{
	CLEANUP(running_done) struct running r = { 0, -1 };
	int64_t until = clock_mono_ms() + timeout_s * 1000;
	uint8_t room[ANSWER_MAX];
	struct bytes answer;

	if (start(&r, c, message, e) < 0 ||
	    read_answer(&r, until, &answer, room, e) < 0 ||
	    finish(&r, until, e) < 0 || command_answer(answer, out, len, e) < 0)
		return err_in(e, "%s", c->argv[0]);
	return 0;
}
