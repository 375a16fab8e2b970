#!/bin/sh
# What publish makes of its options, from a folder: plans, fallback, permission
# to go back, platforms, renewal, another channel; and how it ends when the
# machine fails under it.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

e2e_keys || exit 2
e2e_root || exit 2

# doc KIND FILTER: from the one manifest of PUB that is hold, offer, halt or
# rollback-VERSION
doc() {
	case $1 in
	offer) doc_is='select(.rollout != null)' ;;
	hold) doc_is='select(.kind == "release" and .rollout == null)' ;;
	halt) doc_is='select(.kind == "halt")' ;;
	*) doc_is="select(.kind == \"rollback\" and .version == \"${1#*-}\")" ;;
	esac
	jq -cr "$doc_is | $2" "$PUB"/targets/*.manifest.json
}
verify() {
	"$BIN/sluice-sign" verify --root "$ROOT" "$PUB"
}
# keep NAME: PUB under another name
keep() {
	cp -r "$PUB" "$WORK/$1"
}
rungs() {
	set -- "$PUB"/*.targets.json
	echo $#
}
plan() {
	doc offer '[.rollout.plan[] | "\(.percent_bp):\(.min_duration_s // 0)"] | join(" ")'
}
publish_plain() { # CHANNEL VERSION OPTION...: nothing added to the options
	rm -rf "$PUB"
	sign publish "$@" -a "$PLATFORM=$APP" --root "$ROOT" \
		--key "$KEYS/release.key" --minisign-key "$KEYS/minisign.key" -o "$PUB"
}

# --- the first, and what it says by itself ----------------------------------------
app 1.0.0
check "publish with nothing but what is needed" publish_plain "$CHANNEL" 1.0.0
like "the plan is printed" "$OUT$ERR" '10 %.*25 %.*50 %.*100 %|10.*24 ?h|plan'
is "stable goes up in steps of a day" "$(plan)" \
	"1000:86400 2500:86400 5000:86400 10000:0"
is "... with a tenth for control" "$(doc offer .rollout.control_bp)" 1000
is "it is release 1" "$(doc offer .seq)" 1
is "there is nothing to fall back to" \
	"$(doc hold '"\(.seq) \(.version) \(.artifacts | length)"')" "0 null 0"
is "... nor to go back to" "$(doc rollback-1.0.0 .kind)" ""
check "it verifies" verify
like "the salt is 32 random bytes" "$(doc offer .rollout.salt)" '^[0-9a-f]{64}$'
salt=$(doc offer .rollout.salt)
keep v1
refused "an output that exists is not touched" 1 sign publish "$CHANNEL" 1.0.1 \
	-a "$PLATFORM=$APP" --root "$ROOT" --key "$KEYS/release.key" \
	--minisign-key "$KEYS/minisign.key" -o "$PUB"
refused "a version that is none is refused" 1 publish one.two
refused "a file that is not there is refused" 2 sign publish "$CHANNEL" 9.0.0 \
	-a "$PLATFORM=$WORK/nothing" --root "$ROOT" --key "$KEYS/release.key" \
	--minisign-key "$KEYS/minisign.key" -o "$WORK/none"
like "... and named" "$ERR" "$WORK/nothing"
refused "another channel than the root's is refused" 2 publish_plain editor/beta 1.0.0

# --- the second: fallback, rollback, attachments -----------------------------------
PUB=$WORK/v2
app 1.1.0
echo "what is new" >"$WORK/notes.txt"
rm -rf "$PUB"
check "the next, with all that may be said of it" publish 1.1.0 \
	--previous "$WORK/v1" --fallback 1.0.0 --critical --security \
	--rollback-to 1.0.0 --attach "$WORK/notes.txt" --notes https://example.org/1.1 \
	--minimum-os "12.1" --reason "in doubt" --floor 1
is "... critical, security" "$(doc offer '"\(.release.critical) \(.release.security)"')" \
	"true true"
is "... notes and oldest system" \
	"$(doc offer '"\(.release.notes_url) \(.release.minimum_os)"')" \
	"https://example.org/1.1 12.1"
is "... floor" "$(doc offer .floor_seq)" 1
is "... fallback in hold and halt" "$(doc hold .version) $(doc halt .version)" \
	"1.0.0 1.0.0"
is "... from the new to the old" \
	"$(doc rollback-1.0.0 '"\(.rollback.to_seq) \(.rollback.from[0].seq) \(.rollback.reason)"')" \
	"1 2 in doubt"
is "... the salt is another" "$([ "$(doc offer .rollout.salt)" != "$salt" ]; echo $?)" 0
sum=$(sha256sum <"$WORK/notes.txt" | cut -d' ' -f1)
check "... the attachment is there" cmp "$WORK/notes.txt" \
	"$PUB/targets/1.1.0/attach/$sum.notes.txt"
check "... and a target of the offer" grep -lq "1.1.0/attach/notes.txt" "$PUB"/*.targets.json
check "... a delta is made" ls "$PUB/targets/1.1.0/$PLATFORM/"*from-1.0.0*
is "... four blocks of three rungs, and hold" "$(rungs)" 13
check "it verifies" verify
is "every rung's version is 32 m + index" "$(ls "$PUB" | sed -n 's/.targets.json//p' |
	sort -n | awk 'NR == 1 { f = $1 } { if ($1 != f + NR - 1) bad = 1 } END { print f % 32, bad + 0 }')" "0 0"
keep v2.kept
refused "the same version with another plan is refused" 2 publish 1.1.0 \
	--previous "$WORK/v2.kept" --stage 50:1h
refused "a version that is out under another number is refused" 1 publish 1.0.0 \
	--previous "$WORK/v2.kept"
refused "a lower version than the one before is refused" 1 publish 1.0.9 \
	--previous "$WORK/v2.kept"
like "... and says what to do" "$ERR" "--lower-version"
refused "a floor above the release itself is refused" 2 publish 1.2.0 \
	--previous "$WORK/v2.kept" --floor 99
refused "a fallback that nobody knows is refused" 2 publish 1.2.0 \
	--previous "$WORK/v2.kept" --fallback 0.9.0
check "nothing of those is left" test ! -e "$PUB.new"

# --- a repair ------------------------------------------------------------------------
salt=$(doc offer .rollout.salt)
PUB=$WORK/v3
app 1.1.1
check "a repair" publish 1.1.1 --previous "$WORK/v2.kept" --fallback 1.0.0 \
	--repairs 1.1.0 --stage 50:1h --stage 100:1h
is "... inherits the salt" "$(doc offer .rollout.salt)" "$salt"
is "... and says what it mends" "$(doc offer '.release.repairs[0]')" 2
is "... the floor stays" "$(doc offer .floor_seq)" 1
check "it verifies" verify

# --- a bad release is withdrawn --------------------------------------------------------
app 1.2.0
PUB=$WORK/v4
check "the next, with 1.1.0 withdrawn" publish 1.2.0 --previous "$WORK/v2.kept" \
	--fallback 1.0.0 --withdrawn 1.1.0
is "... hold has leave to go back from it" \
	"$(doc hold '"\(.version) \(.rollback.to_seq) \(.rollback.from[0].seq)"')" "1.0.0 1 2"
is "... halt, too" "$(doc halt '.rollback.from[0].seq')" 2
keep v4.kept
PUB=$WORK/v5
app 1.3.0
check "the one after that" publish 1.3.0 --previous "$WORK/v4.kept" --fallback 1.0.0
is "... remembers it" "$(doc hold '.rollback.from[0].seq')" 2
PUB=$WORK/v6
check "once the fallback is newer" publish 1.3.0 --previous "$WORK/v4.kept" --fallback 1.2.0
is "... there is no more need" "$(doc hold .rollback)" null

# --- shapes ----------------------------------------------------------------------------
PUB=$WORK/short
check "publish --no-lift" publish 1.3.0 --previous "$WORK/v4.kept" --fallback 1.2.0 --no-lift
is "... makes one block" "$(rungs)" "$((1 + 2 + 2))"
check "... that verifies" verify
PUB=$WORK/none
check "publish --fallback none --good 0" publish 1.3.0 --previous "$WORK/v4.kept" \
	--fallback none --good 0
is "... has no rollback" "$(rungs)" "$((1 + 4 * 2))"
refused "more rungs than 32 are refused" 2 publish 1.3.1 --previous "$WORK/v4.kept" \
	--fallback 1.2.0 --good 30

PUB=$WORK/tenth
check "publish with one stage of 10 percent" publish 1.3.0 --previous "$WORK/v4.kept" \
	--fallback 1.2.0 --stage 10
like "... says that it never goes further" "$ERR" 'plan ends at 10.00 percent'

# --- more platforms ----------------------------------------------------------------------
PUB=$WORK/two
app 2.0.0
check "two platforms at once" publish 2.0.0 -a macos-arm64="$APPS/1.0.0/editor" \
	-a windows-x86_64="$APPS/1.1.0/editor"
is "... three artifacts" "$(doc offer '[.artifacts[].os] | sort | join(" ")')" \
	"linux macos windows"
keep two.kept
PUB=$WORK/three
more() {
	rm -rf "$PUB"
	sign publish "$CHANNEL" 2.0.0 --previous "$WORK/two.kept" --root "$ROOT" \
		--key "$KEYS/release.key" --minisign-key "$KEYS/minisign.key" -o "$PUB" "$@"
}
check "one more platform for what is out" more -a linux-aarch64="$APPS/1.2.0/editor"
like "... the same release" "$(doc offer .seq)" '^1$'
is "... has four artifacts" "$(doc offer '.artifacts | length')" 4
offer() { jq -cS "select(.rollout != null) | $2" "$1"/targets/*.manifest.json; }
is "... the old ones are the same, byte for byte" \
	"$(offer "$PUB" '[.artifacts[] | select(.arch != "aarch64")]')" \
	"$(offer "$WORK/two.kept" .artifacts)"
is "... plan, salt, created too" "$(offer "$PUB" '[.rollout, .created, .not_before]')" \
	"$(offer "$WORK/two.kept" '[.rollout, .created, .not_before]')"
check "it verifies" verify
refused "another file for a platform that is out is refused" 1 more \
	-a "$PLATFORM=$APPS/1.2.0/editor"

# --- renewal ------------------------------------------------------------------------------
PUB=$WORK/renewed
renew() {
	sign renew "$CHANNEL" --previous "$WORK/v2.kept" --root "$ROOT" \
		--key "$KEYS/release.key" --minisign-key "$KEYS/minisign.key" -o "$PUB"
}
check "renew" renew
is "... is the same release, plan, salt and date" \
	"$(offer "$PUB" '[.seq, .rollout, .created, .artifacts, .floor_seq, .release]')" \
	"$(offer "$WORK/v2.kept" '[.seq, .rollout, .created, .artifacts, .floor_seq, .release]')"
first() { ls "$1" | sed -n 's/.targets.json//p' | sort -n | head -n 1; }
check "... with higher versions" test "$(first "$PUB")" -gt "$(first "$WORK/v2.kept")"
check "it verifies" verify

# --- the same release for another channel ---------------------------------------------------
stable=$ROOT
ROOT=$WORK/beta.json
sign keygen --role release --kdf minimal "$KEYS/beta.key" >/dev/null 2>&1
sign keygen --role timestamp --kdf minimal "$KEYS/beta-time.key" >/dev/null 2>&1
sign keygen --role minisign --kdf minimal "$KEYS/beta-mini.key" >/dev/null 2>&1
"$BIN/sluice-sign" root init editor/beta --root-key "$KEYS/root.key.pub" \
	--release-key "$KEYS/beta.key.pub" --timestamp-key "$KEYS/beta-time.key.pub" \
	--minisign "$KEYS/beta-mini.key.pub" --other "$stable" -o "$ROOT" >/dev/null &&
	sign root sign --key "$KEYS/root.key" "$ROOT" >/dev/null || exit 2
APP=$APPS/2.0.0/editor
PUB=$WORK/beta
beta() {
	rm -rf "$PUB"
	sign publish editor/beta 2.0.0 -a "$PLATFORM=$APP" --root "$ROOT" \
		--key "$KEYS/$1.key" --minisign-key "$KEYS/beta-mini.key" -o "$PUB" \
		--seq 1 --not-before 24h
}
refused "stable's key signs nothing for beta" 1 beta release
check "the same release for beta, a day later" beta beta
is "... by its number" "$(doc offer .seq)" 1
is "... everybody at once there" "$(plan)" 10000:0
is "... the same artifact" "$(doc offer '.artifacts[0].sha256')" \
	"$(sha256sum <"$APP" | cut -d' ' -f1)"
check "... not before tomorrow" test "$(doc offer '.not_before | fromdate')" \
	-gt "$(($(date +%s) + 86000))"
ROOT=$stable

# --- when the machine fails ---------------------------------------------------------------------
strace=
! strace -qq -o /dev/null true 2>/dev/null || strace=yes
app 3.0.0
PUB=$WORK/v7
# publish_at [CALL N]: ended at the Nth such call; without strace, somewhen
publish_at() {
	if [ $# -eq 0 ]; then
		set -- env
	elif [ -n "$strace" ]; then
		set -- strace -f -qq -o /dev/null -e trace="$1" \
			-e inject="$1:signal=SIGKILL:when=$2"
	else
		set -- timeout -s KILL "0.0$2"
	fi
	pass | "$@" "$BIN/sluice-sign" publish "$CHANNEL" 3.0.0 \
		-a "$PLATFORM=$APP" --root "$ROOT" --key "$KEYS/release.key" \
		--minisign-key "$KEYS/minisign.key" -o "$PUB" --stage 100:0s \
		--pass-fd 0 >/dev/null 2>&1
}
half=0 ended=0 again=0
for at in fsync/1 fsync/9 mkdir/2 openat/40 openat/60 openat/80 \
	rename/2 rename/8 renameat2/1 unlinkat/1; do
	rm -rf "$PUB"
	publish_at "${at%/*}" "${at#*/}" || ended=$((ended + 1))
	if [ -e "$PUB" ]; then
		verify >/dev/null || half=$((half + 1))
		rm -rf "$PUB"
	fi
	publish_at && [ ! -e "$PUB.partial" ] && verify >/dev/null ||
		again=$((again + 1))
done 2>/dev/null
note "$ended of 10 were ended"
is "killed anywhere, it leaves no half publication" "$half" 0
is "... and goes through the next time" "$again" 0
rm -rf "$PUB"

full() { # KIB: publish into a folder that has so much room
	unshare -rm sh -c 'mount -t tmpfs -o size='"$1"'k none "$0" && cd / && shift 1
		yes pass | head -n 6 | "$@" --pass-fd 0; s=$?; ls -A "$0"; exit $s' \
		"$WORK/small" x "$BIN/sluice-sign" publish "$CHANNEL" 3.0.0 \
		-a "$PLATFORM=$APP" --root "$ROOT" --key "$KEYS/release.key" \
		--minisign-key "$KEYS/minisign.key" -o "$WORK/small/pub" --stage 100:0s
}
mkdir "$WORK/small"
if unshare -rm mount -t tmpfs none "$WORK/small" 2>/dev/null; then
	check "with room it works" full 9000
	for room in 64 800 1150; do
		refused "a full disk ($room KiB)" 2 full $room
		like "... is what it says" "$ERR" 'error: .*[Nn]o space'
		is "... and leaves nothing" "$OUT" ""
	done
else
	skip "a full disk" "no mounts of our own here"
fi
finish
