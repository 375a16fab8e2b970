#!/bin/sh
# What must be right before a server starts: check and run refuse the same, at
# once; the environment of the server is not that of the client.
# timeout: 60
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

server_init || exit 2
# with LINE...: sluiced check and run with these further lines
CONF=$WORK/with.conf
with() {
	{ cat "$WORK/sluiced.conf" && printf '%s\n' "$@"; } |
		awk -F ' = ' '{ line[$1] = $0 } END { for (k in line) print line[k] }' \
			>"$CONF"
}
both_refuse() { # WHAT PATTERN LINE...
	both_what=$1
	both_like=$2
	shift 2
	with "$@"
	refused "check refuses $both_what" 2 "$BIN/sluiced" -c "$CONF" check
	like "... and says why" "$ERR" "$both_like"
	refused "run refuses it, too" 2 timeout 10 "$BIN/sluiced" -c "$CONF" run
	like "... with the same words" "$ERR" "$both_like"
}

check "check" "$BIN/sluiced" -c "$WORK/sluiced.conf" check
both_refuse "an address that is none" 'listen = foo: not address:port' \
	"listen = foo"
both_refuse "a port that is none" 'listen = 127.0.0.1:99999: not address:port' \
	"listen = 127.0.0.1:99999"
both_refuse "a group that is not there" \
	'admin_group = no-such-group: there is no such group' \
	"admin_group = no-such-group"
both_refuse "a secret that is not there" "webhook_secret: .*none.key: No such" \
	"webhook = https://localhost/" "webhook_secret = $WORK/none.key"
echo short >"$WORK/short.key"
with "webhook = https://localhost/" "webhook_secret = $WORK/short.key"
refused "a secret that is too short" 1 "$BIN/sluiced" -c "$CONF" check
long=$WORK/$(printf '%0100d' 0)
both_refuse "a state whose socket has too long a path" \
	"longer than the [0-9]+ bytes of a socket's path" "state = $long"

with "state = $WORK/nothing"
mkdir "$WORK/nothing"
check "check is for a server that is still to be set up" \
	"$BIN/sluiced" -c "$CONF" check
refused "run without init" 2 timeout 10 "$BIN/sluiced" -c "$CONF" run
like "... says what to do" "$ERR" "no server's state in .*: sluiced init"
is "... and makes nothing" "$(ls -A "$WORK/nothing")" ""

state_of() {
	"$BIN/sluiced" check -n | sed -n 's/^state = //p'
}
is "SLUICED_STATE is the server's" "$(SLUICED_STATE=/one state_of)" /one
is "SLUICE_STATE is not" "$(SLUICED_STATE=/one SLUICE_STATE=/two state_of)" /one
refused "sluicectl reads it, too" 2 \
	env SLUICED_STATE="$WORK/nothing" "$BIN/sluicectl" status
like "... and no other" "$ERR" "$WORK/nothing/admin.sock"
finish
