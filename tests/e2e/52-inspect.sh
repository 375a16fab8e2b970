#!/bin/sh
# inspect, diff and verify on good and on damaged publication directories.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

e2e_keys || exit 2
e2e_root || exit 2
sign=$BIN/sluice-sign
app 1.0.0
publish 1.0.0 >/dev/null 2>&1 || exit 2
cp -r "$PUB" "$WORK/old"
app 1.1.0
publish 1.1.0 --previous "$WORK/old" --fallback 1.0.0 --stage 25:24h \
	--stage 100:0s --security --rollback-to 1.0.0 >/dev/null 2>&1 || exit 2

# --- what they show ---------------------------------------------------------------
check "inspect a publication" "$sign" inspect "$PUB"
like "... channel" "$OUT" editor/stable
like "... version and number" "$OUT" '1\.1\.0 \(release 2\)'
like "... plan" "$OUT" '25 %'
like "... fallback" "$OUT" 'fallback +1\.0\.0|fallback.*release 1'
like "... digest of the artifact" "$OUT" "$(sha256sum <"$APP" | cut -d' ' -f1)"
check "inspect --json" "$sign" inspect --json "$PUB"
check "... is JSON" jq -e . "$WORK/.out"
for f in "$ROOT" "$PUB"/*.json "$PUB"/targets/*.manifest.json \
	"$KEYS/release.key" "$KEYS/release.key.pub" "$KEYS/minisign.key.pub"; do
	"$sign" inspect "$f" >"$WORK/one" 2>"$WORK/two" && [ -s "$WORK/one" ] && continue
	check "inspect ${f##*/}" "$sign" inspect "$f"
done
refused "inspect what is nothing of ours" 1 "$sign" inspect "$APP"
refused "inspect what is not there" 2 "$sign" inspect "$WORK/nothing"

check "diff of two publications" "$sign" diff "$WORK/old" "$PUB"
like "... versions" "$OUT" '1\.0\.0.*1\.1\.0|1\.1\.0'
like "... plan" "$OUT" '25 %'
check "diff --json" "$sign" diff --json "$WORK/old" "$PUB"
check "... is JSON" jq -e . "$WORK/.out"
check "diff of one with itself" "$sign" diff "$PUB" "$PUB"
refused "diff with nothing" 2 "$sign" diff "$PUB" "$WORK/nothing"
check "verify" "$sign" verify --root "$ROOT" "$PUB"
check "verify --json" "$sign" verify --json --root "$ROOT" "$PUB"
check "... is JSON" jq -e . "$WORK/.out"

# --- damage -----------------------------------------------------------------------
# damaged NAME REGEX COMMAND...: verify refuses a copy after the command, run in
# it, with status 1, or with 2 where NAME begins with "no "
damaged() {
	damage=$1 why=$2 status=1
	case $1 in "no "*) status=2 ;; esac
	shift 2
	rm -rf "$WORK/bad"
	cp -r "$PUB" "$WORK/bad"
	(cd "$WORK/bad" && "$@") || exit 2
	refused "$damage" $status "$sign" verify --root "$ROOT" "$WORK/bad"
	like "... and says which and why" "$ERR" "error: .*$why"
}
# flip FILE [OFFSET]: one bit
flip() {
	at=${2:-$(($(wc -c <"$1") / 2))}
	byte=$(od -An -tu1 -j "$at" -N 1 "$1")
	printf "\\$(printf %o $((byte ^ 4)))" |
		dd of="$1" bs=1 seek="$at" conv=notrunc 2>/dev/null
}
# nth N FILE...: the Nth of them, as named from within PUB
nth() {
	shift "$1"
	echo "${1#"$PUB/"}"
}
artifact=$(nth 1 "$PUB/targets/1.1.0/$PLATFORM/"*.editor)
delta=$(nth 1 "$PUB/targets/1.1.0/$PLATFORM/"*.sluice)
manifest=$(nth 1 "$PUB"/targets/*.manifest.json)
targets=$(nth 5 "$PUB"/*.targets.json)
first=$(nth 1 "$PUB"/*.targets.json)
snapshot=${targets%.targets.json}.snapshot.json

damaged "one bit of the artifact" "$artifact" flip "$artifact"
damaged "its first bit" "$artifact" flip "$artifact" 0
damaged "a byte too many" "$artifact" sh -c 'echo >>"$0"' "$artifact"
damaged "a byte too few" "$artifact" truncate -s -1 "$artifact"
damaged "no artifact" "$artifact" rm "$artifact"
damaged "another file of the same size" "$artifact" sh -c \
	'tr a b <"$0" >x; mv x "$0"' "$artifact"
damaged "one bit of the delta" "$delta" flip "$delta"
damaged "no delta" "$delta" rm "$delta"
damaged "one bit of a manifest" "manifest" flip "$manifest"
damaged "no manifest" "manifest" rm "$manifest"
damaged "one bit of a minisign signature" minisig flip "$manifest.minisig" 120
damaged "no minisign signature" minisig rm "$manifest.minisig"
damaged "one bit of targets" "${targets#*.}" flip "$targets"
damaged "no targets" "$targets" rm "$targets"
damaged "one bit of a snapshot" "${snapshot#*.}" flip "$snapshot"
damaged "a rung without its snapshot" "rung 4 is missing" rm "$snapshot"
damaged "the targets of another rung" "version|targets" \
	cp "$first" "$targets"
damaged "one bit of the root" root flip 1.root.json
damaged "no file but a symbolic link" "$artifact" sh -c \
	'mv "$0" ../elsewhere; ln -s "$PWD/../elsewhere" "$0"' "$artifact"

# --- not the right root --------------------------------------------------------------
mv "$ROOT" "$WORK/right.json"
mv "$KEYS/root.key" "$KEYS/root.old"
mv "$KEYS/root.key.pub" "$KEYS/root.old.pub"
mv "$KEYS/release.key.pub" "$KEYS/release.old.pub"
mv "$KEYS/release.key" "$KEYS/release.old"
e2e_keys root release 2>/dev/null
e2e_root || exit 2
refused "verify with another root" 1 "$sign" verify --root "$ROOT" "$PUB"
refused "verify without a root" 2 "$sign" verify "$PUB"
finish
