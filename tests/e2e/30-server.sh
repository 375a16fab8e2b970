#!/bin/sh
# The whole way with a server: init, trust, publish, push; who is in and who is
# out at half; halt, resume, rollback; a foreign TUF client all along.
# timeout: 180
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

tuf_setup
e2e_keys || exit 2
check "a server is set up" server_init || exit 1
check "the root names its brake" \
	e2e_root "$STATE/brake/$CHANNEL/key.pub" || exit 1
check "the server trusts the root" server_trust || exit 1
check "the server starts" server_start || exit 1
url=$URL/$CHANNEL
state=$WORK/tuf

app 1.0.0
check "publish" publish 1.0.0 || exit 1
check "push" push || exit 1
check "push again: it is there already" push
check "tuf-js reads it" tuf_read --state "$state" "$url" "$ROOT"
is "... the release" "$(echo "$OUT" | jq -r .version)" 1.0.0
is "... stamped by the brake" "$(echo "$OUT" | jq .offline)" null

app 1.1.0
check "publish the next, for half of all" publish 1.1.0 \
	--stage 50:1h --stage 100:1h --previous "$URL"
check "push it" push

# the salt decides who is in: pick one on each side, with code of our own
salt=$(cat "$PUB"/targets/*.manifest.json | jq -r '.rollout.salt // empty')
# shellcheck disable=SC2046 # a list of words
node "$TOP/tests/e2e/bucket.mjs" "${CHANNEL%/*}" "$salt" \
	$(seq -f 'machine-%g' 1 40) >"$WORK/buckets"
in=$(awk '$3 < 5000 { sub(/machine-/, "", $1); print $1; exit }' "$WORK/buckets")
out=$(awk '$3 >= 5000 { sub(/machine-/, "", $1); print $1; exit }' "$WORK/buckets")
id_of() {
	awk -v m="machine-$1" '$1 == m { print $2 }' "$WORK/buckets"
}
query() {
	echo "id=$(id_of "$1")&os=linux&arch=x86_64"
}

check "tuf-js with the ID of one who is in" \
	tuf_read --query "$(query "$in")" "$url" "$ROOT"
is "... is offered 1.1.0" "$(echo "$OUT" | jq -r .version)" 1.1.0
like "... with a delta" "$OUT" "from-1.0.0.sluice"
is "... and the cap is signed" "$(echo "$OUT" | jq .cap_bp)" 5000
check "tuf-js with the ID of one who is out" \
	tuf_read --query "$(query "$out")" "$url" "$ROOT"
is "... is not" "$(echo "$OUT" | jq -r .version)" 1.0.0
check "tuf-js without an ID" tuf_read --state "$state" "$url" "$ROOT"
is "... is not either" "$(echo "$OUT" | jq -r .version)" 1.0.0

check "our client that is out" client_init "$out" "allow_rollback = yes"
check "... installs" client update
is "... 1.0.0" "$(installed)" "editor 1.0.0"
check "our client that is in" client_init "$in" "allow_rollback = yes"
is "... has the ID of its machine" \
	"$(client status --json | jq -r .client_id)" "$(id_of "$in")"
check "... installs" client update
is "... 1.1.0" "$(installed)" "editor 1.1.0"

check "a halt" ctl halt "$CHANNEL" --reason "it is slow"
check "who has it stays" client update
is "... at 1.1.0" "$(installed)" "editor 1.1.0"
check "who comes now" client_init late
check "... installs" client update
is "... 1.0.0" "$(installed)" "editor 1.0.0"
check "tuf-js follows the halt" tuf_read --state "$state" "$url" "$ROOT"
check "resume" ctl resume "$CHANNEL" --reason "it was the network"
check "tuf-js is still content" tuf_read --state "$state" "$url" "$ROOT"

check "a rollback" ctl rollback "$CHANNEL" --reason "it loses files"
CLIENT=$HOME_DIR/$in
check "who has it goes back" client update
is "... to 1.0.0" "$(installed)" "editor 1.0.0"
check "tuf-js follows the rollback" tuf_read --state "$state" "$url" "$ROOT"
is "... to 1.0.0" "$(echo "$OUT" | jq -r '.kind + " " + .version')" \
	"rollback 1.0.0"

check "the server is sound" server_sound
check "... and stops when told" server_stop
check "it starts again" server_start
url=$URL/$CHANNEL
check "tuf-js is where it was" tuf_read --state "$state" "$url" "$ROOT"
is "... at the rollback" "$(echo "$OUT" | jq -r .kind)" rollback
check "the history names the reasons" ctl history "$CHANNEL"
like "... of the halt" "$OUT" "it is slow"
like "... of the rollback" "$OUT" "it loses files"

check "the audit log is listed" ctl audit
like "... with every channel's rows" "$OUT" "$CHANNEL rollback by uid [0-9]+ .*it loses files"
like "... and the server's own" "$OUT" '^1 .* - init by sluiced init'
check "its chain is checked" ctl audit verify
like "... to the last row" "$OUT" '[0-9]+ rows, unbroken; the last is [0-9a-f]{64}$'
like "... at start too" "$(cat "$SERVER_LOG")" 'event=audit rows=[0-9]+ last=[0-9a-f]{64}'
if has sqlite3; then
	server_stop
	sqlite3 "$STATE/db/sluice.db" \
		"UPDATE audit SET reason = 'it was fine' WHERE verb = 'halt'"
	check "it starts with a row that was altered" server_start
	like "... and says so" "$(cat "$SERVER_LOG")" 'event=audit_broken'
	refused "... so does audit verify" 1 ctl audit verify
	like "... with the row" "$ERR" 'breaks at row [0-9]+'
fi
finish
