#!/bin/sh
# sluice tuf reads what others made, and what we made as anybody's: repositories
# of tuf-js's own classes (tests/tuf/cases-foreign.mjs) and a keyless tree of
# ours, up its ladder and not down.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

tuf_setup
check "repositories made by tuf-js" \
	env SLUICE_BIN="$BIN" TMPDIR="$WORK" node "$TOP/tests/tuf/cases-foreign.mjs"
note "$OUT"

e2e_keys || exit 2
e2e_root || exit 2
app 1.0.0
check "a keyless tree" publish 1.0.0 --keyless "$SITE" \
	--timestamp-key "$KEYS/timestamp.key" || exit 1
web_start "$SITE" || exit 1

tuf() {
	"$BIN/sluice" tuf --metadata-dir "$WORK/trusted" \
		--metadata-url "$WEB_URL/$CHANNEL" --target-dir "$WORK/files" \
		--target-base-url "$WEB_URL/$CHANNEL/targets/" "$@"
}

check "its root is trusted" tuf init "$ROOT"
check "its manifest is a target" tuf download --target-name manifest.json
is "... of the release" "$(jq -r .version "$WORK/files/manifest.json")" 1.0.0
artifact=$(jq -r '.artifacts[0].path' "$WORK/files/manifest.json")
check "its artifact too" tuf --target-name "$artifact" download
check "... byte for byte" cmp "$APP" \
	"$WORK/files/$(echo "$artifact" | sed 's,/,%2F,g')"

cp "$SITE/$CHANNEL/timestamp.json" "$WORK/offer"
cp "$SITE.timestamps/$CHANNEL/halt.json" "$SITE/$CHANNEL/timestamp.json"
check "a halt is followed" tuf download --target-name manifest.json
is "... and says so" "$(jq -r .kind "$WORK/files/manifest.json")" halt
cp "$WORK/offer" "$SITE/$CHANNEL/timestamp.json"
refused "the offer below it is not" 1 tuf refresh
like "... since it is older" "$ERR" 'version .* is below'
check "init can be done again" tuf init "$ROOT"
refused "... and forgets nothing" 1 tuf refresh
finish
