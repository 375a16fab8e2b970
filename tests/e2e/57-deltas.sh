#!/bin/sh
# timeout: 120
# Which deltas publish makes, from what, and why not; that clients take them
# and intake looks through them.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

e2e_keys || exit 2
e2e_root || exit 2
SITE=$WORK/site

# release VERSION OPTION...: APP, published into SITE after what is there
release() {
	e2e_now=$1
	shift
	publish "$e2e_now" --keyless "$SITE" \
		--timestamp-key "$KEYS/timestamp.key" "$@"
}
offer() { # FILTER: of the offer's manifest
	jq -cr "select(.rollout != null) | $1" "$PUB"/targets/*.manifest.json
}
deltas() {
	offer '[.artifacts[].deltas[] | "\(.from_version) \(.format)"] | sort | join(", ")'
}
said() { # what the table says of VERSION
	echo "$OUT" | sed -n "s/.* from $1\( (.*)\)*: //p"
}

# --- the native format -------------------------------------------------------------
app 1.0.0
check "the first release" release 1.0.0
is "... has no deltas" "$(deltas)" ""
check "a web server serves it" web_start "$SITE"
client_init native
check "a client installs it" client update
client_init small "memory = 1M"
check "... and another" client update
cp -a "$PUB" "$WORK/v1"

app 1.1.0
check "the next release" release 1.1.0 --previous "$PUB" --fallback 1.0.0 \
	--report "$WORK/report.json"
is "... has a native delta" "$(deltas)" "1.0.0 sluice-delta/1"
like "... the table says so" "$(said 1.0.0)" '^sluice .*saves [0-9]+ %'
like "... and the report" \
	"$(jq -c '.publication.deltas[0]' "$WORK/report.json")" \
	'"format":"sluice-delta/1".*"made":true.*"saving_bp":9'
check "... under its name" ls "$PUB/targets/1.1.0/$PLATFORM/"*.editor.from-1.0.0.sluice
patch=$OUT
check "... and inspect knows it" "$BIN/sluice-sign" inspect "$patch"
check "... and it verifies" "$BIN/sluice-sign" verify --complete --root "$ROOT" "$PUB"
CLIENT=$HOME_DIR/native
run client update --json
is "a client takes it" "$STATUS $(installed)" "0 editor 1.1.0"
cp -a "$PUB" "$WORK/v2"

# --- the other format, or both ---------------------------------------------------------
app 1.2.0
check "with bsdiff40" release 1.2.0 --previous "$WORK/v2" --fallback 1.0.0 \
	--delta-format bsdiff40
is "... from the offer before and the good one" "$(deltas)" \
	"1.0.0 bsdiff40, 1.1.0 bsdiff40"
run client update
is "a client takes it" "$STATUS $(installed) $(echo "$ERR" | grep -c failed)" \
	"0 editor 1.2.0 0"
cp -a "$PUB" "$WORK/v3"
app 1.3.0
check "with both" release 1.3.0 --previous "$WORK/v3" --fallback 1.0.0 \
	--delta-format both
is "... from each" "$(deltas)" \
	"1.0.0 bsdiff40, 1.0.0 sluice-delta/1, 1.2.0 bsdiff40, 1.2.0 sluice-delta/1"
is "... two names" "$(find "$PUB" -name '*from-1.2.0*' | sed 's/.*\.//' | sort | xargs)" \
	"bsdiff40 sluice"
size_of() {
	offer ".artifacts[0].deltas[] | select(.from_version == \"1.2.0\" and .format == \"$1\") | .size"
}
run client update --json
is "a client that knows both takes one" "$STATUS $(installed)" "0 editor 1.3.0"
note "bsdiff40 $(size_of bsdiff40), sluice-delta/1 $(size_of sluice-delta/1)"
# one that knows bsdiff40 only picks that one
old=$(sha256sum <"$APPS/1.2.0/editor" | cut -c 1-64)
named=$(offer ".artifacts[0].deltas[] | select(.format == \"bsdiff40\" and .from_sha256 == \"$old\") | .sha256")
has bspatch && apply='bspatch OLD NEW PATCH' ||
	apply="$BIN/sluice-delta apply -q OLD PATCH NEW"
apply=$(echo "$apply" | sed "s|OLD|$APPS/1.2.0/editor|; s|NEW|$WORK/made|; s|PATCH|$(echo "$PUB/targets/1.3.0/$PLATFORM/$named".*)|")
# shellcheck disable=SC2086 # a command
check "who knows bsdiff40 only applies that one" $apply
check "... and has the file" cmp "$WORK/made" "$APP"
# and one that may take little memory has the other: the full file is gone
CLIENT=$HOME_DIR/small
small=$(offer '[.artifacts[0].deltas[] | select(.format == "sluice-delta/1") | .max_memory] | max')
sed -i "s/^memory.*/memory = $small/" "$CLIENT/conf"
mv "$SITE/$CHANNEL/targets/1.3.0/$PLATFORM/"*.editor "$WORK/full"
run client update
is "who may not take the memory for one takes the other" \
	"$STATUS $(installed)" "0 editor 1.3.0"
mv "$WORK/full" "$SITE/$CHANNEL/targets/1.3.0/$PLATFORM/$(sha256sum <"$WORK/full" | cut -c 1-64).editor"
refused "another format is none" 2 release 1.4.0 --previous "$WORK/v3" \
	--fallback 1.0.0 --delta-format xdelta

# --- what is not made, and why -----------------------------------------------------------
PUB=$WORK/other
cp -a "$WORK/v3" "$PUB"
publish_other() { # OPTION...: 1.4.0 after 1.2.0
	publish 1.4.0 --previous "$WORK/v3" --fallback 1.0.0 "$@"
}
app 1.4.0
check "in too little memory" publish_other --delta-memory 1M
is "... no delta is made" "$(deltas)" ""
like "... for that reason" "$(said 1.2.0)" \
	'^none, making it would take .* of memory, not 1.0 MiB'
# a large file takes much more by one method than by the other
cp "$APPS/1.4.0/editor" "$WORK/editor"
head -c 12000000 /dev/zero >>"$APPS/1.4.0/editor"
check "in memory for the other method" publish_other --delta-memory 64M
is "... that one is taken" "$(deltas)" "1.0.0 bsdiff40, 1.2.0 bsdiff40"
like "... and said" "$(said 1.2.0)" 'bsdiff40 .*sluice-delta/1 would take'
cp "$WORK/editor" "$APPS/1.4.0/editor"
check "in memory for one at a time" publish_other --delta-format bsdiff40 \
	--delta-memory 30M -j 4
is "... both are made" "$(deltas)" "1.0.0 bsdiff40, 1.2.0 bsdiff40"
refused "no memory at all" 2 publish_other --delta-memory 0
check "in a minute of the processors" publish_other --delta-time 1m
is "... both are made" "$(deltas)" "1.0.0 sluice-delta/1, 1.2.0 sluice-delta/1"
check "the same from the newest only" publish_other --delta-from 1
is "... one" "$(deltas)" "1.2.0 sluice-delta/1"
check "from none" publish_other --delta-from 0
is "... none" "$(deltas)" ""
noise unrelated 800000 >"$APPS/1.4.0/editor"
check "a file that has nothing of the old" publish_other
is "... no delta" "$(deltas)" ""
like "... it would save nothing" "$(said 1.2.0)" \
	'^none, it would save less than 20 %'
# half of it is new: a delta saves much of the file, but of what compresses
{
	head -c 50000 "$APPS/1.2.0/editor"
	head -c 3000000 /dev/zero | tr '\0' x
	noise fresh 600000
} >"$APPS/1.4.0/editor"
check "a file that compresses well" publish_other
is "... no delta: it is held against the compressed file" "$(deltas)" ""

# --- what machines run -------------------------------------------------------------------------
app 1.4.0
list() { # CHANNEL [VERSION N]...: the list of versions
	list_of=$1
	shift
	list_rows=
	while [ $# -gt 0 ]; do
		list_rows="$list_rows${list_rows:+,}{\"day\":\"2026-01-01\",\"version\":\"$1\",\"os\":\"linux\",\"arch\":\"x86_64\",\"n\":$2}"
		shift 2
	done
	echo "{\"ok\":true,\"channel\":\"$list_of\",\"polls\":[$list_rows]}"
}
list "$CHANNEL" 0.9.0 30 1.2.0 690 1.0.0 279 0.8.0 1 >"$WORK/list.json"
check "with the list of versions" publish_other --versions "$WORK/list.json"
like "... shares are shown" "$OUT" 'from 1.2.0 \(69.00 % have it\): sluice'
like "... and what is not to be had" "$OUT" \
	'from 0.9.0 \(3.00 % have it\): none, the publication before does not have it'
is "... but not what is rare" "$(said 0.8.0)" ""
check "a share that is higher" publish_other --versions "$WORK/list.json" --share 5
is "... leaves more out" "$(said 0.9.0)" ""
check "kept ones only by their share" publish_other --delta-from 1 \
	--versions "$WORK/list.json" --share 20
is "... an older one that many run comes back" "$(deltas)" \
	"1.0.0 sluice-delta/1, 1.2.0 sluice-delta/1"
list editor/beta 1.2.0 5 >"$WORK/beta.json"
refused "the list of another channel" 1 publish_other --versions "$WORK/beta.json"
like "... is named" "$ERR" 'editor/beta'
echo nonsense >"$WORK/bad.json"
refused "no list" 1 publish_other --versions "$WORK/bad.json"
refused "no file" 2 publish_other --versions "$WORK/none.json"
rm "$PUB"/../v3/targets/1.0.0/"$PLATFORM"/*.editor 2>/dev/null
check "where the old bytes are not at hand" publish_other
like "... it says so" "$(said 1.0.0)" '^none, its bytes are not at hand'
is "... and makes the other" "$(deltas)" "1.2.0 sluice-delta/1"

# --- intake ------------------------------------------------------------------------------------------
web_stop
node "$TOP/tests/e2e/forge.mjs" key "$KEYS/mallory" || exit 2
CHANNEL=editor/canary
server_init >/dev/null || exit 2
ROOT=$WORK/canary.json
"$BIN/sluice-sign" root init $CHANNEL --root-key "$KEYS/root.key.pub" \
	--release-key "$KEYS/mallory.pub" --release-key "$KEYS/release.key.pub" \
	--timestamp-key "$STATE/brake/$CHANNEL/key.pub" -o "$ROOT" >/dev/null &&
	sign root sign --key "$KEYS/root.key" "$ROOT" >/dev/null || exit 2
server_trust && server_start || exit 2
canary() {
	rm -rf "$PUB"
	sign publish $CHANNEL "$@" -a "$PLATFORM=$APP" --root "$ROOT" \
		--key "$KEYS/release.key" --previous "$URL" -o "$PUB"
}
app 1.0.0
check "a channel with a server" canary 1.0.0
check "... and its first release" push
app 1.1.0
check "the next" canary 1.1.0
patch=$(ls "$PUB/targets/1.1.0/$PLATFORM/"*.sluice)
hostile() { # NAME REGEX FILE: as the delta, signed
	rm -rf "$WORK/hostile"
	cp -a "$PUB" "$WORK/hostile"
	node "$TOP/tests/e2e/wrong-delta.mjs" "$WORK/hostile" "$3" \
		"$KEYS/mallory.pem" || return
	check "$1" node "$TOP/tests/e2e/push.mjs" "$WORK/hostile" "$URL" $CHANNEL
	is "... is refused" "$(echo "$OUT" | jq -r .state)" refused
	like "... for what it is" "$(echo "$OUT" | jq -r .error)" \
		"delta .*from-1.0.0.sluice.*$2"
}
sed '$s/./x/' "$APP" >"$WORK/lie"
"$BIN/sluice-delta" make -q "$APPS/1.0.0/editor" "$WORK/lie" "$WORK/lie.patch"
hostile "a native delta to other bytes" 'another file' "$WORK/lie.patch"
cp "$patch" "$WORK/short"
truncate -s -100 "$WORK/short"
hostile "a short one" . "$WORK/short"
# what it takes, bytes 104 to 111: all there is
cp "$patch" "$WORK/greedy"
printf '\377\377\377\377\377\377\377\177' |
	dd of="$WORK/greedy" bs=1 seek=104 conv=notrunc 2>/dev/null
hostile "one that asks for more memory than it says" memory "$WORK/greedy"
"$BIN/sluice-delta" make -q -f bsdiff40 "$APPS/1.0.0/editor" "$APP" "$WORK/named"
hostile "one in another format than it says" . "$WORK/named"
check "the true one is taken" push
app 1.2.0
check "both formats" canary 1.2.0 --delta-format both
check "... are taken in" push
# archives are unpacked on the way, by intake in its sandbox as well
archive() {
	app "$1"
	gzip -n "$APP" && mv "$APP.gz" "$APP"
}
archive 1.3.0
check "an archive" canary 1.3.0
check "... is taken in" push
archive 1.4.0
check "the next one" canary 1.4.0
like "... has a delta that unpacks it" \
	"$("$BIN/sluice-delta" inspect "$PUB/targets/1.4.0/$PLATFORM/"*from-1.3.0.sluice)" \
	'ranges of old: 1,'
check "... is taken in" push
is "the server is well" "$(server_sound)" ""
finish
