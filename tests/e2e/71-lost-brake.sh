#!/bin/sh
# A brake that has lost its memory, then its key too: what was signed goes on,
# and it can be given both again.
# timeout: 120
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

brake=$STATE/brake/$CHANNEL
sluiced() {
	"$BIN/sluiced" -c "$WORK/sluiced.conf" "$@"
}
keyid() { # FILE.pub: the ID of the one key in it
	"$BIN/sluice-sign" inspect "$1" | awk '$1 == "keyid" { print $2 }'
}
served() {
	curl -fsS "$URL/$CHANNEL/timestamp.json" | jq ".signed.version % 32"
}

e2e_keys || exit 2
check "a server is set up" server_init || exit 1
check "the root names its brake" e2e_root "$brake/key.pub" || exit 1
check "the server trusts the root" server_trust || exit 1
check "the server starts" server_start || exit 1
app 1.0.0
check "publish" publish 1.0.0 && check "push" push || exit 1
app 1.1.0
check "publish the next" publish 1.1.0 --previous "$URL" &&
	check "push it" push || exit 1
refused "a channel is not added twice" 1 server_trust

# --- its memory -------------------------------------------------------------------
server_stop
rm "$brake/state.json"
check "a server whose brake knows nothing starts" server_start
is "... and serves what was signed" "$(served)" 1
refused "... but cannot move" 2 ctl halt "$CHANNEL" --reason "a drill"
server_stop
check "the root is given to the brake again" server_trust
check "the server starts" server_start
wait_for 10 ctl halt "$CHANNEL" --reason "a drill"
is "the brake moves" "$(served)" 2
refused "a channel is still not added twice" 1 server_trust

# --- its key -----------------------------------------------------------------------
server_stop
old=$(keyid "$brake/key.pub")
rm "$brake/key" "$brake/key.pub"
chmod -R go+rX "$STATE"
check "a server without the brake's key starts" server_start
is "... and serves what was signed" "$(served)" 2
is "... and closes what others could read" \
	"$(stat -c %a "$STATE/brake" "$STATE/db" | sort -u)" 700
check "another key is made" sluiced init --channel "$CHANNEL"
check "the next root" "$BIN/sluice-sign" root next "$ROOT" \
	-o "$WORK/2.root.json" --add-key "timestamp=$brake/key.pub" \
	--remove-key "$old"
check "... names it" sign root sign --previous "$ROOT" \
	--key "$KEYS/root.key" "$WORK/2.root.json"
rm -rf "$PUB"
check "the ladder is renewed" sign renew "$CHANNEL" --root "$WORK/2.root.json" \
	--previous "$URL" --key "$KEYS/release.key" \
	--minisign-key "$KEYS/minisign.key" -o "$PUB"
check "... and pushed" push
check "the brake moves again" ctl halt "$CHANNEL" --reason "a drill"
check "a client takes it" client_init one
check "... and installs" client update
is "... what everybody may have" "$(installed)" "editor 1.0.0"
server_stop
finish
