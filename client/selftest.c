/*
 * A child in a process group of its own, watched by the clock.
 */
#include "client/selftest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "manifest/base/clock.h"

#define LOOK_NS	    (20 * 1000 * 1000)
#define NOT_STARTED 127

int
selftest_words(const char *command, const char *folder,
    char words[static SELFTEST_TEXT], char *argv[static SELFTEST_WORDS + 1],
    struct err *e)
{
	size_t at = 0;
	int n = 0;

	while (*command != 0) {
		if (*command == ' ' || *command == '\t') {
			command++;
			continue;
		}
		if (n == SELFTEST_WORDS)
			return err_set(e, ERR_LIMIT, "too many words");
		argv[n++] = words + at;
		while (*command != 0 && *command != ' ' && *command != '\t') {
			bool here = strncmp(command, "{}", 2) == 0;
			size_t len = here ? strlen(folder) : 1;

			if (at + len + 1 >= SELFTEST_TEXT)
				return err_set(e, ERR_LIMIT, "too long");
			memcpy(words + at, here ? folder : command, len);
			at += len;
			command += here ? 2 : 1;
		}
		words[at++] = 0;
	}
	argv[n] = NULL;
	if (n == 0)
		return err_set(e, ERR_USAGE, "an empty command");
	return n;
}

#define ENV_OURS 3

struct env {
	char **list;
	char ours[ENV_OURS][4200];
};

static void
env_done(struct env *v)
{
	free(v->list);
}

/* Made before fork: a child of a threaded program may not allocate. */
static int
env_make(struct env *v, const struct selftest *t, struct err *e)
{
	size_t n = 0, at = 0;

	while (environ[n] != NULL)
		n++;
	if ((v->list = calloc(n + ENV_OURS + 1, sizeof(*v->list))) == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	(void)snprintf(
	    v->ours[0], sizeof(v->ours[0]), "SLUICE_RELEASE=%s", t->version);
	(void)snprintf(
	    v->ours[1], sizeof(v->ours[1]), "SLUICE_FOLDER=%s", t->folder);
	(void)snprintf(
	    v->ours[2], sizeof(v->ours[2]), "SLUICE_URGENT=%d", t->urgent);
	for (size_t i = 0; i < ENV_OURS; i++)
		v->list[at++] = v->ours[i];
	for (size_t i = 0; i < n; i++)
		v->list[at++] = environ[i];
	return 0;
}

NORETURN static void
child(const struct selftest *t, char *const *argv, char *const *env)
{
	int null = open("/dev/null", O_RDONLY);

	(void)setpgid(0, 0);
	/* what this program ignores is not for others to inherit */
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_DFL);
	if (null >= 0)
		(void)dup2(null, 0);
	/* what it says is for people, never mixed into results */
	(void)dup2(2, 1);
	if (chdir(t->folder) < 0)
		_exit(NOT_STARTED);
	(void)execvpe(argv[0], argv, env);
	_exit(NOT_STARTED);
}

/* 1: status is set; 0: time is up. */
static int
watch(pid_t pid, int64_t limit_s, int *status, struct err *e)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };
	int64_t end_ms = clock_mono_ms() + limit_s * 1000;

	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);

		if (got == pid)
			return 1;
		if (got < 0 && errno != EINTR)
			return err_sys(e, "waitpid");
		if (clock_mono_ms() >= end_ms)
			return 0;
		(void)nanosleep(&look, NULL);
	}
}

int
selftest_run(const struct selftest *t, struct err *e)
{
	char words[SELFTEST_TEXT], *argv[SELFTEST_WORDS + 1];
	CLEANUP(env_done) struct env env = { 0 };
	int status = 0, rc;
	pid_t pid;

	if (selftest_words(t->command, t->folder, words, argv, e) < 0 ||
	    env_make(&env, t, e) < 0)
		return -1;
	if ((pid = fork()) < 0)
		return err_sys(e, "fork");
	if (pid == 0)
		child(t, argv, env.list);
	(void)setpgid(pid, pid);
	if ((rc = watch(pid, t->limit_s, &status, e)) == 0) {
		(void)kill(-pid, SIGKILL);
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		return err_set(e, ERR_LIMIT, "%s: not done after %lld s",
		    argv[0], (long long)t->limit_s);
	}
	if (rc < 0)
		return -1;
	if (WIFSIGNALED(status))
		return err_set(e, ERR_REFUSED, "%s: killed by signal %d",
		    argv[0], WTERMSIG(status));
	if (WEXITSTATUS(status) == NOT_STARTED)
		return err_set(e, ERR_SYS, "%s: cannot be started", argv[0]);
	if (WEXITSTATUS(status) != 0)
		return err_set(e, ERR_REFUSED, "%s: exit status %d", argv[0],
		    WEXITSTATUS(status));
	return 0;
}
