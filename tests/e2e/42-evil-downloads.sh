#!/bin/sh
# timeout: 120
# A server that answers badly: wrong lengths, cut connections, endless and slow
# replies, redirects, errors; files that are not what was signed.
# shellcheck disable=SC2034,SC2154,SC2010 # used by evil.sh, set by eval, our own names
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/evil.sh"

evil_setup 'delta = no' 'deadline = 10s'

full='1.1.0/linux-x86_64/[0-9a-f]*.editor$'
delta=from-1.0.0
size=$(wc -c <"$APP")
fulls() { requests '[0-9a-f]{64}\.editor [b-]'; }

# beside: those that need time have a machine and a server of their own; all
# of them end with 2 and 1.0.0
slow=
beside() { # WHAT REGEX MAX_SECONDS RULE
	slow=$((slow + 1))
	eval "what_$slow=\$1 why_$slow=\$2 most_$slow=\$3"
	(
		TAP_END=
		EVIL=$WORK/beside/$slow
		OVER=$EVIL/over
		mkdir -p "$EVIL"
		cp -a "$WORK/saved" "$EVIL/machine"
		sed "s|$CLIENT|$EVIL/machine|" "$CLIENT/conf" >"$EVIL/machine/conf"
		CLIENT=$EVIL/machine
		evil_start || exit 9
		rules "$4"
		began=$(date +%s)
		status=0
		client --url "$WEB_URL" update >"$EVIL/said" 2>&1 || status=$?
		took=$(($(date +%s) - began))
		echo "$status $(sound 1.0.0)" >"$EVIL/result"
		echo "$took" >"$EVIL/took"
		evil_stop
	) &
	eval "pid_$slow=\$!"
}
beside_results() {
	n=0
	while [ "$n" -lt "$slow" ]; do
		n=$((n + 1))
		eval "what=\$what_$n why=\$why_$n most=\$most_$n"
		eval "wait \$pid_$n"
		said=$(cat "$WORK/beside/$n/said")
		took=$(cat "$WORK/beside/$n/took")
		is "$what" "$(cat "$WORK/beside/$n/result")" "2 "
		like "... and says why, after $took s" "$said" "$why"
		check "... at most $most" test "$took" -le "$most"
		note "$(echo "$said" | cut -c 1-160)"
	done
}
beside "a timestamp that drips" 'timestamp.json' 45 'timestamp.json drip 10'
beside "a server that says nothing" 'timestamp.json' 45 'timestamp.json hang'
beside "an artifact that drips" 'took too long' 20 "$full drip 5000"
beside "a file that never comes" 'took too long' 20 "$full hang"
beside "one byte for each connection" 'editor' 20 "$full cut 1"
beside "an artifact one byte too short" 'has less than was signed' 20 \
	"$full truncate $((size - 1))"
beside "an empty artifact" 'ended early' 20 "$full truncate 0"
beside "Content-Length: 0" 'ended early' 20 "$full claim 0"
beside "Content-Length: negative" 'editor' 20 "$full claim -1"
beside "connections reset" 'editor' 20 "$full reset"
beside "500: the artifact" 'answered 500' 20 "$full status 500"

# --- the artifact is not what was signed ------------------------------------------------
rules "$full flip 500000"
attack "a bit of the artifact is flipped" 1 'editor: not what was signed'
rules "$full append 1"
attack "an artifact one byte too long" 1 'longer than'
rules "$full endless"
attack "an endless artifact" 1 'longer than'
head -c "$size" "$APPS/1.0.0/editor" >"$WORK/other"
head -c $((size - $(wc -c <"$WORK/other"))) /dev/zero >>"$WORK/other"
rules "$full file $WORK/other"
attack "the artifact of another release" 1 'not what was signed'
# --- connections that are cut ------------------------------------------------------------
whole() { # NAME: installed after all, from an odd server
	run client update
	whole_left=$(sound 1.1.0) || note "$whole_left"
	is "$1" "$STATUS $(installed)" "0 editor 1.1.0" || note "$OUT$ERR"
	again
	good
}
rules "$full @12 cut 90000"
whole "cut after each 90000 bytes, resumed each time"
bad=
for at in 0 1 65535 65536 524288 $((size - 1)); do
	rules "$full @1 cut $at"
	run client update
	[ "$STATUS" -eq 0 ] && left=$(sound 1.1.0) || bad="$bad $at:$STATUS$left"
	[ "$at" -eq 0 ] || grep -q "bytes=$at- " "$EVIL/log" || bad="$bad $at:anew"
	again && good
done
is "cut at many points, then resumed from there" "$bad" ""
rules "$full claim 99999999999"
whole "Content-Length: too much, and what is needed is there"
rules "$full claim $((size - 5))"
whole "Content-Length: too little, and the rest when asked for it"
rules "$full @1 cut 300000" "$full norange"
whole "cut, then Range is not understood: from the start"
rules "$full @1 cut 300000" "$full badrange"
whole "cut, then the wrong part: once more from the start"
rules "$full @1 cut 300000" "$full flip 700000"
attack "cut, then other bytes: not for ever" 1 'not what was signed'
rules "$full @1 cut 300000" "$full @1 status 416"
whole "cut, then 416: once more from the start"
mkdir -m 700 "$CLIENT/state/editor/download"
head -c 400000 /dev/zero >"$CLIENT/state/editor/download/$(ls "$B/$CH/targets/1.1.0/linux-x86_64" |
	grep -v from- | cut -d. -f1).part"
run client update
is "a damaged beginning on disk: once more from the start" \
	"$STATUS $(installed) $(fulls)" "0 editor 1.1.0 2" ||
	note "$OUT$ERR"
again && good

# --- other answers ---------------------------------------------------------------------------
for what in timestamp.json snapshot.json targets.json manifest.json; do
	rules "$what status 404"
	attack "404: $what" 2 'not there'
	rules "$what status 500"
	attack "500: $what" 2 'answered 500'
done
rules "$full status 404"
attack "404: the artifact" 2 'editor: not there'
rules '2.root.json status 500'
attack "500 for the next root is not: there is none" 2 '2.root.json: answered 500'
rules 'timestamp.json status 503 Retry-After: 7200'
attack "503 with Retry-After" 2 'timestamp.json: answered 503'
rules "$full status 503 Retry-After: 1"
run client update
is "503 for the file: no second attempt before its time" \
	"$STATUS $(fulls)" "2 1" || note "$ERR"
again && good
rules 'timestamp.json status 200'
attack "200 and nothing" 1 'timestamp.json'
rules 'timestamp.json status 204'
attack "204" 2 'timestamp.json: answered 204'
rules 'timestamp.json status 401'
attack "401" 2 'timestamp.json: answered 401'

# --- redirects ----------------------------------------------------------------------------------
for to in file:///etc/passwd "file://$B/$CH/timestamp.json" \
	ftp://127.0.0.1/x gopher://127.0.0.1:1/x dict://127.0.0.1:1/x \
	ldap://127.0.0.1:1/x; do
	rules "timestamp.json redirect $to"
	attack "redirect to $to" 2 'timestamp.json.*rotocol'
done
rules 'timestamp.json redirect /editor/stable/timestamp.json'
attack "redirects for ever" 2 'timestamp.json.*redirect'
rules "timestamp.json @1 redirect $WEB_URL/$CH/timestamp.json"
whole "a redirect to another place of the same kind is followed"
rules 'timestamp.json redirect http://127.0.0.1:1/x'
attack "redirect to nobody" 2 'timestamp.json'
rules 'timestamp.json redirect http://'
attack "redirect to nowhere" 2 'timestamp.json'

# --- tickets and other headers ----------------------------------------------------------------------
rules "timestamp.json header Sluice-Ticket: $(printf 'v1.\377\376\001%0150d' 1)"
whole "a ticket that is no text"
rules "timestamp.json header Sluice-Ticket: $(printf '%05000d' 1)"
whole "a ticket that is far too long"
rules "$full header Content-Encoding: gzip"
whole "a Content-Encoding that nobody asked for"

# --- deltas ---------------------------------------------------------------------------------------------
sed -i '/^delta/d' "$CLIENT/conf"
rm -rf "$WORK/saved" && cp -a "$CLIENT" "$WORK/saved"
by_full() { # NAME: the full file, once, after the delta
	run client update
	left=$(sound 1.1.0)
	is "$1" "$STATUS$left $(fulls)" "0 1" || note "$OUT$ERR"
	like "... and says so" "$ERR" 'the delta failed, took the full file: '
	note "$ERR"
	again && good
}
check "a good delta" client update
is "... needs no full file" "$(fulls)" "0"
again && good
rules "$delta flip 40"
by_full "a bit of the delta is flipped: the full file"
rules "$delta append 1"
by_full "a delta too long"
rules "$delta truncate 100"
by_full "a delta too short"
rules "$delta endless"
by_full "an endless delta"
rules "$delta status 404"
by_full "no delta"
rules "$delta flip 40" "$full flip 40"
attack "delta and full file are wrong" 1 'editor: not what was signed'
# a delta may be signed and wrong all the same
signed() { # NAME: WORK/delta
	sum=$(sha256sum <"$WORK/delta" | cut -c 1-64)
	bytes=$(wc -c <"$WORK/delta")
	name=1.1.0/linux-x86_64/editor.from-1.0.0.sluice
	target=targets/targets/$(echo "$name" | sed 's,/,~1,g')
	forge view "$B/$CH" "$OVER/$CH" \
		"$target/length=$bytes" "$target/hashes/sha256=\"$sum\"" \
		"manifest/artifacts/0/deltas/0/size=$bytes" \
		"manifest/artifacts/0/deltas/0/sha256=\"$sum\""
	over "$WORK/delta" "targets/1.1.0/linux-x86_64/$sum.editor.from-1.0.0.sluice"
	by_full "$1"
}
make_delta() { # NEW: from what is installed; in WORK/delta
	rm -f "$WORK/delta"
	"$BIN/sluice-delta" make -q -f sluice "$APPS/1.0.0/editor" "$1" "$WORK/delta"
}
printf 'SLDELTA1%0100d' 7 >"$WORK/delta"
signed "a signed delta of nonsense"
tr e f <"$APPS/1.1.0/editor" >"$WORK/evil-app"
make_delta "$WORK/evil-app"
signed "a signed delta to something else"
head -c 20000000 /dev/zero >"$WORK/bomb"
if make_delta "$WORK/bomb"; then
	note "$(wc -c <"$WORK/delta") bytes that become 20 MB"
	signed "a signed delta that is a bomb"
fi
rm -f "$WORK/bomb"
echo 'changed by hand' >>"$CLIENT/app/current/editor"
run client update
is "what is installed was changed: no delta is asked for" \
	"$STATUS $(installed 2>/dev/null) $(requests from-1)" "0 editor 1.1.0 0"
again && good

# --- those that needed their time --------------------------------------------------
beside_results
finish
