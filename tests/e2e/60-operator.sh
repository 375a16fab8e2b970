#!/bin/sh
# What an operator does, and what the next poll says of it: percent, halt,
# resume, rollback, kill, pins, groups, platforms, the last block; nothing of it
# without a reason, and all of it in the history.
# timeout: 180
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

e2e_keys || exit 2
server_init || exit 2
e2e_root "$STATE/brake/$CHANNEL/key.pub" || exit 2
server_trust && server_start || exit 2
put() { # VERSION OPTION...
	app "$1"
	publish "$@" --previous "$URL" -a windows-x86_64="$APP" >/dev/null &&
		push >/dev/null || exit 2
}
put 1.0.0
put 1.1.0
put 2.0.0 --stage 0:0s --stage 10:0s --stage 50:24h --stage 100:0s

# one machine of every tenth of the buckets: id 0 is in the first, 9 in the last
salt=$(jq -r '.rollout.salt // empty' "$PUB"/targets/*.manifest.json)
# shellcheck disable=SC2046 # a list of words
node "$TOP/tests/e2e/bucket.mjs" "${CHANNEL%/*}" "$salt" $(seq -f 'machine-%g' 1 200) |
	awk '{ d = int($3 / 1000); if (!(d in id)) { id[d] = $2; print d, $2 } }' |
	sort -n >"$WORK/ids"
id() { sed -n "s/^$1 //p" "$WORK/ids"; }
# poll TENTH [QUERY]: "VERSION KIND" that the machine is given
poll() {
	curl -fsS "$URL/$CHANNEL/manifest.json?id=$(id "$1")&os=linux&arch=x86_64&version=1.1.0${2:+&$2}" |
		jq -r '"\(.version) \(.kind)"'
}
stamp() { # TENTH QUERY FILTER: of its timestamp
	curl -fsS "$URL/$CHANNEL/timestamp.json?id=$(id "$1")&version=1.1.0&$2" |
		jq -r ".signed[\"x-sluice\"] | $3"
}
offer="2.0.0 release"
old="1.1.0 release"
because() { ctl "$@" --reason "because"; }
blocks() {
	ctl status "$CHANNEL" --json | jq '.channels[0].scopes[0].blocks_left'
}

# --- percent ----------------------------------------------------------------------------
is "at 0 % nobody has it" "$(poll 0)" "$old"
refused "a change without a reason is refused" 2 ctl percent "$CHANNEL" 10
like "... it asks for one" "$ERR" 'reason'
refused "an empty reason is none" 2 ctl percent "$CHANNEL" 10 --reason ""
before=$(ctl status "$CHANNEL" --json | jq -S '.channels[0].scopes')
check "--dry-run" because percent "$CHANNEL" 10 --dry-run
like "... shows what would be" "$OUT" 'would be'
is "... changes nothing" "$(ctl status "$CHANNEL" --json | jq -S '.channels[0].scopes')" "$before"
check "10 %" because percent "$CHANNEL" 10
is "... the first tenth has it with the next poll" "$(poll 0)" "$offer"
is "... the second does not" "$(poll 1)" "$old"
is "... the cap is signed" "$(stamp 0 os=linux\&arch=x86_64 .cap_bp)" 1000
check "raise to 50 %, which the plan allows" because percent "$CHANNEL" 50
is "... the fifth has it" "$(poll 4)" "$offer"
refused "beyond the plan is refused" 1 because percent "$CHANNEL" 60
like "... with the bound and its date" "$ERR" \
	'allows 50 % until 20[0-9-]+T[0-9:]+Z'
is "... and changes nothing" "$(poll 5)" "$old"
refused "110 % is nonsense" 2 because percent "$CHANNEL" 110
check "status names the bound" ctl status "$CHANNEL"
like "... and the date" "$OUT" 'plan allows +50 % until 20'
is "four blocks, three left" "$(blocks)" 3
seen=$(curl -fsS "$URL/$CHANNEL/timestamp.json?id=$(id 4)&os=linux&arch=x86_64" | jq '.signed.meta["snapshot.json"].version')
check "lower to 20 %" because percent "$CHANNEL" 20
is "... the fifth tenth has lost it" "$(poll 4 "seen=$seen")" "1.1.0 halt"
is "... the first keeps it" "$(poll 0 "seen=$seen")" "$offer"
is "... a block is used up" "$(blocks)" 2

# --- why ----------------------------------------------------------------------------------
why() { ctl why "$CHANNEL" --os linux --arch x86_64 --json "$@" | jq -r .rule; }
is "why: percentage" "$(why --id "$(id 0)")" percentage
is "why: not yet" "$(why --id "$(id 7)")" wait
is "why: asked by hand" "$(why --id "$(id 7)" --ask)" ask
is "why: has it" "$(why --id "$(id 7)" --version 2.0.0)" installed
is "why: without an ID" "$(why)" wait
check "why, for people" ctl why "$CHANNEL" --id "$(id 7)"
like "... says the bucket" "$OUT" 'bucket +7[0-9]{3}'
refused "an ID that is none" 1 ctl why "$CHANNEL" --id abc

# --- groups ----------------------------------------------------------------------------------
is "a group that nobody admitted" "$(poll 7 group=friends)" "1.1.0 halt"
check "is admitted" because group add "$CHANNEL" friends
is "... and has it" "$(poll 7 group=friends)" "$offer"
is "why: group" "$(why --id "$(id 7)" --group friends)" group
is "... others do not" "$(poll 7)" "1.1.0 halt"
check "is admitted once more" because group add "$CHANNEL" friends
check "and taken out" because group remove "$CHANNEL" friends
is "... it has it no more" "$(poll 7 group=friends)" "1.1.0 halt"
refused "twice it cannot be taken out" 2 because group remove "$CHANNEL" friends
is "one block left" "$(blocks)" 1

# --- halt, resume -------------------------------------------------------------------------------
check "halt" because halt "$CHANNEL"
is "... nobody has it" "$(poll 0)" "1.1.0 halt"
is "why: halt" "$(why --id "$(id 0)")" halt
round=$(ctl status "$CHANNEL" --json | jq '.channels[0].scopes[0].high.rung')
check "halt once more" because halt "$CHANNEL"
is "... moves nothing" "$(ctl status "$CHANNEL" --json | jq '.channels[0].scopes[0].high.rung')" "$round"
refused "percent does not go around a halt" 1 because percent "$CHANNEL" 30
like "... it says what to do" "$ERR" resume
check "resume" because resume "$CHANNEL"
is "... who had it has it" "$(poll 0)" "$offer"
is "... the others not" "$(poll 7)" "1.1.0 halt"
refused "resume what is not halted" 1 because resume "$CHANNEL"
is "the last block" "$(blocks)" 0

# --- the last block --------------------------------------------------------------------------------
for what in "percent $CHANNEL 5" "pin $CHANNEL 1.1.0"; do
	# shellcheck disable=SC2086 # a list of words
	refused "in the last block: ${what%% *} is refused" 1 because $what
	like "... with what helps" "$ERR" 'publish or renew first'
done
is "... and has changed nothing" "$(poll 0)" "$offer"
check "a pin of what is on offer is no matter" because pin "$CHANNEL" 2.0.0
check "... it is taken off" because unpin "$CHANNEL"
check "raising still works" because percent "$CHANNEL" 50
check "a halt of one platform" because halt "$CHANNEL" --platform windows-x86_64
check "a halt is never refused" because halt "$CHANNEL"
refused "resume in the last block is" 1 because resume "$CHANNEL"
like "... with what helps" "$ERR" 'publish or renew first'
check "nor is a rollback" because rollback "$CHANNEL"
is "... everybody goes back" "$(poll 7)" "1.1.0 rollback"
check "nor a further one" because rollback "$CHANNEL" --to 1.0.0
is "... to the release named" "$(poll 7)" "1.0.0 rollback"
check "nor a kill" because kill "$CHANNEL"
is "... urgent" "$(stamp 7 os=linux\&arch=x86_64 .urgent)" true
is "why: kill" "$(why --id "$(id 7)")" kill
refused "a release that no rung goes back to" 1 because rollback "$CHANNEL" --to 2.0.0
refused "a release that never was" 2 because rollback "$CHANNEL" --to 7.7.7

# --- platforms ----------------------------------------------------------------------------------------
put 2.1.0 --stage 100:0s
windows() { curl -fsS "$URL/$CHANNEL/manifest.json?id=$(id 3)&os=windows&arch=x86_64&version=1.1.0" | jq -r '"\(.version) \(.kind)"'; }
unknown() { curl -fsS "$URL/$CHANNEL/manifest.json?id=$(id 3)" | jq -r .kind; }
check "after a publication all is as new" test "$(poll 3)" = "2.1.0 release"
is "... four blocks" "$(blocks)" 3
check "halt for windows only" because halt "$CHANNEL" --platform windows-x86_64
is "... windows has it no more" "$(windows)" "1.1.0 halt"
is "... linux does" "$(poll 3)" "2.1.0 release"
is "... who does not say what it is does not" "$(unknown)" halt
refused "a platform that no release is for" 2 because halt "$CHANNEL" --platform windos-x86_64
like "... is named, with those that are known" "$ERR" \
	"no release of $CHANNEL is for 'windos-x86_64'; known platforms: linux-x86_64, windows-x86_64"
is "... and gets no position" "$(ctl status "$CHANNEL" --json |
	jq -r '[.channels[0].scopes[].name] | @csv')" '"","windows-x86_64"'
refused "resume for all passes it by" 1 because resume "$CHANNEL"
like "... and says so" "$ERR" 'windows-x86_64.*by name'
check "resume by its name" because resume "$CHANNEL" --platform windows-x86_64
is "... windows has it" "$(windows)" "2.1.0 release"

# --- pins ------------------------------------------------------------------------------------------------
check "pin the platform" because pin "$CHANNEL" 1.1.0 --platform windows-x86_64
is "... windows stays low" "$(windows)" "1.1.0 halt"
is "... and its timestamp says where" "$(curl -fsS "$URL/$CHANNEL/timestamp.json?os=windows&arch=x86_64" |
	jq '.signed["x-sluice"].pin_seq')" 2
is "... linux does not" "$(poll 3)" "2.1.0 release"
check "pin a group back" because pin "$CHANNEL" 1.1.0 --group labs --back
is "... who is in it goes back" "$(poll 3 group=labs)" "1.1.0 rollback"
is "... others do not" "$(poll 3)" "2.1.0 release"
check "status shows both" ctl status "$CHANNEL"
like "... platform" "$OUT" 'platform windows-x86_64 at 1\.1\.0'
like "... group" "$OUT" 'group labs at 1\.1\.0'
check "unpin the group" because unpin "$CHANNEL" --group labs
check "pin the channel" because pin "$CHANNEL" 1.1.0
is "... linux is held, too" "$(poll 3)" "1.1.0 halt"
is "why: pin" "$(why --id "$(id 3)")" pin
put 2.2.0 --stage 100:0s
is "a pin outlives a publication" "$(why --id "$(id 3)")" pin
is "... and is signed" "$(stamp 3 os=linux\&arch=x86_64 .pin_seq)" 2
check "unpin the channel" because unpin "$CHANNEL"
is "... linux has the newest" "$(poll 3)" "2.2.0 release"
is "... windows is pinned still" "$(ctl why "$CHANNEL" --os windows --arch x86_64 --json | jq -r .rule)" pin
refused "no pin, no unpin" 2 because unpin "$CHANNEL"
refused "a pin of what never was" 2 because pin "$CHANNEL" 7.7.7

# --- what is said afterwards ---------------------------------------------------------------------------------
for verb in status versions history; do
	check "$verb --json" ctl $verb "$CHANNEL" --json
	check "... is JSON" jq -e .ok "$WORK/.out"
done
check "history" ctl history "$CHANNEL" --limit 500 --json
actions=$(jq -r '.audit[].verb' "$WORK/.out" | sort -u | tr '\n' ' ')
for verb in group-add group-remove halt kill percent pin publication resume rollback unpin; do
	like "history has $verb" " $actions" " $verb "
done
is "each with who did it" "$(jq '[.audit[] | select(.who == "")] | length' "$WORK/.out")" 0
is "each change with its reason" "$(jq '[.audit[] |
	select(.verb != "publication" and .reason == "")] | length' "$WORK/.out")" 0
refused "a channel that is not here" 2 ctl status editor/nightly
refused "no server, no answer" 2 "$BIN/sluicectl" --socket "$WORK/none.sock" status
check "the server is sound" server_sound
finish
