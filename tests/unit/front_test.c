/*
 * What front answers by itself, over real sockets: polls, files, refusals.
 */
#include "server/front.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "server/ticket.h"
#include "tests/edge.h"
#include "tests/tap.h"

#define WAIT_S 10

static struct err e;

/* --- polls and files ------------------------------------------------------ */

static void
a_poll_gets_its_rung_and_a_ticket(void)
{
	char text[TICKET_TEXT_SIZE] = "";
	const uint8_t key[TICKET_KEY_SIZE] = { 9 };
	const char *got, *at;
	struct ticket t;

	got = edge_get("/editor/stable/timestamp.json?id=" EDGE_ID
		       "&os=linux&arch=x86_64&version=0.9.0",
	    "");
	CHECK_INT(edge_status(got), 200);
	CHECK(edge_has(got, "{\"high\":1}"));
	CHECK(edge_has(got, "Cache-Control: private, no-cache\r\n"));
	CHECK(edge_has(got, "ETag: \""));
	at = strstr(got, "Sluice-Ticket: ");
	if (CHECK(at != NULL))
		(void)sscanf(at, "Sluice-Ticket: %127s", text);
	CHECK_INT(ticket_verify(&t, text, key, EDGE_ID, "editor", &e), 0);
	CHECK_INT(t.seq, 3);
	CHECK_INT(t.kind, RUNG_OFFER);
}

static void
an_id_in_a_header_counts_and_a_bad_one_does_not(void)
{
	const char *got;

	got = edge_get(
	    "/editor/stable/timestamp.json", "Sluice-Client: " EDGE_ID "\r\n");
	CHECK(edge_has(got, "Sluice-Ticket: v1."));
	got = edge_get("/editor/stable/timestamp.json?id=XYZ", "");
	CHECK_INT(edge_status(got), 200);
	CHECK(strstr(got, "Sluice-Ticket") == NULL);
	CHECK(
	    edge_has(edge_get("/metrics", ""), "sluice_invalid_ids_total 1\n"));
}

static void
what_is_known_is_not_sent_again(void)
{
	char header[128] = "";
	const char *got, *at;

	got = edge_get("/editor/stable/timestamp.json", "");
	at = strstr(got, "ETag: ");
	if (CHECK(at != NULL))
		(void)snprintf(
		    header, sizeof(header), "If-None-Match: %.66s\r\n", at + 6);
	got = edge_get("/editor/stable/timestamp.json", header);
	CHECK_INT(edge_status(got), 304);
	CHECK(edge_has(got, "ETag: "));
	(void)snprintf(
	    header, sizeof(header), "If-None-Match: \"%s\"\r\n", edge_big_sha);
	got = edge_get("/editor/stable/targets/1.0.0/linux-x86_64/app", header);
	CHECK_INT(edge_status(got), 304);
}

static void
the_manifest_names_its_place(void)
{
	const char *got = edge_get("/editor/stable/manifest.json", "");
	char want[160];

	CHECK_INT(edge_status(got), 200);
	CHECK(edge_has(got, edge_small));
	(void)snprintf(want, sizeof(want),
	    "Content-Location: targets/%s.manifest.json\r\n", edge_small_sha);
	CHECK(edge_has(got, want));
	CHECK(edge_has(got, "Content-Type: application/json\r\n"));
	CHECK_INT(
	    edge_status(edge_get("/editor/stable/manifest.json.minisig", "")),
	    404);
}

static void
files_are_kept_for_ever(void)
{
	const char *got = edge_get("/editor/stable/1.root.json", "");

	CHECK_INT(edge_status(got), 200);
	CHECK(edge_has(got, edge_small));
	CHECK(edge_has(
	    got, "Cache-Control: public, max-age=31536000, immutable\r\n"));
	got = edge_get("/editor/stable/targets/1.0.0/linux-x86_64/app", "");
	CHECK_INT(edge_status(got), 200);
	CHECK(memcmp(strstr(got, "\r\n\r\n") + 4, edge_big, EDGE_BIG) == 0);
}

static void
head_is_get_without_a_body(void)
{
	const char *got =
	    edge_ask("HEAD /editor/stable/targets/1.0.0/linux-x86_64/"
		     "app HTTP/1.1\r\n" EDGE_HOST "\r\n");

	CHECK_INT(edge_status(got), 200);
	CHECK(edge_has(got, "Content-Length: 200000\r\n"));
}

static void
parts_of_files(void)
{
	const char *app = "/editor/stable/targets/1.0.0/linux-x86_64/app";
	char header[200];
	const char *got;

	got = edge_get(app, "Range: bytes=1000-1009\r\n");
	CHECK_INT(edge_status(got), 206);
	CHECK(edge_has(got, "Content-Range: bytes 1000-1009/200000\r\n"));
	CHECK(memcmp(strstr(got, "\r\n\r\n") + 4, edge_big + 1000, 10) == 0);
	got = edge_get("/editor/stable/1.root.json", "Range: bytes=2-9\r\n");
	CHECK_INT(edge_status(got), 206);
	CHECK(edge_has(got, "\r\n\r\nmanifest"));
	got = edge_get(app, "Range: bytes=200000-\r\n");
	CHECK_INT(edge_status(got), 416);
	CHECK(edge_has(got, "Content-Range: bytes */200000\r\n"));
	(void)snprintf(header, sizeof(header),
	    "Range: bytes=0-0\r\nIf-Range: \"%s\"\r\n", edge_small_sha);
	CHECK_INT(edge_status(edge_get(app, header)), 200);
}

static void
what_is_not_there_is_not_to_be_stored(void)
{
	static const char *const targets[] = { "/editor/beta/timestamp.json",
		"/editor/stable/targets/nothing", "/x", "/",
		"/editor/stable/2.root.json" };
	const char *got;

	for (size_t i = 0; i < COUNT(targets); i++) {
		got = edge_get(targets[i], "");
		CHECK_INT(edge_status(got), 404);
		CHECK(edge_has(got, "Cache-Control: no-store\r\n"));
	}
	got =
	    edge_ask("PUT /editor/stable/timestamp.json HTTP/1.1\r\n" EDGE_HOST
		     "Content-Length: 0\r\n\r\n");
	CHECK_INT(edge_status(got), 405);
}

static void
malformed_requests_are_refused(void)
{
	static const char *const bad[] = {
		"GET /editor/stable/timestamp.json?seen=x HTTP/1.1\r\n" EDGE_HOST,
		"GET /editor/stable/timestamp.json?seen=-1 HTTP/1.1\r\n" EDGE_HOST,
		"GET /editor/stable/timestamp.json?os=a%2fb HTTP/1.1\r\n" EDGE_HOST,
		"GET /editor/stable/timestamp.json?ask=2 HTTP/1.1\r\n" EDGE_HOST,
		"GET /a/../b HTTP/1.1\r\n" EDGE_HOST,
		"GET /a%00b HTTP/1.1\r\n" EDGE_HOST,
		"GET / HTTP/1.1\r\n" EDGE_HOST EDGE_HOST,
		"GET / HTTP/1.1\r\n",
		"GET / HTTP/1.1\r\n" EDGE_HOST "X: a\rb\r\n",
		"POST /v1/health HTTP/1.1\r\n" EDGE_HOST
		"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
		"POST /v1/health HTTP/1.1\r\n" EDGE_HOST
		"Content-Length: 2\r\nContent-Length: 3\r\n",
		"GET / HTTP/1.1\r\n" EDGE_HOST
		"Transfer-Encoding : chunked\r\n",
	};
	char request[512];

	for (size_t i = 0; i < COUNT(bad); i++) {
		(void)snprintf(request, sizeof(request), "%s\r\n", bad[i]);
		if (!CHECK_INT(edge_status(edge_ask(request)), 400))
			tap_note("%s", request);
	}
	CHECK_INT(edge_status(edge_ask("POST /v1/health HTTP/1.1\r\n" EDGE_HOST
				       "Transfer-Encoding: chunked\r\n\r\n")),
	    411);
}

static void
a_connection_serves_many_requests(void)
{
	const char request[] =
	    "GET /editor/stable/timestamp.json HTTP/1.1\r\n" EDGE_HOST "\r\n";
	AUTO_FD fd = edge_dial();

	for (int i = 0; i < 5; i++) {
		edge_say(fd, request, sizeof(request) - 1);
		CHECK_INT(edge_status(edge_hear(fd, false)), 200);
	}
	/* a refusal that is not the guard's keeps it too */
	edge_say(fd, "GET /no HTTP/1.1\r\n" EDGE_HOST "\r\n", 32);
	CHECK_INT(edge_status(edge_hear(fd, false)), 404);
	edge_say(fd, request, sizeof(request) - 1);
	CHECK_INT(edge_status(edge_hear(fd, false)), 200);
}

static void
slow_headers_meet_their_end(void)
{
	int64_t start = clock_mono_ms();
	AUTO_FD fd = edge_dial();
	char c;

	edge_say(fd, "GET / HTTP/1.1\r\n", 16);
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
	const char *got = edge_get("/healthz", "");

	CHECK_INT(edge_status(got), 200);
	CHECK(edge_has(got, "\"generation\":1"));
	got = edge_get("/metrics", "");
	CHECK(edge_has(
	    got, "sluice_polls_total{channel=\"editor/stable\",rung="));
	CHECK(edge_has(got, "sluice_responses_total{status=\"200\"}"));
	CHECK(edge_has(got, "sluice_table_generation 1\n"));
}

static void
it_ends_when_told_to(void)
{
	edge_stop();
}

static const struct tap_test tests[] = {
	TAP(edge_hello),
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
	TAP(it_ends_when_told_to),
};

int
main(void)
{
	edge_start();
	return tap_run(tests, COUNT(tests));
}
