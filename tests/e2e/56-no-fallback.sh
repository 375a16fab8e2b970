#!/bin/sh
# A first release has nothing to go back to: rollback and kill halt it, and say
# that they do.
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
kind() {
	ctl status "$CHANNEL" --json | jq -r '.channels[0].scopes[0].high.kind'
}

for verb in rollback kill; do
	is "$verb: it is on offer" "$(kind)" offer
	check "... tried" ctl $verb "$CHANNEL" --dry-run --reason "a try"
	like "... it would halt" "$OUT" 'nothing to go back to: halted'
	is "... and nothing has changed" "$(kind)" offer
	check "... done" ctl $verb "$CHANNEL" --reason "it is bad"
	like "... it has halted" "$OUT" 'nothing to go back to: halted'
	is "... as one sees" "$(kind)" halt
	check "... again" ctl $verb "$CHANNEL" --reason "it is still bad"
	like "... there is nothing to do" "$OUT" 'halted already: nothing to do'
	check "... tried again" ctl $verb "$CHANNEL" --dry-run --json --reason "a try"
	is "... nothing either" "$(echo "$OUT" | jq -r .note)" \
		'nothing to go back to, and halted already: nothing to do'
	check "... and lifted" ctl resume "$CHANNEL" --reason "a test"
done
check "a halt" ctl halt "$CHANNEL" --reason "it is bad"
unlike "... says nothing more" "$OUT" nothing
check "... twice" ctl halt "$CHANNEL" --reason "it is bad"
like "... is nothing to do" "$OUT" 'it is so already: nothing to do'
check "the server is sound" server_sound
finish
