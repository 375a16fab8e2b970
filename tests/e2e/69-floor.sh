#!/bin/sh
# A stolen release key that raises the floor, and the release number, as far as
# they go: when root has replaced it, clients take both anew.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

e2e_keys root release new-release timestamp minisign || exit 2
server_init || exit 2
e2e_root "$STATE/brake/$CHANNEL/key.pub" || exit 2
server_trust && server_start || exit 2
app 1.0.0
publish 1.0.0 >/dev/null && push >/dev/null || exit 2
client_init one && client update >/dev/null || exit 2
is "a machine has the first release" "$(installed)" "editor 1.0.0"
floor() {
	client status --json | jq .floor_seq
}
# the highest there is: nothing can be above it
MAX=2147483647
app 6.6.6
check "the thief ships the highest number, as a floor" publish 6.6.6 \
	--previous "$URL" --seq $MAX --floor $MAX
check "... pushes it" push
check "... and clients take it" client update
is "... it runs" "$(installed)" "editor 6.6.6"
is "... the floor is as high as it goes" "$(floor)" $MAX

# --- root names another key -------------------------------------------------------------
check "it is halted" ctl halt "$CHANNEL" --reason "a stolen key"
old=$("$BIN/sluice-sign" inspect "$KEYS/release.key.pub" |
	awk '$1 == "keyid" { print $2 }')
check "the next root" "$BIN/sluice-sign" root next "$ROOT" --remove-key "$old" \
	--add-key "release=$KEYS/new-release.key.pub" -o "$WORK/2.root.json"
check "... is signed" sign root sign --key "$KEYS/root.key" --previous "$ROOT" \
	"$WORK/2.root.json"
app 7.0.0
rm -rf "$PUB"
# the version is higher: clients go to a lower one by a permission alone
check "a good release, of a number far below" sign publish "$CHANNEL" 7.0.0 \
	-a "$PLATFORM=$APP" --stage 100:0s --previous "$URL" --seq 3 --floor 3 \
	--withdrawn 6.6.6 \
	--root "$ROOT" --root "$WORK/2.root.json" --key "$KEYS/new-release.key" \
	--minisign-key "$KEYS/minisign.key" -o "$PUB"
check "... is taken by the server" push
check "the machine follows" client update
is "... to it" "$(installed)" "editor 7.0.0"
is "... and the floor is the new key's" "$(floor)" 3
app 7.0.1
rm -rf "$PUB"
check "the next release needs no number" sign publish "$CHANNEL" 7.0.1 \
	-a "$PLATFORM=$APP" --stage 100:0s --previous "$URL" --root "$ROOT" \
	--root "$WORK/2.root.json" --key "$KEYS/new-release.key" \
	--minisign-key "$KEYS/minisign.key" -o "$PUB"
check "... is pushed" push
check "... and the machine follows" client update
is "... to it" "$(installed)" "editor 7.0.1"
is "... by the next number" "$(client status --json | jq .installed_seq)" 4
check "a new machine" client_init two
check "... installs" client update
is "... the same" "$(installed)" "editor 7.0.1"
check "the server is sound" server_sound
finish
