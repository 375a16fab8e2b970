#!/bin/sh
# Operators are warned before what people sign expires: 60, 30 and 7 days ahead,
# and not of what is young.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

e2e_keys || exit 2
server_init || exit 2
e2e_root "$STATE/brake/$CHANNEL/key.pub" || exit 2
server_trust || exit 2
server_start || exit 2
warnings() {
	ctl status "$CHANNEL" --json |
		jq -c '[.channels[0].warnings[] | [.what, .level]]'
}
# the same by /healthz, whose sentences are those of status
health() {
	curl -fsS "$URL/healthz" | jq -c "$1"
}
healthy() {
	health '[.warnings[] | [.channel, .what, .level]]'
}
same_words() {
	[ "$(health '[.warnings[].text]')" = "$(ctl status --json |
		jq -c '[.channels[].warnings[].text]')" ]
}
# seconds that are left of a document, by /metrics; within a minute of DAYS
left() { # WHAT
	curl -fsS "$URL/metrics" | awk -v "n=sluice_$1_expires_seconds" \
		'index($1, n "{channel=\"editor/stable\"}") == 1 { print $2 }'
}
about() { # WHAT DAYS
	n=$(left "$1")
	[ -n "$n" ] && [ "$n" -le $(($2 * 86400)) ] &&
		[ "$n" -gt $(($2 * 86400 - 3600)) ]
}
version=1
root=$ROOT
# the next root, good for so long, and a publication that lasts as long
last() { # ROOT-EXPIRES PUBLICATION-EXPIRES
	version=$((version + 1))
	"$BIN/sluice-sign" root next "$root" --expires "$1" \
		-o "$WORK/$version.root.json" >/dev/null &&
		sign root sign --previous "$root" --key "$KEYS/root.key" \
			"$WORK/$version.root.json" >/dev/null || return
	root=$WORK/$version.root.json
	rm -rf "$PUB"
	sign renew "$CHANNEL" --root "$root" --previous "$URL" \
		--expires "$2" --key "$KEYS/release.key" \
		--minisign-key "$KEYS/minisign.key" -o "$PUB" && push
}

is "nothing is published: nothing to warn of" "$(warnings)" "[]"
is "... in health" "$(health '[.ok, .expiry, .warnings]')" '[true,"fine",[]]'
is "... and no figure of a publication" "$(left publication)" ""
check "... but of the root" about root 365
app 1.0.0
publish 1.0.0 --expires 90d >/dev/null || exit 2
push >/dev/null || exit 2
is "all lasts long: nothing to warn of" "$(warnings)" "[]"
is "... in health" "$(health '[.ok, .expiry, .warnings]')" '[true,"fine",[]]'
check "the figures: root" about root 365
check "... publication" about publication 90
check "... timestamp" test "$(left timestamp)" -gt 3600
check "status" ctl status "$CHANNEL"
unlike "... warns of nothing" "$OUT" warning
is "... and knows how long root lasts" \
	"$(ctl status "$CHANNEL" --json | jq -r '.channels[0].root_expires')" \
	"$(jq -r .signed.expires "$ROOT")"

check "a root of 59 days, a publication of 50" last 59d 50d
is "the root is named, the young publication is not" "$(warnings)" '[["root","60 days"]]'
is "... in health, which still says yes" \
	"$(health '[.ok, .expiry]')$(healthy)" \
	'[true,"60 days"][["editor/stable","root","60 days"]]'
check "... in the words of status" same_words
check "the figures: root" about root 59
check "... publication" about publication 50
check "status" ctl status "$CHANNEL"
like "... warns of the root" "$OUT" \
	'warning +the root expires within 60 days \(.*\): sluice-sign root next'
unlike "... and not of the publication" "$OUT" 'the publication expires'
check "29 and 20" last 29d 20d
is "the root is at the next level" "$(warnings)" '[["root","30 days"]]'
is "... in health" "$(healthy)" \
	'[["editor/stable","root","30 days"]]'
check "6 and 5" last 6d 5d
is "the root is at the last level" "$(warnings)" '[["root","7 days"]]'
is "... in health, which still says yes" "$(health '[.ok, .expiry]')" \
	'[true,"7 days"]'
check "... in the words of status" same_words
check "status" ctl status "$CHANNEL"
like "... warns of the root" "$OUT" 'the root expires within 7 days'
check "renewed" last 365d 90d
is "nothing is left to warn of" "$(warnings)" "[]"
is "... in health" "$(health '[.ok, .expiry, .warnings]')" '[true,"fine",[]]'

# who may not read the metrics is told how bad it is, not which channels
check "5 and 4" last 5d 4d
server_stop
echo "metrics = no" >>"$WORK/sluiced.conf"
server_start || exit 2
is "others get the level alone" "$(health '[.ok, .expiry, .warnings]')" \
	'[true,"7 days",[]]'
sed -i '/^metrics/d' "$WORK/sluiced.conf"

# as the server is told the time; expired, the answer is still that it serves
server_stop
if has faketime; then
	# the wrapper would stand between us and the server
	# shellcheck disable=SC2016 # its own, not ours
	fake=$(faketime -f +0d sh -c 'echo "$LD_PRELOAD"')
	server_future() { # TIME
		rm -f "$STATE/port"
		FAKETIME="+$1" FAKETIME_DONT_FAKE_MONOTONIC=1 LD_PRELOAD=$fake \
			"$BIN/sluiced" -c "$WORK/sluiced.conf" run \
			>>"$SERVER_LOG" 2>&1 &
		SERVER_PID=$!
		wait_for 20 server_ready &&
			URL=http://127.0.0.1:$(cat "$STATE/port")
	}
	check "three days later the server starts" server_future 73h
	is "the last quarter of four days is worth a warning" "$(warnings)" \
		'[["root","7 days"],["publication","7 days"]]'
	check "... in health, in the same words" same_words
	check "status" ctl status "$CHANNEL"
	like "... warns of the publication" "$OUT" \
		'the publication expires within 7 days \(.*\): sluice-sign renew'
	server_stop
	check "a week later the server starts" server_future 8d
	is "health says what has expired, and yes" "$(health '[.ok, .expiry]')$(healthy)" \
		'[true,"expired"][["editor/stable","root","expired"],["editor/stable","publication","expired"]]'
	check "the figures are below nothing" test "$(left root)" -lt 0
	server_stop
else
	skip "a week later" "no faketime"
fi
finish
