#!/bin/sh
# timeout: 120
# A source that replays, freezes, pins and recalls; a clock that is wrong; and
# a thief of the brake key who does the same with signatures.
# shellcheck disable=SC2034 # used by evil.sh
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/evil.sh"

evil_setup

# up: a machine with 1.1.0 that has seen B
up() {
	again && good
	check "a machine with 1.1.0" client update >/dev/null || tap_result 1 "1.1.0"
	TAP_N=$((TAP_N - 1))
	LEFT=1.1.0
}
state() { cat "$CLIENT/state/editor/state.json"; }
field() { state | grep -o "\"$1\":[0-9]*" | head -n 1 | cut -d: -f2; }
# old FILES: the whole of an older site, as its time showed it
old() {
	cp -a "$1/$CH/." "$OVER/$CH/"
}

# --- replays -----------------------------------------------------------------------
up
old "$A"
attack "rollback: the whole site as it was before" 0 'behind what this machine has seen'
up
over "$A.timestamps/$CH/halt.json" timestamp.json
attack "rollback: a halt of the publication before" 0 'behind what this machine has seen'
up
over "$B.timestamps/$CH/halt.json" timestamp.json
check "after a halt" client update
good
attack "rollback: the offer that was halted" 0 'behind what this machine has seen'
up
VERSION=$(($(field seen) + 1000)) forge edit "$A/$CH/timestamp.json" "$BRAKE" \
	'signed/x-sluice/offline=' "signed/version=$(($(field seen) + 1000))" \
	>"$OVER/$CH/timestamp.json"
attack "rollback: a new timestamp of the brake's thief, an old view" 0 \
	'behind what this machine has seen'
up
was=$(state | grep -o '"last_time":[0-9]*')
old "$A"
run client update
is "a source that is behind changes nothing" "$(state | grep -o '"last_time":[0-9]*')" "$was"
like "... and it is counted" "$(client update --json)" '"behind": true'

# --- freezes -----------------------------------------------------------------------
if has faketime; then
	later() { # DAYS COMMAND...
		later_by=$1
		shift
		faketime -f "${later_by}d" "$BIN/sluice" --config "$CLIENT/conf" "$@"
	}
	up
	attack "freeze: the same timestamp for ever" 1 \
		'timestamp.json: expired' later +8 update
	up
	old "$A"
	attack "freeze: an older timestamp for ever" 1 \
		'timestamp.json: expired' later +8 update
	up
	run later +8 status
	like "... a frozen machine says so" "$OUT" 'stale .*expired'
	attack "freeze: a root that is not renewed" 1 'root.json: expired' later +400 update
	up
	attack "a clock 20 years ahead" 1 'expired' later +7300 update
	again
	LEFT=1.0.0
	run later -700 update
	is "a clock two years behind does no harm" "$STATUS" 0
	like "... and is told" "$ERR" "clock is behind"
	check "... put right, the machine goes on" client update
	is "... with the update" "$(installed)" "editor 1.1.0"
	again && good
	forge view "$B/$CH" "$OVER/$CH" \
		"timestamp/expires=\"$(date -u -d '-1 hour' +%Y-%m-%dT%H:%M:%SZ)\""
	attack "a clock behind does not revive what has expired" 1 \
		'timestamp.json: expired' later -700 update
else
	skip "wrong clocks" "faketime is not there"
fi

# --- what a thief of the brake key can do ---------------------------------------------
again && good && LEFT=1.0.0
forge view "$B/$CH" "$OVER/$CH" 'timestamp/x-sluice/signed_at="2050-01-01T00:00:00Z"'
run client check
ahead=$(($(field last_time) - $(date +%s)))
check "the brake's thief cannot push time ahead" test "$ahead" -le 86400
note "by $ahead s"
good
check "... and a good server is accepted" client update
is "... with what it has" "$(installed)" "editor 1.1.0"

again && good
V=$(grep -o '"version":[0-9]*' "$B/$CH/timestamp.json" | tail -n 1 | cut -d: -f2)
pin() { # FILE: a timestamp of the brake's thief that pins to 1.0.0
	forge edit "$1" "$BRAKE" 'signed/x-sluice/offline=' \
		"signed/version=$((V + 32))" 'signed/x-sluice/pin_seq=1'
}
pin "$B/$CH/timestamp.json" >"$OVER/$CH/timestamp.json"
run client update
is "a pin holds back" "$STATUS $(installed)" "0 editor 1.0.0"
like "... and says so" "$OUT" 'pinned: nothing above release 1'
up
pin "$B/$CH/timestamp.json" >"$OVER/$CH/timestamp.json"
run client update
is "a pin moves nobody back" "$STATUS $(installed)" "0 editor 1.1.0"
up
pin "$B.timestamps/$CH/halt.json" >"$OVER/$CH/timestamp.json"
run client update
is "... nor together with a halt" "$STATUS $(installed)" "0 editor 1.1.0"

again && good
forge edit "$B/$CH/timestamp.json" "$BRAKE" 'signed/x-sluice/offline=' \
	signed/version=2147483647 >"$OVER/$CH/timestamp.json"
check "the brake's thief goes to the last version there is" client update
good
run client update
like "... which freezes the machine" "$OUT" 'behind'
forge edit "$ROOT" "$KEYS/thief-root.pem" signed/version=2 \
	"signed/roles/timestamp/keyids=$(sed 's/.*"timestamp":{"keyids":\(\[[^]]*\]\).*/\1/' "$ROOT" |
		sed "s/\"$(sha256sum <"$KEYS/thief-brake.pub" | cut -c 1-64)\",\?//; s/,]/]/")" \
	>"$OVER/$CH/2.root.json"
check "... until root takes the key away" client update
like "... then all is well again" "$OUT" 'up to date'

# --- other people's mirrors ------------------------------------------------------------
again && good
sed -i 's/^mirror = yes/mirror = no/' "$CLIENT/conf"
run client update
is "a timestamp for use without a server is refused from one" "$STATUS" 1
like "... and says why" "$ERR" 'made for use without a server'
forge edit "$B/$CH/timestamp.json" "$BRAKE" 'signed/x-sluice/offline=' \
	>"$OVER/$CH/timestamp.json"
check "... one by the server's brake is taken" client update

# --- floor, lower versions, plans --------------------------------------------------------
again && good
sed -i '$a floor_seq = 2' "$CLIENT/conf"
rm -rf "$CLIENT/app"
old "$A"
run client update
is "below the configured floor nothing is installed" "$STATUS" 1
like "... and it says so" "$ERR" '1.0.0 \(1\) is below the floor 2'
check "... the folder stays empty" test ! -e "$CLIENT/app/current"

again && good
forge view "$B/$CH" "$OVER/$CH" 'manifest/floor_seq=2'
check "a release raises the floor" client update
run client rollback
is "... below it even the user does not go" "$STATUS $(installed)" "1 editor 1.1.0"
like "... and learns why" "$ERR" 'below the floor 2'
good
rm -f "$CLIENT/state/editor/state.json"
run client rollback
is "... one copy of the state is enough to know" "$STATUS $(installed)" "1 editor 1.1.0"
echo '{"schema":"sluice-state/1","generation":99999,"channels":[{"name":"stable","floor_seq":0}]}' \
	>"$CLIENT/state/editor/state.json"
run client rollback
is "... the higher floor of both counts" "$STATUS $(installed)" "1 editor 1.1.0"

up
VERSION=$((V + 64)) forge view "$A/$CH" "$OVER/$CH" 'manifest/seq=3'
run client update
is "an old version with a new number is not installed by itself" \
	"$STATUS $(installed)" "0 editor 1.1.0"
like "... but offered to the user" "$OUT" 'lower version than 1.1.0: ask'

# --- old recalls ----------------------------------------------------------------------
SITE=$WORK/site-c
cp -a "$B" "$SITE"
release 1.2.0 --previous "$PUB" --fallback 1.1.0 --stage 0:24h --stage 100:0s \
	>"$WORK/c.log" 2>&1 || note "$(cat "$WORK/c.log")"
again && good
old "$SITE"
run client update
like "a rollout that has not begun" "$OUT" 'bucket [0-9]+ is not below 0'
forge edit "$SITE/$CH/timestamp.json" "$BRAKE" 'signed/x-sluice/offline=' \
	'signed/x-sluice/cap_bp=10000' >"$OVER/$CH/timestamp.json"
run client update
like "... and that the brake's thief cannot begin" "$OUT" 'bucket [0-9]+ is not below 0'
run client update --ask
is "... is for those who ask" "$(installed)" "editor 1.2.0"
over "$SITE.timestamps/$CH/rollback-1.1.0.json" timestamp.json
check "it is withdrawn" client update
is "... from those who have it" "$(installed)" "editor 1.1.0"
cp -a "$SITE.timestamps" "$WORK/recall"
release 1.3.0 --previous "$PUB" --fallback 1.1.0 --withdrawn 1.2.0 \
	>"$WORK/d.log" 2>&1 || note "$(cat "$WORK/d.log")"
good && old "$SITE"
check "the next release" client update
is "... is installed" "$(installed)" "editor 1.3.0"
over "$WORK/recall/$CH/rollback-1.1.0.json" timestamp.json
run client update
is "the old recall again: nothing" "$STATUS $(installed)" "0 editor 1.3.0"
like "... and it is behind" "$OUT" 'behind'
rm -rf "$CLIENT/state/editor/"*.json "$CLIENT/state/editor/channels/stable/"[!r]*
run client update
is "... nor on a machine that has lost its memory" \
	"$STATUS $(installed)" "0 editor 1.3.0"
like "... the recall does not name what it has" "$OUT" '1.3.0 is newer than 1.1.0'
finish
