#!/bin/sh
# What a person checks with minisign, jq and sha256sum, and nothing of ours.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

for tool in minisign jq sha256sum; do
	has $tool || skip_all "no $tool here"
done
e2e_keys || exit 2
e2e_root || exit 2
app 1.0.0
check "publish" publish 1.0.0 --keyless "$SITE" \
	--timestamp-key "$KEYS/timestamp.key" || exit 1
check "a web server serves it" web_start "$SITE" || exit 1
cd "$WORK" || exit 2
url=$WEB_URL/$CHANNEL

check "the manifest is fetched" curl -fsSO "$url/manifest.json"
check "... and its signature" curl -fsSO "$url/manifest.json.minisig"
check "minisign accepts it" \
	minisign -V -p "$KEYS/minisign.key.pub" -m manifest.json
like "... and the comment says for what" "$OUT" \
	'product:editor.channel:stable.seq:1.version:1.0.0'
path=$(jq -r '.artifacts[0].path' manifest.json)
sum=$(jq -r '.artifacts[0].sha256' manifest.json)
check "the artifact is fetched" \
	curl -fsS -o editor "$url/targets/${path%/*}/$sum.${path##*/}"
is "sha256sum agrees" "$(sha256sum editor | cut -d' ' -f1)" "$sum"
jq -r '.artifacts[0].signatures.minisign' manifest.json | base64 -d >editor.minisig
check "minisign accepts the artifact, too" \
	minisign -V -p "$KEYS/minisign.key.pub" -m editor
printf x >>manifest.json
refused "a changed manifest is refused" 1 \
	minisign -V -p "$KEYS/minisign.key.pub" -m manifest.json
finish
