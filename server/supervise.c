/*
 * Forking, waiting, starting anew.
 */
#include "server/supervise.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/log.h"
#include "server/brake.h"
#include "server/check.h"
#include "server/front.h"
#include "server/ipc.h"
#include "server/listener.h"
#include "server/post.h"
#include "server/sandbox.h"
#include "server/store.h"

#define PROCS	   (PROC_BRAKE + 1)
#define FIRST_MS   100	 /* before a process is started anew */
#define LONGEST_MS 10000 /* when it keeps dying */
#define LIVED_MS   10000 /* after that a death is a new story */
#define LEAVE_MS   8000	 /* for a process to end when told to */
#define FDS_MAX	   1024	 /* descriptors that the supervisor can have */
#define PATH_SIZE  4096

struct child {
	pid_t pid; /* 0: not running */
	int64_t started_ms;
};

/* Front, or store, post and brake. */
struct group {
	int64_t start_ms; /* when it is to be started; 0: it runs */
	int64_t delay_ms;
};

struct supervisor {
	const struct server_config *conf;
	int lock_fd, listen_fd, signal_fd;
	int line[2];			 /* front's end, store's end */
	int brake_line[2], post_line[2]; /* store's end, theirs */
	struct child child[PROCS];
	struct group front, back;
	bool ending; /* somebody said so */
	sigset_t before;
};

/* --- in the child --------------------------------------------------------- */

/* Only what a role needs stays open. */
static void
close_others(const int *keep, size_t n)
{
	for (int fd = 3; fd < FDS_MAX; fd++) {
		bool kept = false;

		for (size_t i = 0; i < n; i++)
			kept |= fd == keep[i];
		if (!kept)
			(void)close(fd);
	}
}

static void
become(const struct supervisor *s, enum process p, pid_t parent)
{
	char name[16];

	/* the terminal's interrupt is the supervisor's affair */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(name, sizeof(name), "sluiced-%s", process_name(p));
	(void)prctl(PR_SET_NAME, name, 0, 0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(2);
	/* front reads SIGTERM from a descriptor, the others do as they like */
	if (p != PROC_FRONT)
		(void)sigprocmask(SIG_SETMASK, &s->before, NULL);
	log_open(process_name(p), log_level_named(s->conf->log_level));
}

static int
fenced(int r, const struct sandbox *box, const struct err *e)
{
	if (r < 0) {
		log_error("start_failed", F("error", (const char *)e->msg));
		return -1;
	}
	log_info("fenced", F("landlock", box->landlock),
	    F("seccomp", box->seccomp ? "yes" : "no"));
	return 0;
}

static int
run_store(const struct supervisor *s)
{
	const int keep[] = { s->line[1], s->brake_line[0], s->post_line[0] };
	struct store_lines lines = { s->line[1], s->brake_line[0],
		s->post_line[0], -1, (gid_t)-1 };
	struct sandbox box = { 0 };
	struct err e;
	int r;

	close_others(keep, COUNT(keep));
	r = store_listen(s->conf, &lines.admin_fd, &lines.admin_gid, &e);
	if (r == 0)
		r = sandbox_store(s->conf, &box, &e);
	return fenced(r, &box, &e) < 0 ? 2 : store_run(&lines, s->conf);
}

static int
run_post(const struct supervisor *s)
{
	struct sandbox box = { 0 };
	struct err e;

	close_others(&s->post_line[1], 1);
	if (fenced(sandbox_post(s->conf, &box, &e), &box, &e) < 0)
		return 2;
	return post_run(
	    s->post_line[1], s->conf->webhook, s->conf->webhook_secret);
}

static int
run_brake(const struct supervisor *s)
{
	struct sandbox box = { 0 };
	char dir[PATH_SIZE];
	struct err e;

	close_others(&s->brake_line[1], 1);
	(void)snprintf(dir, sizeof(dir), "%s/brake", s->conf->state);
	if (fenced(sandbox_brake(dir, &box, &e), &box, &e) < 0)
		return 2;
	return brake_run(s->brake_line[1], dir);
}

static int
run_front(const struct supervisor *s)
{
	const int keep[] = { s->line[0], s->listen_fd };

	close_others(keep, COUNT(keep));
	return front_run(s->line[0], s->listen_fd, s->conf);
}

static int
run_role(const struct supervisor *s, enum process p)
{
	switch (p) {
	case PROC_FRONT:
		return run_front(s);
	case PROC_STORE:
		return run_store(s);
	case PROC_POST:
		return run_post(s);
	case PROC_BRAKE:
		return run_brake(s);
	case PROC_SUPERVISOR:
		break;
	}
	return 2;
}

/* --- starting ------------------------------------------------------------- */

static int
start(struct supervisor *s, enum process p, struct err *e)
{
	pid_t parent = getpid(), pid;

	(void)fflush(NULL);
	if ((pid = fork()) < 0)
		return err_sys(e, "fork %s", process_name(p));
	if (pid == 0) {
		become(s, p, parent);
		exit(run_role(s, p));
	}
	s->child[p] = (struct child){ pid, clock_mono_ms() };
	log_info("started", F("child", process_name(p)), F("pid", pid));
	return 0;
}

static void
close_line(int line[static 2])
{
	for (int i = 0; i < 2; i++) {
		if (line[i] >= 0)
			(void)close(line[i]);
		line[i] = -1;
	}
}

/* The other ends belong to the children: when one of them dies, its peer
 * finds out. */
static int
start_back(struct supervisor *s, struct err *e)
{
	bool post = s->conf->webhook != NULL;
	int r = 0;

	if (ipc_pair(s->brake_line, e) < 0 ||
	    (post && ipc_pair(s->post_line, e) < 0))
		r = -1;
	if (r == 0 &&
	    (start(s, PROC_BRAKE, e) < 0 ||
		(post && start(s, PROC_POST, e) < 0) ||
		start(s, PROC_STORE, e) < 0))
		r = -1;
	close_line(s->brake_line);
	close_line(s->post_line);
	return r;
}

static void
group_died(struct group *g, int64_t lived_ms)
{
	if (lived_ms >= LIVED_MS || g->delay_ms == 0)
		g->delay_ms = FIRST_MS;
	else
		g->delay_ms =
		    g->delay_ms * 2 < LONGEST_MS ? g->delay_ms * 2 : LONGEST_MS;
	g->start_ms = clock_mono_ms() + g->delay_ms;
}

static void
start_due(struct supervisor *s)
{
	int64_t now = clock_mono_ms();
	struct err e;

	if (s->back.start_ms != 0 && now >= s->back.start_ms) {
		s->back.start_ms = 0;
		if (start_back(s, &e) < 0) {
			log_error("start_failed", F("child", "store"),
			    F("error", (const char *)e.msg));
			group_died(&s->back, 0);
		}
	}
	if (s->front.start_ms != 0 && now >= s->front.start_ms) {
		s->front.start_ms = 0;
		if (start(s, PROC_FRONT, &e) < 0) {
			log_error("start_failed", F("child", "front"),
			    F("error", (const char *)e.msg));
			group_died(&s->front, 0);
		}
	}
}

/* --- ending --------------------------------------------------------------- */

static void
say_ended(enum process p, int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM)
		log_info(
		    "ended", F("child", process_name(p)), F("signal", SIGTERM));
	else if (WIFSIGNALED(status))
		log_error("ended", F("child", process_name(p)),
		    F("signal", WTERMSIG(status)));
	else
		log_line(
		    WEXITSTATUS(status) == 0 ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR,
		    "ended",
		    LOG_FIELDS(F("child", process_name(p)),
			F("status", WEXITSTATUS(status))));
}

/* Take what has ended; *lived_ms of the one returned, PROC_SUPERVISOR: none. */
static enum process
reap(struct supervisor *s, int64_t *lived_ms)
{
	int status;
	pid_t pid = waitpid(-1, &status, WNOHANG);

	for (int p = 0; pid > 0 && p < PROCS; p++) {
		if (s->child[p].pid != pid)
			continue;
		s->child[p].pid = 0;
		*lived_ms = clock_mono_ms() - s->child[p].started_ms;
		say_ended((enum process)p, status);
		return (enum process)p;
	}
	return PROC_SUPERVISOR;
}

static bool
running(const struct supervisor *s, enum process p)
{
	return s->child[p].pid != 0;
}

/* Wait for a signal, at most so long (-1: for ever). */
static void
wait_signal(struct supervisor *s, int ms)
{
	struct pollfd f = { .fd = s->signal_fd, .events = POLLIN };
	struct signalfd_siginfo got;

	if (poll(&f, 1, ms) > 0 &&
	    read(s->signal_fd, &got, sizeof(got)) == sizeof(got) &&
	    got.ssi_signo != SIGCHLD)
		s->ending = true;
}

/* Tell a process to end, wait, and kill it in the end. */
static void
stop(struct supervisor *s, enum process p)
{
	int64_t until = clock_mono_ms() + LEAVE_MS, lived;

	if (!running(s, p))
		return;
	(void)kill(s->child[p].pid, SIGTERM);
	while (running(s, p)) {
		if (clock_mono_ms() >= until)
			(void)kill(s->child[p].pid, SIGKILL);
		wait_signal(s, 50);
		while (reap(s, &lived) != PROC_SUPERVISOR)
			continue;
	}
}

static void
died(struct supervisor *s, enum process p, int64_t lived_ms)
{
	if (p == PROC_FRONT) {
		group_died(&s->front, lived_ms);
		return;
	}
	stop(s, PROC_STORE);
	stop(s, PROC_POST);
	stop(s, PROC_BRAKE);
	/* stop may have met front's end too */
	if (!running(s, PROC_FRONT) && s->front.start_ms == 0)
		group_died(&s->front, lived_ms);
	group_died(&s->back, lived_ms);
}

/* --- the whole ------------------------------------------------------------ */

/* Under systemd: Type=notify. */
static void
notify(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = path != NULL ? strlen(path) : 0;
	AUTO_FD fd = -1;

	if (n == 0 || n >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, n);
	if (to.sun_path[0] == '@')
		to.sun_path[0] = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)sendto(fd, text, strlen(text), MSG_NOSIGNAL,
		    (const struct sockaddr *)&to,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
}

/* Each connection may hold a file open besides. */
static void
raise_limits(const struct server_config *conf)
{
	struct rlimit l;
	rlim_t want = (rlim_t)conf->connections * 2 + 1024;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_cur >= want)
		return;
	l.rlim_cur = l.rlim_max < want ? l.rlim_max : want;
	(void)setrlimit(RLIMIT_NOFILE, &l);
	if (l.rlim_cur < want)
		log_warn("few_descriptors", F("have", (int64_t)l.rlim_cur),
		    F("want", (int64_t)want));
}

/* As init made it: a copy from a backup may be open to everybody. */
static int
close_folder(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_sys(e, "%s", path);
	if ((st.st_mode & 077) == 0)
		return 0;
	log_warn("folder_closed", F("path", path));
	return chmod(path, 0700) < 0 ? err_sys(e, "%s", path) : 0;
}

static int
make_folders(const struct server_config *conf, struct err *e)
{
	static const char *const names[] = { "db", "blobs", "incoming",
		"intake", "brake" };
	char path[PATH_SIZE];

	for (size_t i = 0; i < COUNT(names); i++) {
		if (snprintf(path, sizeof(path), "%s/%s", conf->state,
			names[i]) >= (int)sizeof(path))
			return err_set(
			    e, ERR_LIMIT, "state: the path is too long");
		if (file_mkdirs(path, 0700, e) < 0 || close_folder(path, e) < 0)
			return -1;
	}
	return 0;
}

static int
open_all(struct supervisor *s, struct err *e)
{
	char path[PATH_SIZE], text[16];
	int port, n;

	if (check_config(s->conf, e) < 0 || check_state(s->conf, e) < 0 ||
	    make_folders(s->conf, e) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/lock", s->conf->state);
	if ((s->lock_fd = file_lock(path, false, e)) < 0)
		return err_in(e, "another server runs here");
	if ((s->listen_fd = listener_open(s->conf->listen, &port, e)) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/port", s->conf->state);
	n = snprintf(text, sizeof(text), "%d\n", port);
	if (file_replace(path, text, (size_t)n, 0644, e) < 0 ||
	    ipc_pair(s->line, e) < 0)
		return -1;
	log_info("listening", F("address", s->conf->listen), F("port", port),
	    F("workers", front_workers(s->conf)));
	return 0;
}

static int
catch_signals(struct supervisor *s, struct err *e)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, &s->before);
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	return s->signal_fd >= 0 ? 0 : err_sys(e, "signalfd");
}

/* Until somebody wants it to end. */
static void
watch(struct supervisor *s)
{
	enum process p;
	int64_t lived;

	while (!s->ending) {
		bool due = s->front.start_ms != 0 || s->back.start_ms != 0;

		wait_signal(s, due ? 50 : -1);
		while ((p = reap(s, &lived)) != PROC_SUPERVISOR)
			died(s, p, lived);
		if (!s->ending)
			start_due(s);
	}
}

int
supervise_run(const struct server_config *conf, struct err *e)
{
	struct supervisor s = {
		.conf = conf,
		.lock_fd = -1,
		.listen_fd = -1,
		.line = { -1, -1 },
		.brake_line = { -1, -1 },
		.post_line = { -1, -1 },
		.front = { .start_ms = 1 },
		.back = { .start_ms = 1 },
	};

	raise_limits(conf);
	if (catch_signals(&s, e) < 0 || open_all(&s, e) < 0)
		return -1;
	start_due(&s);
	notify("READY=1");
	watch(&s);
	notify("STOPPING=1");
	log_info("stopping", F("pid", getpid()));
	/* front first: what it has promised store must still hear */
	stop(&s, PROC_FRONT);
	stop(&s, PROC_STORE);
	stop(&s, PROC_POST);
	stop(&s, PROC_BRAKE);
	(void)unlink(conf->admin_socket);
	(void)close(s.lock_fd);
	return 0;
}
