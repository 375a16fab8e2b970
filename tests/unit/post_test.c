/*
 * The post: when it tries again, and one delivery from end to end.
 */
#include "server/post.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "server/ipc.h"
#include "tests/tap.h"

static struct err e;

static void
tries_are_bounded_and_spread(void)
{
	CHECK_INT(post_wait_s(0, -1), 0);
	CHECK_INT(post_wait_s(1, -1), 1);
	CHECK_INT(post_wait_s(4, -1), 125);
	CHECK_INT(post_wait_s(POST_TRIES, -1), -1);
	CHECK_INT(post_wait_s(2, 60), 60);
	CHECK_INT(post_wait_s(2, 1000000), 600);
	CHECK(post_final(200) && post_final(204));
	CHECK(post_final(404) && post_final(410));
	CHECK(!post_final(0) && !post_final(302) && !post_final(500));
	CHECK(!post_final(408) && !post_final(429));
}

static int
listen_here(char url[static 64])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	CHECK(listen(fd, 4) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	snprintf(url, 64, "http://127.0.0.1:%d/hook", ntohs(at.sin_port));
	return fd;
}

/* answer - one request; what it was goes to text. */
static void
answer(int listener, char text[static 4096], const char *status)
{
	struct pollfd pfd = { .fd = listener, .events = POLLIN };
	char reply[128];
	size_t n = 0;
	int fd;

	text[0] = '\0';
	if (!CHECK(poll(&pfd, 1, 10000) == 1))
		return;
	fd = accept(listener, NULL, NULL);
	while (n < 4095 && strstr(text, "}") == NULL) {
		ssize_t got = read(fd, text + n, 4095 - n);

		if (got <= 0)
			break;
		n += (size_t)got;
		text[n] = '\0';
	}
	snprintf(reply, sizeof(reply),
	    "HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
	    status);
	CHECK(write(fd, reply, strlen(reply)) == (ssize_t)strlen(reply));
	close(fd);
}

static json_t *
event(int id, const char *url)
{
	return json_pack("{ss si ss s{ss}}", "do", "event", "id", id, "url",
	    url, "body", "event", "halted");
}

static pid_t
run_post(int *fd, const char *only_url, const char *secret)
{
	int fds[2];
	pid_t pid;

	CHECK_INT(ipc_pair(fds, &e), 0);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		_exit(post_run(fds[1], only_url, secret));
	}
	close(fds[1]);
	*fd = fds[0];
	return pid;
}

static void
an_event_is_delivered_at_the_second_try(void)
{
	char url[64], text[4096], path[256];
	int listener = listen_here(url), fd = -1, got, status = -1;
	AUTO_JSON ask = event(7, url);
	AUTO_JSON out = NULL;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/secret", tap_tmpdir());
	CHECK_INT(file_replace(path, "sixteen bytes it is\n", 20, 0600, &e), 0);
	pid = run_post(&fd, url, path);
	CHECK_INT(ipc_send(fd, ask, -1, &e), 0);
	answer(listener, text, "503 Service Unavailable");
	answer(listener, text, "204 No Content");
	CHECK(strstr(text, "POST /hook HTTP/1.1\r\n") == text);
	CHECK(strstr(text, "{\"event\":\"halted\"}") != NULL);
	CHECK(strstr(text, "Sluice-Event: 7\r\n") != NULL);
	/* printf '{"event":"halted"}' | openssl dgst -sha256 -hmac 'sixteen bytes it is' */
	CHECK(
	    strstr(text,
		"Sluice-Signature: sha256=18b9a009035c41707b6647016cc822289a8c4fb9d715c502e6d4cc4dd6f5f3de\r\n") !=
	    NULL);
	CHECK_INT(ipc_receive(fd, &out, &got, &e), 1);
	CHECK(json_is_true(json_object_get(out, "ok")));
	CHECK_INT(json_integer_value(json_object_get(out, "id")), 7);
	CHECK_INT(json_integer_value(json_object_get(out, "tries")), 2);
	CHECK_INT(json_integer_value(json_object_get(out, "status")), 204);
	close(fd);
	close(listener);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
}

static void
other_urls_and_final_answers_are_told(void)
{
	char url[64], text[4096];
	int listener = listen_here(url), fd = -1, got, status = -1;
	AUTO_JSON ask = event(1, "http://127.0.0.1:1/");
	AUTO_JSON good = event(2, url);
	AUTO_JSON out = NULL;
	AUTO_JSON out2 = NULL;
	pid_t pid = run_post(&fd, url, NULL);

	CHECK_INT(ipc_send(fd, ask, -1, &e), 0);
	CHECK_INT(ipc_receive(fd, &out, &got, &e), 1);
	CHECK(json_is_false(json_object_get(out, "ok")));
	CHECK_INT(json_integer_value(json_object_get(out, "tries")), 0);
	CHECK_INT(ipc_send(fd, good, -1, &e), 0);
	answer(listener, text, "410 Gone");
	CHECK(strstr(text, "Sluice-Signature") == NULL);
	CHECK_INT(ipc_receive(fd, &out2, &got, &e), 1);
	CHECK(json_is_false(json_object_get(out2, "ok")));
	CHECK_INT(json_integer_value(json_object_get(out2, "status")), 410);
	close(fd);
	close(listener);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
}

static const struct tap_test tests[] = {
	TAP(tries_are_bounded_and_spread),
	TAP(an_event_is_delivered_at_the_second_try),
	TAP(other_urls_and_final_answers_are_told),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
