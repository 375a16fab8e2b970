/*
 * Messages between processes: order, descriptors, long ones, hostile ones.
 */
#include "server/ipc.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "tests/tap.h"

static int line[2];

static void
open_line(void)
{
	struct err e;

	CHECK_INT(ipc_pair(line, &e), 0);
}

static void
close_line(void)
{
	(void)close(line[0]);
	(void)close(line[1]);
}

static void
send_text(const char *what, int fd)
{
	AUTO_JSON v = json_pack("{s:s}", "do", what);
	struct err e;

	CHECK_INT(ipc_send(line[0], v, fd, &e), 0);
}

static void
messages_come_whole_and_in_order(void)
{
	AUTO_JSON a = NULL;
	AUTO_JSON b = NULL;
	struct err e;
	int fd;

	open_line();
	send_text("one", -1);
	send_text("two", -1);
	CHECK_INT(ipc_receive(line[1], &a, &fd, &e), 1);
	CHECK_INT(fd, -1);
	CHECK_INT(ipc_receive(line[1], &b, &fd, &e), 1);
	CHECK_TEXT(json_string_value(json_object_get(a, "do")), "one");
	CHECK_TEXT(json_string_value(json_object_get(b, "do")), "two");
	close_line();
}

static void
a_descriptor_travels_along(void)
{
	const char text[] = "hello";
	AUTO_JSON m = NULL;
	struct err e;
	char got[8] = "";
	AUTO_FD mem = ipc_memfd(
	    (struct bytes){ (const uint8_t *)text, sizeof(text) }, &e);
	int fd = -1;

	open_line();
	send_text("table", mem);
	CHECK_INT(ipc_receive(line[1], &m, &fd, &e), 1);
	CHECK(fd >= 0 && fd != mem);
	CHECK_INT(pread(fd, got, sizeof(got), 0), (int)sizeof(text));
	CHECK_TEXT(got, text);
	(void)close(fd);
	close_line();
}

static void
a_long_message_is_spilled_unseen(void)
{
	const size_t len = IPC_MAX + 1000;
	char *text = malloc(len + 1);
	AUTO_JSON v = json_object();
	AUTO_JSON m = NULL;
	struct err e;
	int fd;

	memset(text, 'x', len);
	text[len] = 0;
	/* strings have a limit of their own: two of half the length */
	text[len / 2] = 0;
	(void)json_object_set_new(v, "a", json_string(text));
	(void)json_object_set_new(v, "b", json_string(text + len / 2 + 1));
	open_line();
	CHECK_INT(ipc_send(line[0], v, -1, &e), 0);
	CHECK_INT(ipc_receive(line[1], &m, &fd, &e), 1);
	CHECK_INT(fd, -1);
	CHECK(json_equal(v, m) == 1);
	CHECK_INT(ipc_send(line[0], v, line[0], &e), -1);
	CHECK_INT(e.kind, ERR_LIMIT);
	close_line();
	free(text);
}

static void
a_spilled_message_must_be_sealed(void)
{
	const char packet[] = "{\"spill\":17}";
	AUTO_JSON v = json_pack("{s:i}", "spill", 17);
	AUTO_JSON m = NULL;
	struct err e;
	int fd, ends[2];
	AUTO_FD loose = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	CHECK_INT(pipe(ends), 0);
	open_line();
	/* one that can still change */
	CHECK_INT(ipc_send(line[0], v, loose, &e), 0);
	CHECK_INT(ipc_receive(line[1], &m, &fd, &e), -1);
	CHECK_INT(e.kind, ERR_INPUT);
	/* one that would block for ever */
	CHECK_INT(ipc_send(line[0], v, ends[0], &e), 0);
	CHECK_INT(ipc_receive(line[1], &m, &fd, &e), -1);
	/* none at all */
	CHECK_INT(send(line[0], packet, sizeof(packet) - 1, 0),
	    (int)sizeof(packet) - 1);
	CHECK_INT(ipc_receive(line[1], &m, &fd, &e), -1);
	CHECK_INT(fd, -1);
	(void)close(ends[0]);
	(void)close(ends[1]);
	close_line();
}

static void
garbage_is_refused_and_dropped(void)
{
	static const char *const bad[] = { "x", "[]", "{\"a\":1,\"a\":2}",
		"{\"a\":1.5}", "{} {}" };
	AUTO_JSON m = NULL;
	struct err e;
	int fd;
	char *much = calloc(1, IPC_MAX + 1);

	open_line();
	for (size_t i = 0; i < COUNT(bad); i++) {
		CHECK(send(line[0], bad[i], strlen(bad[i]), 0) > 0);
		CHECK_INT(ipc_receive(line[1], &m, &fd, &e), -1);
		CHECK_INT(e.kind, ERR_INPUT);
	}
	CHECK(send(line[0], much, IPC_MAX + 1, 0) > 0);
	CHECK_INT(ipc_receive(line[1], &m, &fd, &e), -1);
	CHECK_INT(e.kind, ERR_INPUT);
	send_text("after", -1);
	CHECK_INT(ipc_receive(line[1], &m, &fd, &e), 1);
	close_line();
	free(much);
}

static void
a_gone_peer_and_an_empty_line_are_told_apart(void)
{
	AUTO_JSON m = NULL;
	struct err e;
	int fd;

	open_line();
	CHECK_INT(fcntl(line[1], F_SETFL, O_NONBLOCK), 0);
	CHECK_INT(ipc_receive(line[1], &m, &fd, &e), -1);
	CHECK_INT(e.kind, ERR_LIMIT);
	(void)close(line[0]);
	CHECK_INT(ipc_receive(line[1], &m, &fd, &e), 0);
	(void)close(line[1]);
}

static void
a_full_line_does_not_block_who_asked_not_to(void)
{
	AUTO_JSON v = json_pack("{s:s}", "do", "polls");
	struct err e;
	int r = 0, n;

	open_line();
	CHECK_INT(fcntl(line[0], F_SETFL, O_NONBLOCK), 0);
	for (n = 0; r == 0 && n < 1000000; n++)
		r = ipc_send(line[0], v, -1, &e);
	CHECK_INT(r, -1);
	CHECK_INT(e.kind, ERR_LIMIT);
	close_line();
}

static void
a_question_gets_its_answer_or_its_error(void)
{
	AUTO_JSON q = json_pack("{s:s}", "do", "state");
	AUTO_JSON ok = NULL;
	struct err e;
	pid_t pid;

	open_line();
	if ((pid = fork()) == 0) {
		AUTO_JSON yes = json_pack("{s:i}", "round", 7);
		AUTO_JSON no = json_pack(
		    "{s:s, s:s}", "error", "not this one", "kind", "refused");
		json_t *m;
		int fd;

		if (ipc_receive(line[1], &m, &fd, &e) == 1 &&
		    ipc_send(line[1], yes, -1, &e) == 0 &&
		    ipc_receive(line[1], &m, &fd, &e) == 1 &&
		    ipc_send(line[1], no, -1, &e) == 0)
			_exit(0);
		_exit(1);
	}
	(void)close(line[1]);
	ok = ipc_ask(line[0], q, &e);
	CHECK_INT(json_integer_value(json_object_get(ok, "round")), 7);
	CHECK(ipc_ask(line[0], q, &e) == NULL);
	CHECK_INT(e.kind, ERR_REFUSED);
	CHECK_TEXT(e.msg, "not this one");
	(void)waitpid(pid, NULL, 0);
	CHECK(ipc_ask(line[0], q, &e) == NULL);
	(void)close(line[0]);
}

static const struct tap_test tests[] = {
	TAP(messages_come_whole_and_in_order),
	TAP(a_descriptor_travels_along),
	TAP(a_long_message_is_spilled_unseen),
	TAP(a_spilled_message_must_be_sealed),
	TAP(garbage_is_refused_and_dropped),
	TAP(a_gone_peer_and_an_empty_line_are_told_apart),
	TAP(a_full_line_does_not_block_who_asked_not_to),
	TAP(a_question_gets_its_answer_or_its_error),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
