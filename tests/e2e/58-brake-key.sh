#!/bin/sh
# The brake key is replaced while the server runs, as after a theft: clients
# follow, and what the old key signs is believed by nobody any more.
# timeout: 180
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

e2e_keys || exit 2
server_init || exit 2
brake=$STATE/brake/$CHANNEL
e2e_root "$brake/key.pub" || exit 2
server_trust || exit 2
server_start || exit 2

sluiced() {
	"$BIN/sluiced" -c "$WORK/sluiced.conf" "$@"
}
keyid() { # FILE.pub: the ID of the one key in it
	"$BIN/sluice-sign" inspect "$1" | awk '$1 == "keyid" { print $2 }'
}
stamped() { # the ID of the key that signs what clients get
	curl -fsS "$URL/$CHANNEL/timestamp.json" | jq -r '.signatures[].keyid'
}

app 1.0.0
publish 1.0.0 >/dev/null || exit 2
push >/dev/null || exit 2
check "a client" client_init one
check "... installs" client update
old=$(keyid "$brake/key.pub")
is "the old key signs" "$(stamped)" "$old"
cp "$brake/key" "$WORK/stolen"
server_stop
cp -a "$STATE" "$WORK/thief"
server_start || exit 2

# the thief's server has all that there was before the drill
ask_thief() {
	sed "s|^state.*|state = $WORK/thief|" "$WORK/sluiced.conf" >"$WORK/thief.conf"
	rm -f "$WORK/thief/port"
	"$BIN/sluiced" -c "$WORK/thief.conf" run 2>"$WORK/thief.log" &
	thief=$!
	wait_for 20 test -s "$WORK/thief/port"
	ask "http://127.0.0.1:$(cat "$WORK/thief/port")"
	ask_status=$?
	kill "$thief"
	wait "$thief"
	return $ask_status
}
ask() { # URL
	sed -i "s|^url.*|url = $1|" "$CLIENT/conf"
	client check
}
check "what it signs elsewhere is believed" ask_thief

# --- the drill --------------------------------------------------------------------
refused "no next key for a channel without one" 2 sluiced brake next editor/beta
check "the next key is made" sluiced brake next "$CHANNEL"
like "... and its public half named" "$OUT" 'key\.next\.pub'
new=$(keyid "$brake/key.next.pub")
refused "one that waits is not thrown away" 1 sluiced brake next "$CHANNEL"
like "... but by name" "$ERR" 'hint: .*--replace'
check "... with --replace it is" sluiced brake next --replace "$CHANNEL"
[ "$new" != "$(keyid "$brake/key.next.pub")" ]
is "... it is another one" $? 0
new=$(keyid "$brake/key.next.pub")
is "... and signs nothing yet" "$(stamped)" "$old"

check "the next root" "$BIN/sluice-sign" root next "$ROOT" -o "$WORK/2.root.json" \
	--add-key "timestamp=$brake/key.next.pub" --remove-key "$old"
check "... is signed" sign root sign --previous "$ROOT" \
	--key "$KEYS/root.key" "$WORK/2.root.json"
renew() {
	rm -rf "$PUB"
	sign renew "$CHANNEL" --root "$WORK/2.root.json" --previous "$URL" \
		--key "$KEYS/release.key" --minisign-key "$KEYS/minisign.key" -o "$PUB"
}
check "the ladder is renewed" renew
check "... and pushed" push

# --- after it ---------------------------------------------------------------------
is "the new key signs" "$(stamped)" "$new"
is "... which has taken the place of the old" "$(keyid "$brake/key.pub")" "$new"
[ ! -e "$brake/key.next" ] && [ ! -e "$brake/key.next.pub" ] &&
	! cmp -s "$brake/key" "$WORK/stolen"
is "... whose seed is gone from the server" $? 0
check "the client accepts it" ask "$URL"
is "... and its root" "$(client status --json | jq .root_version)" 2
refused "the client no longer believes the old key" 1 ask_thief
like "... by name" "$ERR" timestamp
check "... but this server still" ask "$URL"
check "a client with the first root" client_init two
check "... installs" client update
check "the brake still moves" ctl halt "$CHANNEL" --reason "a drill"
is "... with the new key" "$(stamped)" "$new"
check "the history tells of the drill" ctl history "$CHANNEL"
like "... of the key" "$OUT" brake-next

check "the server stops" server_stop
cp "$brake/key" "$WORK/good"
# the thief has the old seed: put it into a server of the same state
cp "$WORK/stolen" "$brake/key"
check "a server with the stolen key" server_start
refused "... cannot even resume" 1 ctl resume "$CHANNEL" --reason "theft"
server_stop
cp "$WORK/good" "$brake/key"
check "the server with its own key" server_start
CLIENT=$HOME_DIR/one
sed -i "s|^url.*|url = $URL|" "$CLIENT/conf"
check "... serves as before" client check
finish
