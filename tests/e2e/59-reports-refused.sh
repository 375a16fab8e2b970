#!/bin/sh
# Health reports that a server will never take do not hold up those behind
# them; those that it cannot take now wait.
# timeout: 60
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

e2e_keys || exit 2
server_init || exit 2
e2e_root "$STATE/brake/$CHANNEL/key.pub" || exit 2
server_trust || exit 2
server_start || exit 2
app 1.0.0
publish 1.0.0 >/dev/null || exit 2
push >/dev/null || exit 2
client_init one || exit 2
check "a client installs" client update

dir=$CLIENT/state/${CHANNEL%/*}
waiting() {
	client status --json | jq .reports_waiting
}
counted() { # EVENT: how many of it the server has
	ctl status "$CHANNEL" --json |
		jq --arg e "$1" '[.channels[].reports[] | select(.event == $e) | .n] | add // 0'
}
# JSON...: these wait, before what waits already
queue() {
	for body; do printf '%s\n' "$body"; done | jq -R . | jq -s . >"$WORK/queue"
	# the newer of its two copies
	jq -s --slurpfile q "$WORK/queue" 'max_by(.generation) |
		.outbox = $q[0] + .outbox' "$dir"/state*.json \
		>"$WORK/one" && cp "$WORK/one" "$dir/state.json" &&
		rm -f "$dir/state2.json"
}

is "its report has arrived" "$(counted installed)" 1
is "none waits" "$(waiting)" 0
good='{"product":"editor","channel":"stable","version":"1.0.0","event":"crash"}'
queue '{"product":"editor"}' 'no JSON' "${good%?},\"os\":7}" "$good"
is "four wait, one of them good" "$(waiting)" 4
check "they are delivered" client report
is "... none waits any more" "$(waiting)" 0
is "... the good one has arrived" "$(counted crash)" 1

queue "$good"
server_stop
run client report
[ "$STATUS" -ne 0 ]
is "without a server" $? 0
is "... it waits" "$(waiting)" 1
run client update
is "an update without a server says so once" \
	"$(printf '%s\n' "$ERR" | grep -c 'connect to server')" 1

# a server that is too busy for it, and then one that does not like it
cat >"$WORK/stub.mjs" <<'END'
import { createServer } from 'node:http'
import { appendFileSync, writeFileSync } from 'node:fs'
const answers = process.argv.slice(3)
const s = createServer((q, a) => {
	q.resume()
	appendFileSync(process.argv[2].replace(/port$/, 'log'), `${q.url}\n`)
	a.writeHead(Number(answers.shift() ?? 500)).end('{}')
}).listen(0, '127.0.0.1', () => writeFileSync(process.argv[2], `${s.address().port}`))
END
node "$WORK/stub.mjs" "$WORK/stub.port" 503 429 500 403 413 404 202 &
stub=$!
at_end "kill $stub"
wait_for 10 test -s "$WORK/stub.port" || exit 2
sed -i "s|^url.*|url = http://127.0.0.1:$(cat "$WORK/stub.port")|" "$CLIENT/conf"
for status in 503 429 500 403; do
	run client report
	is "after $status" "$(waiting)" 1
done
run client report
is "after 413 it is dropped" "$(waiting)" 0
like "... and that is said" "$OUT$ERR" 'dropped'
queue "$good" "$good"
check "one for a channel that is not there" client report
is "... does not take others with it" "$(waiting)" 0
like "... is dropped alone" "$(grep -c . "$WORK/stub.log")" 7
finish
