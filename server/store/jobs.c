/*
 * Forking children, reading their one answer, reaping them.
 */
#include "server/store/jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/json.h"

#define ANSWER_MAX (16 << 20)
#define ANSWER_FD  3

static NORETURN void
child(const struct store *s, const struct job *j, job_run *fn,
    const void *input, int fd)
{
	struct err e = { .kind = ERR_NONE };
	json_t *v;
	char *text;
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (fd != ANSWER_FD && dup2(fd, ANSWER_FD) < 0)
		_exit(2);
	(void)close_range(ANSWER_FD + 1, ~0u, 0);
	if ((v = fn(s, j, input, &e)) == NULL)
		v = json_pack("{sb ss ss}", "ok", 0, "kind", err_name(e.kind),
		    "error", e.msg);
	text = v == NULL ? NULL : json_dumps(v, JSON_COMPACT);
	if (text == NULL ||
	    file_write_all(ANSWER_FD, text, strlen(text), "answer", &e) < 0)
		_exit(2);
	_exit(0);
}

int
jobs_start(struct store *s, const struct job *about, job_run *fn,
    const void *input, struct err *e)
{
	struct job *j = &s->jobs[s->njobs];
	int fds[2];

	if (s->njobs == JOBS_MAX)
		return err_set(e, ERR_SYS, "too much at once; try again");
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	*j = *about;
	if ((j->pid = fork()) < 0) {
		(void)close(fds[0]);
		(void)close(fds[1]);
		return err_sys(e, "fork");
	}
	if (j->pid == 0)
		child(s, j, fn, input, fds[1]);
	(void)close(fds[1]);
	(void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
	j->fd = fds[0];
	buf_init(&j->answer, ANSWER_MAX);
	s->njobs++;
	return 0;
}

/* Reap it and take it off the list. */
static int
take(struct store *s, size_t index, struct job *done)
{
	int status = 0;

	*done = s->jobs[index];
	s->jobs[index] = s->jobs[--s->njobs];
	(void)close(done->fd);
	done->fd = -1;
	while (waitpid(done->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return status;
}

static int
judge(struct job *done, int status, json_t **answer, struct err *e)
{
	AUTO_JSON v = NULL;
	const char *kind, *text;

	if (WIFSIGNALED(status))
		return err_set(e, ERR_SYS, "the work was ended by signal %d",
		    WTERMSIG(status));
	if (buf_ok(&done->answer, e) < 0 ||
	    (v = json_read(buf_bytes(&done->answer), ANSWER_MAX, e)) == NULL)
		return err_in(e, "answer of the child");
	if (json_is_true(json_object_get(v, "ok"))) {
		*answer = json_incref(v);
		return 1;
	}
	kind = json_string_value(json_object_get(v, "kind"));
	text = json_string_value(json_object_get(v, "error"));
	return err_set(e, err_kind_named(kind == NULL ? "" : kind), "%s",
	    text == NULL ? "no reason was given" : text);
}

int
jobs_read(struct store *s, size_t index, struct job *done, json_t **answer,
    struct err *e)
{
	struct job *j = &s->jobs[index];
	uint8_t room[65536];
	ssize_t n;
	int status, result;

	*answer = NULL;
	n = read(j->fd, room, sizeof(room));
	if (n > 0) {
		buf_add(&j->answer, room, (size_t)n);
		return 0;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	status = take(s, index, done);
	result = judge(done, status, answer, e);
	buf_done(&done->answer);
	return result;
}

void
jobs_expire(struct store *s)
{
	int64_t now = clock_mono_ms();

	for (size_t i = 0; i < s->njobs; i++)
		if (now > s->jobs[i].deadline_ms)
			(void)kill(s->jobs[i].pid, SIGKILL);
}

void
jobs_stop(struct store *s)
{
	struct job done;

	while (s->njobs > 0) {
		(void)kill(s->jobs[0].pid, SIGKILL);
		(void)take(s, 0, &done);
		buf_done(&done.answer);
	}
}

bool
jobs_find(const struct store *s, enum job_kind kind, const char *id)
{
	for (size_t i = 0; i < s->njobs; i++)
		if (s->jobs[i].kind == kind && strcmp(s->jobs[i].id, id) == 0)
			return true;
	return false;
}
