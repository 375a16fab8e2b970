/*
 * The other two sides of the front process, for tests: the store's, on its
 * line, and the clients', over sockets.
 */
#include "tests/edge.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/log.h"
#include "server/front.h"
#include "server/ipc.h"
#include "server/listener.h"
#include "server/table.h"
#include "tests/tap.h"

#define SALT   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define WAIT_S 10

char edge_big[EDGE_BIG], edge_big_sha[SHA256_HEX_SIZE];
char edge_small_sha[SHA256_HEX_SIZE];
const char edge_small[] = "{\"manifest\":1}";

static struct err e;
static int store = -1, port;
static pid_t front;

/* --- the store's side ----------------------------------------------------- */

static void
add_blob(const char *at, size_t len, char sha[static SHA256_HEX_SIZE])
{
	char path[300];

	sha256_hex(sha, at, len);
	(void)snprintf(path, sizeof(path), "%s/blobs/%.2s", tap_tmpdir(), sha);
	CHECK_INT(file_mkdirs(path, 0700, &e), 0);
	(void)snprintf(
	    path, sizeof(path), "%s/blobs/%.2s/%s", tap_tmpdir(), sha, sha);
	CHECK_INT(file_replace(path, at, len, 0600, &e), 0);
}

/* rungs hold, offer, halt of one publication; everybody is admitted */
void
edge_table(int generation)
{
	static struct table_channel c;
	static char path[128];
	const struct table_view views[] = {
		{ .rung = 0, .timestamp = "{\"low\":1}", .len = 9 },
		{ .rung = 1,
		    .high = true,
		    .timestamp = "{\"high\":1}",
		    .len = 10 },
	};
	const struct listed_file files[] = {
		{ "1.root.json", edge_small_sha, EDGE_SMALL_SIZE - 1 },
		{ path, edge_small_sha, EDGE_SMALL_SIZE - 1 },
		{ "targets/1.0.0/linux-x86_64/app", edge_big_sha, EDGE_BIG },
	};
	struct table t = { .generation = generation,
		.now_s = clock_now_s(),
		.ticket_key = { 9 },
		.channels = &c,
		.nchannels = 1 };
	AUTO_JSON m = json_pack("{s:s}", "do", "table");
	AUTO_BUF text;
	AUTO_FD fd = -1;

	memset(&c, 0, sizeof(c));
	(void)snprintf(
	    path, sizeof(path), "targets/%s.manifest.json", edge_small_sha);
	(void)snprintf(c.state.product, sizeof(c.state.product), "editor");
	(void)snprintf(c.state.channel, sizeof(c.state.channel), "stable");
	(void)snprintf(
	    c.state.offer_version, sizeof(c.state.offer_version), "1.0.0");
	(void)snprintf(c.state.salt, sizeof(c.state.salt), SALT);
	c.state.ladder =
	    (struct ladder){ .m = 7, .nblocks = 1, .offer_seq = 3 };
	c.state.nscopes = 1;
	c.state.scopes[0].high = 1;
	c.state.scopes[0].percent_bp = 10000;
	c.state.plan[0].percent_bp = 10000;
	c.state.nplan = 1;
	c.state.start_s = 1;
	c.views = views;
	c.nviews = COUNT(views);
	c.files = (struct file_list){ files, COUNT(files) };
	for (int i = 0; i < ladder_rungs(&c.state.ladder); i++)
		c.manifests[i] = edge_small_sha;
	buf_init(&text, TABLE_MAX);
	if (!CHECK_INT(table_write(&t, &text, &e), 0))
		tap_note("%s", e.msg);
	fd = ipc_memfd(buf_bytes(&text), &e);
	CHECK_INT(ipc_send(store, m, fd, &e), 0);
}

/* The next message of a kind; others are dropped. */
json_t *
edge_expect(const char *what, int *fd)
{
	int64_t until = clock_mono_ms() + WAIT_S * 1000;
	struct pollfd p = { .fd = store, .events = POLLIN };
	json_t *m;

	while (clock_mono_ms() < until && poll(&p, 1, 1000) >= 0) {
		const char *got;

		if (p.revents == 0 || ipc_receive(store, &m, fd, &e) != 1)
			continue;
		got = json_string_value(json_object_get(m, "do"));
		if (got != NULL && strcmp(got, what) == 0)
			return m;
		json_decref(m);
	}
	tap_note("no message: %s", what);
	CHECK(false);
	return json_object();
}

void
edge_answer(const json_t *question, int status, json_t *body, int fd)
{
	AUTO_JSON m = json_pack("{s:s, s:O, s:i}", "do", "answer", "id",
	    json_object_get(question, "id"), "status", status);

	if (body != NULL)
		(void)json_object_set_new(m, "body", body);
	CHECK_INT(ipc_send(store, m, fd, &e), 0);
}

const char *
edge_text(const json_t *m, const char *key)
{
	const char *s = json_string_value(json_object_get(m, key));

	return s != NULL ? s : "";
}

/* --- the client's side ---------------------------------------------------- */

int
edge_dial(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct timeval wait = { .tv_sec = WAIT_S };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	CHECK_INT(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

void
edge_say(int fd, const char *text, size_t len)
{
	CHECK_INT(send(fd, text, len, MSG_NOSIGNAL), (int64_t)len);
}

/* One answer: its head, and as much of a body as it announces. */
const char *
edge_hear(int fd, bool head_only)
{
	static char got[EDGE_BIG + 4096];
	size_t len = 0, want = sizeof(got) - 1;
	const char *at;

	got[0] = 0;
	while (len < want) {
		ssize_t n = recv(fd, got + len, want - len, 0);

		if (n <= 0)
			break;
		len += (size_t)n;
		got[len] = 0;
		at = strstr(got, "\r\n\r\n");
		if (at == NULL || want != sizeof(got) - 1)
			continue;
		want = (size_t)(at + 4 - got);
		at = strstr(got, "Content-Length: ");
		if (at != NULL && !head_only)
			want += strtoul(at + 16, NULL, 10);
	}
	return got;
}

/* One request on a connection of its own. */
const char *
edge_ask(const char *request)
{
	AUTO_FD fd = edge_dial();

	edge_say(fd, request, strlen(request));
	return edge_hear(fd, strncmp(request, "HEAD", 4) == 0);
}

int
edge_status(const char *got)
{
	return strlen(got) > 12 ? (int)strtol(got + 9, NULL, 10) : 0;
}

const char *
edge_get(const char *target, const char *headers)
{
	char request[3000];

	(void)snprintf(request, sizeof(request),
	    "GET %s HTTP/1.1\r\n" EDGE_HOST "%s\r\n", target, headers);
	return edge_ask(request);
}

bool
edge_has(const char *got, const char *what)
{
	if (strstr(got, what) != NULL)
		return true;
	tap_note("no \"%s\" in: %.600s", what, got);
	return false;
}

/* --- the process ---------------------------------------------------------- */

static void
start_front(const struct server_config *conf)
{
	int listen_fd, line[2];
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	listen_fd = listener_open("127.0.0.1:0", &port, &e);
	if (listen_fd < 0 || ipc_pair(line, &e) < 0)
		exit(2);
	(void)fflush(NULL);
	if ((front = fork()) == 0) {
		(void)close(line[1]);
		(void)sigprocmask(SIG_BLOCK, &set, NULL);
		log_open("front", LOG_LEVEL_WARN);
		_exit(front_run(line[0], listen_fd, conf));
	}
	(void)close(line[0]);
	(void)close(listen_fd);
	store = line[1];
}

void
edge_start(void)
{
	const struct server_config conf = { .state = tap_tmpdir(),
		.metrics = "local",
		.workers = 2,
		.connections = 4096,
		.connections_per_prefix = 4096,
		.header_s = 1,
		.body_s = 5,
		.keepalive_s = 5,
		.min_rate = 4096,
		.report_max = 4096,
		.report_rate = 1000,
		.publication_max = 1 << 20,
		.file_max = 1 << 30 };

	if (sodium_init() < 0)
		exit(2);
	json_object_seed(0);
	for (int i = 0; i < EDGE_BIG; i++)
		edge_big[i] = (char)(i * 7 + i / 251);
	add_blob(edge_big, EDGE_BIG, edge_big_sha);
	add_blob(edge_small, EDGE_SMALL_SIZE - 1, edge_small_sha);
	start_front(&conf);
}

void
edge_stop(void)
{
	int status = -1;

	CHECK_INT(kill(front, SIGTERM), 0);
	CHECK_INT(waitpid(front, &status, 0), front);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 0);
}

void
edge_hello(void)
{
	AUTO_JSON hello = edge_expect("hello", &(int){ 0 });
	AUTO_JSON tabled = NULL;

	CHECK_INT(edge_status(edge_get("/healthz", "")), 503);
	edge_table(1);
	tabled = edge_expect("tabled", &(int){ 0 });
	CHECK_INT(json_integer_value(json_object_get(tabled, "generation")), 1);
	CHECK_TEXT(edge_text(hello, "do"), "hello");
}
