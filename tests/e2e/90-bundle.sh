#!/bin/sh
# The air gap: a bundle is exported, checked by hand, installed from without a
# network and with a wrong clock, fed to a mirror, and reports come back.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

bundle() { # FILE OPTION...: of CHANNEL, from PUB
	b_out=$1
	shift
	sign bundle --from "${FROM:-$PUB}" --channel "$CHANNEL" --root "$ROOT" \
		--timestamp-key "$KEYS/timestamp.key" \
		--minisign-key "$KEYS/minisign.key" -o "$b_out" "$@"
}
# a client whose server does not answer
gap_client() {
	client_init "$@"
	gap_status=$?
	sed -i 's,^url = .*,url = http://127.0.0.1:9,' "$CLIENT/conf"
	return $gap_status
}
# ... at another time
at() {
	at_time=$1
	shift
	faketime "$at_time" "$BIN/sluice" --config "$CLIENT/conf" "$@"
}

e2e_keys || exit 2
server_init || exit 2
e2e_root "$STATE/brake/$CHANNEL/key.pub" || exit 2
server_trust && server_start || exit 2
app 1.0.0
check "a first release" publish 1.0.0 --attach "$ROOT" || exit 1
check "is on the server" push || exit 1
cp -R "$PUB" "$WORK/pub-1"

# --- exporting ---------------------------------------------------------------
now=$(date -u +%FT%TZ)
check "a bundle from a folder" bundle "$WORK/one" --created "$now" \
	--with-client "$BIN/sluice-delta"
check "... again" bundle "$WORK/again" --created "$now" \
	--with-client "$BIN/sluice-delta"
check "... is the same, byte for byte" cmp "$WORK/one" "$WORK/again"
check "... also in parts" bundle "$WORK/parts" --created "$now" \
	--with-client "$BIN/sluice-delta" --split 200K
cat "$WORK"/parts.[0-9]* >"$WORK/joined"
check "... which together are the same" cmp "$WORK/one" "$WORK/joined"
FROM=$URL
check "a bundle from the server" bundle "$WORK/served" --created "$now" \
	--with-client "$BIN/sluice-delta"
check "... is the same" cmp "$WORK/one" "$WORK/served"
FROM=
refused "nothing is written over" 1 bundle "$WORK/one"
refused "a platform that there is not" 2 bundle "$WORK/none" --platform plan9-mips
refused "... leaves nothing" 2 ls "$WORK/none"
refused "a key that root does not name" 2 sign bundle --from "$PUB" \
	--channel "$CHANNEL" --root "$ROOT" -k "$KEYS/release.key" -o "$WORK/none"

# --- two channels ------------------------------------------------------------
stable_root=$ROOT stable_pub=$PUB
CHANNEL=editor/canary ROOT=$WORK/canary.json PUB=$WORK/canary
e2e_root && publish 1.0.0 >/dev/null || exit 2
mkdir -p "$WORK/tree/editor"
cp -R "$stable_pub" "$WORK/tree/editor/stable"
cp -R "$PUB" "$WORK/tree/editor/canary"
CHANNEL=editor/stable ROOT=$stable_root PUB=$stable_pub FROM=$WORK/tree
check "a bundle of two channels" bundle "$WORK/both" \
	--channel editor/canary --root "$WORK/canary.json"
check "... is sound" "$BIN/sluice" inspect --json "$WORK/both"
is "... and holds both" "$(printf '%s' "$OUT" | jq '.channel | length')" 2
refused "the same channel twice" 2 bundle "$WORK/none" --channel "$CHANNEL"
FROM=

# --- by hand -------------------------------------------------------------------
mkdir "$WORK/hand"
check "tar opens it" tar --zstd -xf "$WORK/one" -C "$WORK/hand"
cd "$WORK/hand" || exit 2
check "sha256sum reads its list" sha256sum -c --quiet --strict SHA256SUMS
check "minisign verifies it" minisign -Vm SHA256SUMS \
	-x "$CHANNEL/SHA256SUMS.minisig" -p "$KEYS/minisign.key.pub"
is "the list comes first" "$(tar --zstd -tf "$WORK/one" | head -n 1)" SHA256SUMS
check "the program in it runs" "$WORK/hand/client/sluice-delta" --version
cd "$TOP" || exit 2
check "inspect needs no configuration" "$BIN/sluice" inspect "$WORK/one"
like "... and says whom nobody here trusts" "$OUT" 'NOT trusted here'
check "... says it as JSON" "$BIN/sluice" inspect --json "$WORK/one"
is "... every file" "$(printf '%s' "$OUT" | jq '.file | length')" 3

# --- installing ------------------------------------------------------------------
check "a machine without a network" gap_client gap || exit 1
check "inspects it" client inspect "$WORK/one"
like "... under the root that it trusts" "$OUT" ', trusted here'
check "installs from it" client update --bundle "$WORK/one"
is "... and runs" "$(installed)" "editor 1.0.0"
check "... once" client update --bundle "$WORK/parts"
like "... whatever its form" "$OUT" 'up to date'
refused "the staging folder is gone" 2 ls "$CLIENT/state/editor/bundle"
check "a machine without url" client_init unnamed
sed -i '/^url/d' "$CLIENT/conf"
check "... installs from the parts" client update --bundle "$WORK/parts.000"
refused "... and cannot poll" 2 client update

gap_client old
check "a clock of years ago does no harm" at "2019-05-05" update --bundle "$WORK/one"
is "... it is installed" "$(installed)" "editor 1.0.0"
gap_client ahead
refused "a clock beyond the bundle's life refuses it" 1 \
	at "+120 days" update --bundle "$WORK/one"
like "... and says so" "$ERR" 'expired'
check "within it all is well, though the publication has expired" \
	at "+80 days" update --bundle "$WORK/one"

# --- the next release, exported against the first -----------------------------
app 1.1.0
check "a staged release" publish 1.1.0 --previous "$URL" --stage 10:30d --stage 100:0s
check "... is pushed" push
FROM=$URL
check "its bundle" bundle "$WORK/low"
like "... names what everybody may have" "$OUT" '1\.0\.0 \(hold\)'
check "--rung takes it past the rollout" bundle "$WORK/two" --rung offer \
	--since "$WORK/one" --version 1.0.0
like "... with a warning" "$ERR" 'warning: .*1\.1\.0 has not reached everybody'
CLIENT=$HOME_DIR/gap
check "the first machine looks" client update --bundle "$WORK/two" --ask
is "... goes up" "$(installed)" "editor 1.1.0"
like "... by the delta" "$OUT" 'delta'
find "$CLIENT/state" -type f -exec cksum {} + | sort >"$WORK/before"
refused "an older bundle is refused" 1 client update --bundle "$WORK/one"
is "... in one line" "$(printf '%s\n' "$ERR" | wc -l)" 1
like "... with the reason" "$ERR" 'older than what this machine has seen'
refused "as is the low rung" 1 client update --bundle "$WORK/low"
find "$CLIENT/state" -type f -exec cksum {} + | sort >"$WORK/after"
check "... nothing was written" cmp "$WORK/before" "$WORK/after"

# --- a mirror ----------------------------------------------------------------------
OUT_STATE=$STATE
OUT_PID=$SERVER_PID
outside() {
	"$BIN/sluicectl" --socket "$OUT_STATE/admin.sock" "$@"
}
outside_stop() {
	kill "$OUT_PID" 2>/dev/null
	wait "$OUT_PID" 2>/dev/null
}
at_end outside_stop
STATE=$WORK/inside
cat >"$WORK/sluiced.conf" <<-END
	state = $STATE
	listen = 127.0.0.1:0
END
mirror() {
	"$BIN/sluiced" -c "$WORK/sluiced.conf" "$@"
}
mirror init >"$WORK/mirror.out" || exit 2
refused "import wants a channel" 1 mirror import "$WORK/one"
check "the mirror trusts the root" mirror channel add "$CHANNEL" --root "$ROOT" --mirror
SERVER_PID=
server_start || exit 2
refused "one that builds on another" 1 mirror import "$WORK/two"
like "... needs that one first" "$ERR" 'import the bundle that this one builds on'
check "the first is imported" mirror import "$WORK/one"
check "... again" mirror import "$WORK/one"
client_init inner "mirror = yes"
check "a client inside" client update
is "... has it" "$(installed)" "editor 1.0.0"
client_init strict
refused "one without mirror = yes" 1 client update
like "... does not take it" "$ERR" 'bundle or a mirror'
check "then the second" mirror import "$WORK/two"
like "... and it is said what everybody gets" "$OUT" \
	"^$CHANNEL: publication [0-9]+, offer of 1\.1\.0, served until 20"
CLIENT=$HOME_DIR/inner
check "the client inside goes up" client update --ask
is "... to it" "$(installed)" "editor 1.1.0"
refused "an older import is refused" 1 mirror import "$WORK/one"
like "... with the reason" "$ERR" 'older than what was imported'
refused "as is one of another channel" 1 mirror import "$WORK/low"
refused "nobody halts a mirror" 1 ctl halt "$CHANNEL" --reason "try"
like "... a site of its own does" "$ERR" 'brake of its own'
# shellcheck disable=SC2034 # exported by server_init
SLUICE_TOKEN=$(sed -n 's/^publish token: *//p' "$WORK/mirror.out")
refused "nobody pushes to it" 1 push
like "... for it has other sources" "$ERR" 'mirrors bundles'
check "its status" ctl status
like "... says so" "$OUT" 'mirror .*1\.1\.0'
is "... and warns of nothing, for all of it is young" \
	"$(ctl status --json | jq -c '.channels[0].warnings')" "[]"

# --- and back -----------------------------------------------------------------------
check "its clients' reports" client report crash
check "... are exported" mirror export-reports -o "$WORK/reports" --site north
KEY=$(printf '%s\n' "$OUT" | sed 's/.*signed by //')
refused "outside the site is new" 2 outside reports import "$WORK/reports" --reason first
check "... its key is vouched for" outside reports import "$WORK/reports" \
	--reason first --key "$KEY"
check "the status outside" outside status "$CHANNEL"
like "... shows them by themselves" "$OUT" 'site north .*1\.1\.0 crash 1'
unlike "... and counts them nowhere else" "$OUT" 'reports .*crash'
refused "what is no report is named" 1 outside reports import "$TOP/Makefile" --reason x
like "... by its name" "$ERR" "error: $TOP/Makefile: not what sluiced export-reports writes"
refused "reports of no days" 2 mirror export-reports -o "$WORK/none" --days 0
like "... name the bounds" "$ERR" '--days: 1 to 3660'
sed 's/"n":1/"n":7/' "$WORK/reports" >"$WORK/forged"
refused "a changed file is refused" 1 outside reports import "$WORK/forged" --reason x

# what the site itself could send, whose key is vouched for
forged() { # NAME STATUS EXPRESSION
	node "$TOP/tests/e2e/reports.mjs" "$WORK/inside/site.key" \
		"$WORK/reports" "$3" >"$WORK/forged"
	refused "$1" "$2" outside reports import "$WORK/forged" --reason x
	[ "$2" -eq 0 ] || check "... and leaves no trace" same_sites
}
same_sites() {
	outside status --json | jq -S '.channels[].sites' >"$WORK/sites.now"
	[ -e "$WORK/sites.then" ] || mv "$WORK/sites.now" "$WORK/sites.then"
	[ ! -e "$WORK/sites.now" ] || cmp "$WORK/sites.now" "$WORK/sites.then"
}
forge_all() {
	same_sites
	forged "the same once more" 0 ''
	check "... counts it once" same_sites
	for n in 0 -1 1.5 2147483648 9007199254740991 1e30 '"1"' null; do
		forged "a count of $n" 1 "r.counts[0].n = $n"
	done
	forged "a day that there is not" 1 'r.counts[0].day = "2026-02-31"'
	forged "a report of another century" 1 'r.from = "1926-01-01"'
	forged "a report that begins after it ends" 1 'r.from = "2999-01-01"'
	forged "a version that is none" 1 'r.counts[0].version = "\u001b[31m1"'
	forged "an event that is none" 1 'r.counts[0].event = "a b"'
	forged "days and channels that are not its own" 0 \
		'for (const change of [{ day: "2999-12-31" }, { day: "2000-01-01" },
			{ channel: "editor/none" }])
			r.counts.push({ ...r.counts[0], ...change })'
	like "... are left out" "$OUT" '3 left out'
	check "... all of them" same_sites
}
if has node; then
	forge_all
else
	skip "reports that a site forges" "node is not there"
fi
check "both servers are sound" server_sound
server_stop
check "... a restart later, too" server_start
sed -i "s,^url = .*,url = $URL," "$CLIENT/conf"
check "... and still serves" client check
finish
