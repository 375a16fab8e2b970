#!/bin/sh
# Careless operators and hostile neighbours of a server: a database from a
# backup, a clock that was wrong for a while, files removed by hand, uploads
# and pushes that are lies, proxies that are not announced.
# timeout: 240
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

e2e_keys || exit 2
check "a server is set up" server_init || exit 1
check "the root names its brake" \
	e2e_root "$STATE/brake/$CHANNEL/key.pub" || exit 1
check "the server trusts the root" server_trust || exit 1
check "the server starts" server_start || exit 1
app 1.0.0
check "publish" publish 1.0.0 && check "push" push || exit 1
app 1.1.0
check "publish the next" publish 1.1.0 --previous "$URL" &&
	check "push it" push || exit 1

poll() { # what the timestamp says: JQ
	curl -fsS "$URL/$CHANNEL/timestamp.json" | jq -r "$1"
}
snapshot() {
	poll '.signed.meta["snapshot.json"].version'
}
status_of() { # CURL-OPTION...: the HTTP status
	curl -s -o "$WORK/body" -w '%{http_code}' "$@"
}

# --- a database from a backup ---------------------------------------------------
server_stop
cp -a "$STATE/db" "$WORK/db.bak"
server_start
app 1.2.0
check "a release that nobody is to have yet" publish 1.2.0 --previous "$URL" \
	--stage 0:1h --stage 100:1h
check "... is pushed" push
server_stop
rm -rf "$STATE/db"
cp -a "$WORK/db.bak" "$STATE/db"
server_start
m=$(($(snapshot) / 32))
run ctl percent "$CHANNEL" 90 --reason "go on"
is "an old database cannot move what it does not know" "$STATUS" 1
like "... and says what to do" "$ERR" "push it again"
is "what is served is still its own publication" "$(($(snapshot) / 32))" "$m"
check "the lost publication is pushed again" push
is "... and is in force" "$(($(snapshot) / 32 > m))" 1
is "... for nobody" "$(poll '.signed["x-sluice"].cap_bp')" 0

# --- files removed by hand --------------------------------------------------------
n=$(snapshot)
find "$STATE/blobs" -type f -exec rm -f {} +
is "a lost file is not served" \
	"$(status_of "$URL/$CHANNEL/$n.targets.json")" 503
run push # files of older releases are not in the folder
is "what is there is pushed again" \
	"$(status_of "$URL/$CHANNEL/$n.targets.json")" 200

# --- lies about an upload -----------------------------------------------------------
digest=$(printf hello | sha256sum | cut -d' ' -f1)
open_push() { # M SIZE
	status_of -H "Authorization: Bearer $TOKEN" --data \
		"{\"m\":$1,\"files\":[{\"path\":\"a/b\",\"size\":$2,\"sha256\":\"$digest\"}]}" \
		"$URL/v1/publications/$CHANNEL"
}
upload() { # SIZE DATA
	printf %s "$2" | status_of -H "Authorization: Bearer $TOKEN" -T - \
		-H "Content-Length: ${#2}" \
		"$URL/v1/blobs/$digest?offset=0&size=$1"
}
is "a push with a size that is a lie" "$(open_push 40000001 1000)" 200
printf 'x%.0s' $(seq 900) >"$STATE/incoming/$digest" # an upload that was cut
is "another names the true size" "$(open_push 40000002 5)" 200
is "... and nothing has arrived of it" \
	"$(jq -r '.missing[0].offset' "$WORK/body")" 0
printf hello >"$WORK/hello"
is "... and it can be sent" "$(status_of -H "Authorization: Bearer $TOKEN" \
	-T "$WORK/hello" "$URL/v1/blobs/$digest?offset=0&size=5")" 204

# --- heaps of pushes ------------------------------------------------------------------
i=0
while [ $i -lt 40 ]; do
	i=$((i + 1))
	open_push $((40000100 + i)) 5 >/dev/null
done
first=$(open_push 40000001 1000 && jq -r .id "$WORK/body")
is "the newest push is open" "$(status_of -H "Authorization: Bearer $TOKEN" \
	"$URL/v1/publications/$CHANNEL/${first#200}")" 200
open_push 40000101 5 >/dev/null
second=$(jq -r .id "$WORK/body")
i=0
while [ $i -lt 40 ]; do
	i=$((i + 1))
	open_push $((40000200 + i)) 5 >/dev/null
done
is "older ones make room for newer ones" \
	"$(status_of -H "Authorization: Bearer $TOKEN" \
		"$URL/v1/publications/$CHANNEL/$second")" 404

# --- who is local ---------------------------------------------------------------------
metrics() {
	status_of "$@" "$URL/metrics"
}
is "metrics are for this host" "$(metrics)" 200
is "... not for who comes through a proxy" \
	"$(metrics -H 'X-Forwarded-For: 192.0.2.1')" 404
is "... whatever they claim" "$(metrics -H 'X-Forwarded-For: 127.0.0.1')" 404
server_stop
echo "forwarded = yes" >>"$WORK/sluiced.conf"
server_start
is "an announced proxy is believed" \
	"$(metrics -H 'X-Forwarded-For: 127.0.0.1')" 200
is "... its own word, not the client's" "$(metrics \
	-H 'X-Forwarded-For: 127.0.0.1' -H 'X-Forwarded-For: 192.0.2.1')" 404
is "... and nothing that is no address" \
	"$(metrics -H 'X-Forwarded-For: unknown')" 404
server_stop

# --- a clock that was wrong for a while -------------------------------------------------
if has faketime; then
	# the wrapper would stand between us and the server
	# shellcheck disable=SC2016 # its own, not ours
	fake=$(faketime -f +0d sh -c 'echo "$LD_PRELOAD"')
	rm -f "$STATE/port"
	FAKETIME=+10d FAKETIME_DONT_FAKE_MONOTONIC=1 LD_PRELOAD=$fake \
		"$BIN/sluiced" -c "$WORK/sluiced.conf" run \
		>>"$WORK/clock.log" 2>&1 &
	SERVER_PID=$!
	wait_for 20 grep -q '7 days ahead' "$WORK/clock.log"
	check "rounds of a clock 10 days ahead are not signed" \
		grep -q '7 days ahead' "$WORK/clock.log"
	server_stop
	server_start
	check "when it is right again a halt works at once" \
		ctl halt "$CHANNEL" --reason "it crashes"
	wait_for 5 server_ready
	at=$(poll '.signed["x-sluice"].signed_at')
	is "... and is signed today" "${at%T*}" "$(date -u +%F)"
	server_stop

	rm -f "$STATE/port"
	FAKETIME=+3d FAKETIME_DONT_FAKE_MONOTONIC=1 LD_PRELOAD=$fake \
		"$BIN/sluiced" -c "$WORK/sluiced.conf" run \
		>>"$WORK/clock.log" 2>&1 &
	SERVER_PID=$!
	wait_for 20 server_ready
	URL=http://127.0.0.1:$(cat "$STATE/port")
	later() {
		[ "$(poll '.signed["x-sluice"].signed_at | .[:10]')" != "$(date -u +%F)" ]
	}
	check "a clock 3 days ahead is believed" wait_for 10 later
	server_stop
	server_start
	today() {
		! later
	}
	check "... and timestamps are made anew once it is right" \
		wait_for 10 today
	server_stop
else
	skip "a clock that was wrong for a while" "no faketime"
fi
finish
