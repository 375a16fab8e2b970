/*
 * The front process, whole and fenced, over real sockets; the test plays the
 * store on the other end of its line.
 */
#include "server/front.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/log.h"
#include "server/ipc.h"
#include "server/listener.h"
#include "server/table.h"
#include "server/ticket.h"
#include "tests/tap.h"

#define ID     "06bcd0dcc4a930d59abb8ad6ec4a32fc186de028932dbc7c9990b6e72f72ba68"
#define SALT   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HOST   "Host: test\r\n"
#define BIG    200000
#define WAIT_S 10

static struct err e;
static int store, port;
static pid_t front;
static char big[BIG], big_sha[SHA256_HEX_SIZE], small_sha[SHA256_HEX_SIZE];
static const char small[] = "{\"manifest\":1}";

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
static void
send_table(int generation)
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
	const struct table_file files[] = {
		{ "1.root.json", small_sha, sizeof(small) - 1 },
		{ path, small_sha, sizeof(small) - 1 },
		{ "targets/1.0.0/linux-x86_64/app", big_sha, BIG },
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
	    path, sizeof(path), "targets/%s.manifest.json", small_sha);
	strcpy(c.state.product, "editor");
	strcpy(c.state.channel, "stable");
	strcpy(c.state.offer_version, "1.0.0");
	strcpy(c.state.salt, SALT);
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
	c.files = files;
	c.nfiles = COUNT(files);
	for (int i = 0; i < ladder_rungs(&c.state.ladder); i++)
		c.manifests[i] = small_sha;
	buf_init(&text, TABLE_MAX);
	if (!CHECK_INT(table_write(&t, &text, &e), 0))
		tap_note("%s", e.msg);
	fd = ipc_memfd(buf_bytes(&text), &e);
	CHECK_INT(ipc_send(store, m, fd, &e), 0);
}

/* The next message of a kind; others are dropped. */
static json_t *
expect(const char *what, int *fd)
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
	CHECK(!"the message came");
	tap_note("%s", what);
	return json_object();
}

static void
answer(const json_t *question, int status, json_t *body, int fd)
{
	AUTO_JSON m = json_pack("{s:s, s:O, s:i}", "do", "answer", "id",
	    json_object_get(question, "id"), "status", status);

	if (body != NULL)
		(void)json_object_set_new(m, "body", body);
	CHECK_INT(ipc_send(store, m, fd, &e), 0);
}

static const char *
text_of(const json_t *m, const char *key)
{
	const char *s = json_string_value(json_object_get(m, key));

	return s != NULL ? s : "";
}

/* --- the client's side ---------------------------------------------------- */

static int
dial(void)
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

static void
say(int fd, const char *text, size_t len)
{
	CHECK_INT(send(fd, text, len, MSG_NOSIGNAL), (int64_t)len);
}

/* One answer: its head, and as much of a body as it announces. */
static const char *
hear(int fd, bool head_only)
{
	static char got[BIG + 4096];
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
static const char *
ask(const char *request)
{
	AUTO_FD fd = dial();

	say(fd, request, strlen(request));
	return hear(fd, strncmp(request, "HEAD", 4) == 0);
}

static int
status_of(const char *got)
{
	return strlen(got) > 12 ? atoi(got + 9) : 0;
}

static const char *
get(const char *target, const char *headers)
{
	char request[3000];

	(void)snprintf(request, sizeof(request),
	    "GET %s HTTP/1.1\r\n" HOST "%s\r\n", target, headers);
	return ask(request);
}

static bool
has(const char *got, const char *what)
{
	if (strstr(got, what) != NULL)
		return true;
	tap_note("no \"%s\" in: %.600s", what, got);
	return false;
}

/* --- polls and files ------------------------------------------------------ */

static void
a_poll_gets_its_rung_and_a_ticket(void)
{
	char text[TICKET_TEXT_SIZE] = "";
	const uint8_t key[TICKET_KEY_SIZE] = { 9 };
	const char *got, *at;
	struct ticket t;

	got = get("/editor/stable/timestamp.json?id=" ID
		  "&os=linux&arch=x86_64&version=0.9.0",
	    "");
	CHECK_INT(status_of(got), 200);
	CHECK(has(got, "{\"high\":1}"));
	CHECK(has(got, "Cache-Control: private, no-cache\r\n"));
	CHECK(has(got, "ETag: \""));
	at = strstr(got, "Sluice-Ticket: ");
	if (CHECK(at != NULL))
		(void)sscanf(at, "Sluice-Ticket: %127s", text);
	CHECK_INT(ticket_verify(&t, text, key, ID, "editor", &e), 0);
	CHECK_INT(t.seq, 3);
	CHECK_INT(t.kind, RUNG_OFFER);
}

static void
an_id_in_a_header_counts_and_a_bad_one_does_not(void)
{
	const char *got;

	got = get("/editor/stable/timestamp.json", "Sluice-Client: " ID "\r\n");
	CHECK(has(got, "Sluice-Ticket: v1."));
	got = get("/editor/stable/timestamp.json?id=XYZ", "");
	CHECK_INT(status_of(got), 200);
	CHECK(strstr(got, "Sluice-Ticket") == NULL);
	CHECK(has(get("/metrics", ""), "sluice_invalid_ids_total 1\n"));
}

static void
what_is_known_is_not_sent_again(void)
{
	char header[128] = "";
	const char *got, *at;

	got = get("/editor/stable/timestamp.json", "");
	at = strstr(got, "ETag: ");
	if (CHECK(at != NULL))
		(void)snprintf(
		    header, sizeof(header), "If-None-Match: %.66s\r\n", at + 6);
	got = get("/editor/stable/timestamp.json", header);
	CHECK_INT(status_of(got), 304);
	CHECK(has(got, "ETag: "));
	(void)snprintf(
	    header, sizeof(header), "If-None-Match: \"%s\"\r\n", big_sha);
	got = get("/editor/stable/targets/1.0.0/linux-x86_64/app", header);
	CHECK_INT(status_of(got), 304);
}

static void
the_manifest_names_its_place(void)
{
	const char *got = get("/editor/stable/manifest.json", "");
	char want[160];

	CHECK_INT(status_of(got), 200);
	CHECK(has(got, small));
	(void)snprintf(want, sizeof(want),
	    "Content-Location: targets/%s.manifest.json\r\n", small_sha);
	CHECK(has(got, want));
	CHECK(has(got, "Content-Type: application/json\r\n"));
	CHECK_INT(
	    status_of(get("/editor/stable/manifest.json.minisig", "")), 404);
}

static void
files_are_kept_for_ever(void)
{
	const char *got = get("/editor/stable/1.root.json", "");

	CHECK_INT(status_of(got), 200);
	CHECK(has(got, small));
	CHECK(
	    has(got, "Cache-Control: public, max-age=31536000, immutable\r\n"));
	got = get("/editor/stable/targets/1.0.0/linux-x86_64/app", "");
	CHECK_INT(status_of(got), 200);
	CHECK(memcmp(strstr(got, "\r\n\r\n") + 4, big, BIG) == 0);
}

static void
head_is_get_without_a_body(void)
{
	const char *got = ask("HEAD /editor/stable/targets/1.0.0/linux-x86_64/"
			      "app HTTP/1.1\r\n" HOST "\r\n");

	CHECK_INT(status_of(got), 200);
	CHECK(has(got, "Content-Length: 200000\r\n"));
}

static void
parts_of_files(void)
{
	const char *app = "/editor/stable/targets/1.0.0/linux-x86_64/app";
	char header[200];
	const char *got;

	got = get(app, "Range: bytes=1000-1009\r\n");
	CHECK_INT(status_of(got), 206);
	CHECK(has(got, "Content-Range: bytes 1000-1009/200000\r\n"));
	CHECK(memcmp(strstr(got, "\r\n\r\n") + 4, big + 1000, 10) == 0);
	got = get("/editor/stable/1.root.json", "Range: bytes=2-9\r\n");
	CHECK_INT(status_of(got), 206);
	CHECK(has(got, "\r\n\r\nmanifest"));
	got = get(app, "Range: bytes=200000-\r\n");
	CHECK_INT(status_of(got), 416);
	CHECK(has(got, "Content-Range: bytes */200000\r\n"));
	(void)snprintf(header, sizeof(header),
	    "Range: bytes=0-0\r\nIf-Range: \"%s\"\r\n", small_sha);
	CHECK_INT(status_of(get(app, header)), 200);
}

static void
what_is_not_there_is_not_to_be_stored(void)
{
	static const char *const targets[] = { "/editor/beta/timestamp.json",
		"/editor/stable/targets/nothing", "/x", "/",
		"/editor/stable/2.root.json" };
	const char *got;

	for (size_t i = 0; i < COUNT(targets); i++) {
		got = get(targets[i], "");
		CHECK_INT(status_of(got), 404);
		CHECK(has(got, "Cache-Control: no-store\r\n"));
	}
	got = ask("PUT /editor/stable/timestamp.json HTTP/1.1\r\n" HOST
		  "Content-Length: 0\r\n\r\n");
	CHECK_INT(status_of(got), 405);
}

static void
malformed_requests_are_refused(void)
{
	static const char *const bad[] = {
		"GET /editor/stable/timestamp.json?seen=x HTTP/1.1\r\n" HOST,
		"GET /editor/stable/timestamp.json?seen=-1 HTTP/1.1\r\n" HOST,
		"GET /editor/stable/timestamp.json?os=a%2fb HTTP/1.1\r\n" HOST,
		"GET /editor/stable/timestamp.json?ask=2 HTTP/1.1\r\n" HOST,
		"GET /a/../b HTTP/1.1\r\n" HOST,
		"GET /a%00b HTTP/1.1\r\n" HOST,
		"GET / HTTP/1.1\r\n" HOST HOST,
		"GET / HTTP/1.1\r\n",
		"GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n",
		"POST /v1/health HTTP/1.1\r\n" HOST
		"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
		"POST /v1/health HTTP/1.1\r\n" HOST
		"Content-Length: 2\r\nContent-Length: 3\r\n",
		"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n",
	};
	char request[512];

	for (size_t i = 0; i < COUNT(bad); i++) {
		(void)snprintf(request, sizeof(request), "%s\r\n", bad[i]);
		if (!CHECK_INT(status_of(ask(request)), 400))
			tap_note("%s", request);
	}
	CHECK_INT(status_of(ask("POST /v1/health HTTP/1.1\r\n" HOST
				"Transfer-Encoding: chunked\r\n\r\n")),
	    411);
}

static void
a_connection_serves_many_requests(void)
{
	const char request[] =
	    "GET /editor/stable/timestamp.json HTTP/1.1\r\n" HOST "\r\n";
	AUTO_FD fd = dial();

	for (int i = 0; i < 5; i++) {
		say(fd, request, sizeof(request) - 1);
		CHECK_INT(status_of(hear(fd, false)), 200);
	}
	/* a refusal that is not the guard's keeps it too */
	say(fd, "GET /no HTTP/1.1\r\n" HOST "\r\n", 32);
	CHECK_INT(status_of(hear(fd, false)), 404);
	say(fd, request, sizeof(request) - 1);
	CHECK_INT(status_of(hear(fd, false)), 200);
}

static void
slow_headers_meet_their_end(void)
{
	int64_t start = clock_mono_ms();
	AUTO_FD fd = dial();
	char c;

	say(fd, "GET / HTTP/1.1\r\n", 16);
	while (clock_mono_ms() - start < WAIT_S * 1000) {
		if (send(fd, "X: y\r\n", 6, MSG_NOSIGNAL) < 0)
			break;
		if (recv(fd, &c, 1, MSG_DONTWAIT) == 0)
			break;
		(void)usleep(100000);
	}
	CHECK(clock_mono_ms() - start < 4000);
}

static void
health_and_metrics_tell(void)
{
	const char *got = get("/healthz", "");

	CHECK_INT(status_of(got), 200);
	CHECK(has(got, "\"generation\":1"));
	got = get("/metrics", "");
	CHECK(has(got, "sluice_polls_total{channel=\"editor/stable\",rung="));
	CHECK(has(got, "sluice_responses_total{status=\"200\"}"));
	CHECK(has(got, "sluice_table_generation 1\n"));
}

/* --- what store answers --------------------------------------------------- */

static int
post_report(const char *body, const char *headers)
{
	char request[9000];
	int fd = dial();

	(void)snprintf(request, sizeof(request),
	    "POST /v1/health HTTP/1.1\r\n" HOST
	    "%sContent-Length: %zu\r\n\r\n%s",
	    headers, strlen(body), body);
	say(fd, request, strlen(request));
	return fd;
}

static void
a_report_is_acknowledged_when_store_has_it(void)
{
	AUTO_FD fd =
	    post_report("{\"event\":\"ok\"}", "Sluice-Ticket: v1.abc\r\n");
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int got;
	AUTO_JSON m = expect("report", &got);

	CHECK_TEXT(text_of(json_object_get(m, "body"), "event"), "ok");
	CHECK_TEXT(text_of(m, "ticket"), "v1.abc");
	CHECK_TEXT(text_of(m, "prefix"), "127.0.0.0/24");
	CHECK_INT(poll(&p, 1, 100), 0);
	answer(m, 202, NULL, -1);
	CHECK_INT(status_of(hear(fd, false)), 202);
}

static void
bad_reports_never_reach_store(void)
{
	char *body = calloc(1, 6001);
	AUTO_FD a = post_report("{\"event\":", "");
	AUTO_FD b = post_report("[1]", "");
	AUTO_FD c = -1;

	CHECK_INT(status_of(hear(a, false)), 400);
	CHECK_INT(status_of(hear(b, false)), 400);
	memset(body, ' ', 6000);
	c = post_report(body, "");
	CHECK_INT(status_of(hear(c, false)), 413);
	free(body);
}

static void
a_client_that_leaves_harms_nobody(void)
{
	int fd = post_report("{\"event\":\"gone\"}", ""), got;
	AUTO_JSON m = expect("report", &got);

	(void)close(fd);
	answer(m, 202, NULL, -1);
	answer(m, 202, NULL, -1); /* and nobody asked for this one */
	CHECK_INT(status_of(get("/healthz", "")), 200);
}

static void
the_publish_api_is_passed_on(void)
{
	AUTO_FD fd = dial();
	const char request[] =
	    "POST /v1/publications/editor/stable/ab/commit?x=1 HTTP/1.1\r\n" HOST
	    "Authorization: Bearer slc_1_secret\r\nContent-Length: "
	    "2\r\n\r\n{}";
	const char *got;
	int none;
	AUTO_JSON m = NULL;

	say(fd, request, sizeof(request) - 1);
	m = expect("api", &none);
	CHECK_TEXT(text_of(m, "method"), "POST");
	CHECK_TEXT(
	    text_of(m, "path"), "/v1/publications/editor/stable/ab/commit");
	CHECK_TEXT(text_of(m, "token"), "slc_1_secret");
	CHECK_TEXT(text_of(m, "body"), "{}");
	CHECK_TEXT(text_of(json_object_get(m, "query"), "x"), "1");
	answer(m, 409,
	    json_pack("{s:s, s:s}", "error", "moved on", "kind", "conflict"),
	    -1);
	got = hear(fd, false);
	CHECK_INT(status_of(got), 409);
	CHECK(has(got, "\"kind\":\"conflict\""));
}

static void
a_long_body_comes_as_a_memfd(void)
{
	const int len = 100000;
	char *body = malloc((size_t)len + 1);
	char head[256];
	AUTO_FD fd = dial();
	AUTO_BUF text;
	AUTO_JSON m = NULL;
	int got = -1;

	memset(body, '[', (size_t)len);
	body[len] = 0;
	buf_init(&text, (size_t)len);
	(void)snprintf(head, sizeof(head),
	    "POST /v1/publications/editor/stable HTTP/1.1\r\n" HOST
	    "Content-Length: %d\r\n\r\n",
	    len);
	say(fd, head, strlen(head));
	say(fd, body, (size_t)len);
	m = expect("api", &got);
	CHECK(json_is_true(json_object_get(m, "in_fd")));
	CHECK(json_is_null(json_object_get(m, "token")));
	CHECK_INT(ipc_memfd_read(got, (size_t)len, &text, &e), 0);
	CHECK_TEXT(buf_str(&text), body);
	(void)close(got);
	answer(m, 401, NULL, -1);
	CHECK_INT(status_of(hear(fd, false)), 401);
	free(body);
}

static void
an_upload_goes_to_the_descriptor_of_store(void)
{
	char path[300], head[400];
	AUTO_FD fd = dial();
	AUTO_FD file = -1;
	AUTO_JSON m = NULL;
	AUTO_JSON end = NULL;
	int none;

	(void)snprintf(path, sizeof(path), "%s/upload", tap_tmpdir());
	file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK_INT(write(file, big, 1000), 1000);
	(void)snprintf(head, sizeof(head),
	    "PUT /v1/blobs/%s?offset=1000&size=%d HTTP/1.1\r\n" HOST
	    "Authorization: Bearer slc_1_s\r\nContent-Length: %d\r\n\r\n",
	    big_sha, BIG, BIG - 1000);
	say(fd, head, strlen(head));
	say(fd, big + 1000, BIG - 1000);
	m = expect("upload", &none);
	CHECK_TEXT(text_of(m, "sha256"), big_sha);
	CHECK_INT(json_integer_value(json_object_get(m, "offset")), 1000);
	answer(m, 200, NULL, file);
	end = expect("uploaded", &none);
	CHECK_INT(json_integer_value(json_object_get(end, "size")), BIG);
	CHECK_INT(lseek(file, 0, SEEK_END), BIG);
	answer(end, 204, NULL, -1);
	CHECK_INT(status_of(hear(fd, true)), 204);
}

static void
a_refused_upload_hears_why(void)
{
	char head[400];
	AUTO_FD fd = dial();
	AUTO_JSON m = NULL;
	const char *got;
	int none;

	(void)snprintf(head, sizeof(head),
	    "PUT /v1/blobs/%s?offset=0&size=%d HTTP/1.1\r\n" HOST
	    "Content-Length: %d\r\n\r\n",
	    big_sha, BIG, BIG);
	say(fd, head, strlen(head));
	say(fd, big, BIG);
	m = expect("upload", &none);
	answer(m, 409, json_pack("{s:i}", "offset", 77), -1);
	got = hear(fd, false);
	CHECK_INT(status_of(got), 409);
	CHECK(has(got, "Sluice-Offset: 77\r\n"));
	CHECK(has(got, "{\"offset\":77}"));
	CHECK_INT(status_of(ask("PUT /v1/blobs/xyz?size=1 HTTP/1.1\r\n" HOST
				"Content-Length: 1\r\n\r\nx")),
	    400);
}

static void
a_blob_is_sent_from_its_descriptor(void)
{
	char target[200], path[300];
	AUTO_FD fd = dial();
	AUTO_FD blob = -1;
	AUTO_JSON m = NULL;
	const char *got;
	int none;

	(void)snprintf(path, sizeof(path), "%s/blobs/%.2s/%s", tap_tmpdir(),
	    big_sha, big_sha);
	blob = open(path, O_RDONLY | O_CLOEXEC);
	(void)snprintf(target, sizeof(target),
	    "GET /v1/blobs/%s HTTP/1.1\r\n" HOST "Range: bytes=5-9\r\n\r\n",
	    big_sha);
	say(fd, target, strlen(target));
	m = expect("blob", &none);
	answer(m, 200, NULL, blob);
	got = hear(fd, false);
	CHECK_INT(status_of(got), 206);
	CHECK(memcmp(strstr(got, "\r\n\r\n") + 4, big + 5, 5) == 0);
}

static void
wrong_tokens_have_to_wait(void)
{
	int none, status = 401;

	/* one was wrong before */
	for (int i = 0; i < 4; i++) {
		AUTO_FD fd = dial();
		AUTO_JSON m = NULL;
		const char request[] = "GET /v1/publications/editor/stable "
				       "HTTP/1.1\r\n" HOST "\r\n";

		say(fd, request, sizeof(request) - 1);
		m = expect("api", &none);
		answer(m, 401, NULL, -1);
		status = status_of(hear(fd, false));
		CHECK_INT(status, 401);
	}
	CHECK_INT(status_of(get("/v1/publications/editor/stable", "")), 429);
	CHECK_INT(status_of(get("/editor/stable/timestamp.json", "")), 200);
}

/* --- the process ---------------------------------------------------------- */

static void
a_new_table_is_taken_and_acknowledged(void)
{
	AUTO_JSON m = NULL;
	int none;

	send_table(2);
	m = expect("tabled", &none);
	CHECK_INT(json_integer_value(json_object_get(m, "generation")), 2);
	CHECK(has(get("/healthz", ""), "\"generation\":2"));
}

static void
polls_are_counted_by_row(void)
{
	AUTO_JSON m = expect("polls", &(int){ 0 });
	const json_t *row = json_array_get(json_object_get(m, "rows"), 0);

	CHECK_TEXT(text_of(row, "channel"), "editor/stable");
	CHECK_INT(strlen(text_of(row, "day")), 10);
	CHECK(json_integer_value(json_object_get(row, "n")) >= 1);
}

static void
it_ends_when_told_to(void)
{
	int status = -1;

	CHECK_INT(kill(front, SIGTERM), 0);
	CHECK_INT(waitpid(front, &status, 0), front);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 0);
}

static void
start_front(struct server_config *conf)
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

static void
it_starts_with_hello(void)
{
	AUTO_JSON hello = expect("hello", &(int){ 0 });
	AUTO_JSON tabled = NULL;

	CHECK_INT(status_of(get("/healthz", "")), 503);
	send_table(1);
	tabled = expect("tabled", &(int){ 0 });
	CHECK_INT(json_integer_value(json_object_get(tabled, "generation")), 1);
	CHECK_TEXT(text_of(hello, "do"), "hello");
}

static const struct tap_test tests[] = {
	TAP(it_starts_with_hello),
	TAP(a_poll_gets_its_rung_and_a_ticket),
	TAP(an_id_in_a_header_counts_and_a_bad_one_does_not),
	TAP(what_is_known_is_not_sent_again),
	TAP(the_manifest_names_its_place),
	TAP(files_are_kept_for_ever),
	TAP(head_is_get_without_a_body),
	TAP(parts_of_files),
	TAP(what_is_not_there_is_not_to_be_stored),
	TAP(malformed_requests_are_refused),
	TAP(a_connection_serves_many_requests),
	TAP(slow_headers_meet_their_end),
	TAP(health_and_metrics_tell),
	TAP(a_report_is_acknowledged_when_store_has_it),
	TAP(bad_reports_never_reach_store),
	TAP(a_client_that_leaves_harms_nobody),
	TAP(the_publish_api_is_passed_on),
	TAP(a_long_body_comes_as_a_memfd),
	TAP(an_upload_goes_to_the_descriptor_of_store),
	TAP(a_refused_upload_hears_why),
	TAP(a_blob_is_sent_from_its_descriptor),
	TAP(wrong_tokens_have_to_wait),
	TAP(a_new_table_is_taken_and_acknowledged),
	TAP(polls_are_counted_by_row),
	TAP(it_ends_when_told_to),
};

int
main(void)
{
	struct server_config conf = { .metrics = "local",
		.workers = 2,
		.connections = 256,
		.connections_per_prefix = 64,
		.header_s = 1,
		.body_s = 5,
		.keepalive_s = 5,
		.min_rate = 4096,
		.report_max = 4096,
		.report_rate = 1000,
		.publication_max = 1 << 20,
		.file_max = 1 << 30 };
	int r;

	conf.state = tap_tmpdir();
	if (sodium_init() < 0)
		return 2;
	json_object_seed(0);
	for (int i = 0; i < BIG; i++)
		big[i] = (char)(i * 7 + i / 251);
	add_blob(big, BIG, big_sha);
	add_blob(small, sizeof(small) - 1, small_sha);
	start_front(&conf);
	r = tap_run(tests, COUNT(tests));
	(void)kill(front, SIGKILL);
	return r;
}
