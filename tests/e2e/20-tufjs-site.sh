#!/bin/sh
# An unmodified TUF client reads a keyless tree behind a plain web server: what
# is signed is read, what is forged or moves backwards is refused.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

tuf_setup
e2e_keys || exit 2
e2e_root || exit 2
app 1.0.0
keyless="--keyless $SITE --timestamp-key $KEYS/timestamp.key"
# shellcheck disable=SC2086
check "publish into a keyless tree" publish 1.0.0 $keyless || exit 1
check "a web server serves it" web_start "$SITE" || exit 1
url=$WEB_URL/$CHANNEL
state=$WORK/tuf

check "tuf-js reads it" tuf_read --state "$state" "$url" "$ROOT"
first=$OUT
is "... the release" "$(echo "$first" | jq -r .version)" 1.0.0
is "... its artifact" "$(echo "$first" | jq -r '.downloaded[0]')" \
	"1.0.0/$PLATFORM/editor"
is "... signed by the signer's own timestamp key" \
	"$(echo "$first" | jq .offline)" true

cp -r "$SITE" "$WORK/old-site"
cp "$SITE/$CHANNEL/timestamp.json" "$WORK/old-timestamp"
app 1.1.0
# shellcheck disable=SC2086
check "the next release, with a delta" publish 1.1.0 $keyless --previous "$PUB" --fallback none
check "tuf-js goes up to it" tuf_read --state "$state" "$url" "$ROOT"
second=$OUT
is "... the release" "$(echo "$second" | jq -r .version)" 1.1.0
like "... with the delta" "$second" "editor.from-1.0.0.sluice"

halt=$SITE.timestamps/$CHANNEL/halt.json
cp "$SITE/$CHANNEL/timestamp.json" "$WORK/offer"
check "a halt is put in place" cp "$halt" "$SITE/$CHANNEL/timestamp.json"
check "tuf-js follows the halt" tuf_read --state "$state" "$url" "$ROOT"
is "... which offers nothing" "$(echo "$OUT" | jq -r .kind)" halt

cp "$WORK/offer" "$SITE/$CHANNEL/timestamp.json"
refused "it does not go back to the offer below" 3 \
	tuf_read --state "$state" "$url" "$ROOT"
like "... whose version is lower" "$ERR" '[Vv]ersion.* is less than'
cp "$WORK/old-timestamp" "$SITE/$CHANNEL/timestamp.json"
refused "... nor to the publication before" 3 \
	tuf_read --state "$state" "$url" "$ROOT"
check "who comes anew reads the old one" tuf_read "$url" "$ROOT"

cp "$WORK/offer" "$SITE/$CHANNEL/timestamp.json"
artifact=$(find "$SITE/$CHANNEL/targets/1.1.0" -name '*.editor')
printf x | dd of="$artifact" bs=1 seek=1000 conv=notrunc status=none
refused "a changed artifact is refused" 3 tuf_read "$url" "$ROOT"
like "... by its digest" "$ERR" '[Hh]ash|digest'
finish
