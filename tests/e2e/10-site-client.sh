#!/bin/sh
# Our own client follows a keyless tree behind a plain web server: the first
# installation, an update by delta, a halt, and what it refuses.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

e2e_keys || exit 2
e2e_root || exit 2
keyless="--keyless $SITE --timestamp-key $KEYS/timestamp.key"
app 1.0.0
# shellcheck disable=SC2086
check "publish into a keyless tree" publish 1.0.0 $keyless || exit 1
check "a web server serves it" web_start "$SITE" || exit 1
check "a client trusts the root" client_init
refused "an update is offered" 10 client check
check "it is installed" client update
is "... and runs" "$(installed)" "editor 1.0.0"
check "nothing more to do" client check

app 1.1.0
# shellcheck disable=SC2086
check "the next release" publish 1.1.0 $keyless --previous "$PUB" --fallback 1.0.0
check "the client goes up" client update
like "... by delta" "$OUT$ERR" 'delta'
is "... and runs it" "$(installed)" "editor 1.1.0"
client_init two
check "another installs it whole" client update
is "... the same bytes" "$(cksum <"$CLIENT/app/current/editor")" "$(cksum <"$APP")"

# --- roots, and channels without one
client_init three
sed 's/^channel.*/channel = beta/' "$CLIENT/conf" >"$WORK/conf"
echo "root = $ROOT" >>"$WORK/conf"
cp "$WORK/conf" "$CLIENT/conf"
refused "another channel's root is not taken for the configured one" 2 client check
like "... it is said whose it is" "$ERR" 'channel beta .*is of stable'
like "... and what is to be done" "$ERR" 'hint: sluice init ROOT'
refused "a channel without a root is not followed" 2 client channel canary
like "... and what is to be done" "$ERR" 'hint: sluice init ROOT'
check "the configured one may bring its root along" client channel beta
HOME_DIR=$WORK/fresh
client_init >/dev/null
rm -r "$CLIENT/state"
echo "root = $ROOT" >>"$CLIENT/conf"
check "a root of the configuration is trusted at first use" client update
is "... and kept" "$(find "$CLIENT/state" -name root.json | wc -l)" 1
HOME_DIR=$WORK/client
CLIENT=$HOME_DIR/two

app 1.2.0
# shellcheck disable=SC2086
check "a bad release" publish 1.2.0 $keyless --previous "$PUB" --fallback 1.1.0
check "is halted" cp "$SITE.timestamps/$CHANNEL/halt.json" \
	"$SITE/$CHANNEL/timestamp.json"
check "nobody is offered it" client check
is "... nobody has it" "$(installed)" "editor 1.1.0"

check "it is withdrawn" cp "$SITE.timestamps/$CHANNEL/rollback-1.0.0.json" \
	"$SITE/$CHANNEL/timestamp.json"
check "with what came after 1.0.0" client update
is "... and the client goes back" "$(installed)" "editor 1.0.0"

printf x >>"$SITE/$CHANNEL/timestamp.json"
refused "a damaged timestamp is refused" 1 client check
rm "$SITE/$CHANNEL/timestamp.json"
refused "without an answer there is no answer" 2 client check
finish
