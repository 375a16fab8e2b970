#!/bin/sh
# A server that is set up anew serves the roots of before too, so that machines
# that slept through them follow.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

e2e_keys jane-root joe-root mallory-root release timestamp minisign || exit 2
ROOTS=$WORK/roots
mkdir -p "$ROOTS" "$WORK/forged"
root_file() { # VERSION
	echo "$ROOTS/$1.root.json"
}
sluiced() {
	"$BIN/sluiced" -c "$WORK/sluiced.conf" "$@"
}
keyid() { # FILE.pub
	"$BIN/sluice-sign" inspect "$1" | awk '$1 == "keyid" { print $2 }'
}
root_one() { # HOLDER FILE
	"$BIN/sluice-sign" root init "$CHANNEL" \
		--root-key "$KEYS/$1-root.key.pub" \
		--release-key "$KEYS/release.key.pub" \
		--timestamp-key "$STATE/brake/$CHANNEL/key.pub" \
		--timestamp-key "$KEYS/timestamp.key.pub" \
		--minisign "$KEYS/minisign.key.pub" -o "$2" >/dev/null &&
		sign root sign --key "$KEYS/$1-root.key" "$2" >/dev/null
}
# root_next FROM TO HOLDERS OPTION...
root_next() {
	next_from=$1 next_to=$2 next_by=$3
	shift 3
	"$BIN/sluice-sign" root next "$next_from" -o "$next_to" "$@" >/dev/null ||
		return
	for next_holder in $next_by; do
		sign root sign --key "$KEYS/$next_holder-root.key" \
			--previous "$next_from" "$next_to" >/dev/null || return
	done
}

# --- two machines, of which one sleeps through the second root --------------------
server_init || exit 2
ROOT=$(root_file 1)
root_one jane "$ROOT" || exit 2
server_trust || exit 2
server_start || exit 2
app 1.0.0
publish 1.0.0 >/dev/null || exit 2
push >/dev/null || exit 2
client_init awake && client update >/dev/null || exit 2
client_init asleep && client update >/dev/null || exit 2
# jane leaves, and signs her successor
root_next "$ROOT" "$(root_file 2)" "jane joe" \
	--remove-key "$(keyid "$KEYS/jane-root.key.pub")" \
	--add-key "root=$KEYS/joe-root.key.pub" || exit 2
old=$(keyid "$STATE/brake/$CHANNEL/key.pub")
rm -rf "$PUB"
check "the second root is published" sign renew "$CHANNEL" --root "$ROOT" \
	--root "$(root_file 2)" --previous "$URL" --complete \
	--key "$KEYS/release.key" --minisign-key "$KEYS/minisign.key" -o "$PUB"
check "... to the server" push
CLIENT=$HOME_DIR/awake
check "the machine that is awake follows" client update
is "... to root 2" "$(client status --json | jq .root_version)" 2

# --- the server is lost -------------------------------------------------------------
server_stop
cp -R "$PUB" "$WORK/last"
rm -rf "$STATE"
server_init || exit 2
root_next "$(root_file 2)" "$(root_file 3)" joe --remove-key "$old" \
	--add-key "timestamp=$STATE/brake/$CHANNEL/key.pub" || exit 2

refused "a chain with a gap is refused" 2 sluiced channel add "$CHANNEL" \
	--root "$(root_file 1)" --root "$(root_file 3)"
like "... and says which is missing" "$ERR" 'root 2 is missing'
root_one mallory "$WORK/forged/1.root.json" || exit 2
root_next "$WORK/forged/1.root.json" "$WORK/forged/2.root.json" mallory || exit 2
refused "a root that does not follow from the one before is refused" 1 \
	sluiced channel add "$CHANNEL" --root "$(root_file 1)" \
	--root "$WORK/forged/2.root.json" --root "$(root_file 3)"
like "... and named" "$ERR" 'forged/2.root.json'
refused "as are two of one version" 1 sluiced channel add "$CHANNEL" \
	--root "$WORK/last" --root "$WORK/forged/2.root.json"
refused "as is a folder without roots" 2 sluiced channel add "$CHANNEL" \
	--root "$APPS"
refused "as is another channel's" 1 sluiced channel add editor/other \
	--root "$WORK/last"
is "nothing is trusted yet" "$(ls "$STATE/brake/$CHANNEL")" "$(printf 'key\nkey.pub')"

check "the chain: the last publication's, and the new one" \
	sluiced channel add "$CHANNEL" --root "$WORK/last" --root "$(root_file 3)"
like "... the fingerprint is that of the newest" "$OUT" \
	"^$(sha256sum "$(root_file 3)" | cut -d' ' -f1)  $CHANNEL"
like "... that of the first is shown too" "$OUT" \
	"$(sha256sum "$(root_file 1)" | cut -d' ' -f1)"
unlike "... and nothing is missing" "$OUT" 'cannot follow'
check "the server starts" server_start
app 1.1.0
rm -rf "$PUB"
check "a release under the new root" sign publish "$CHANNEL" 1.1.0 \
	-a "$PLATFORM=$APP" --stage 100:0s --previous "$WORK/last" --complete \
	--fallback none --delta-from 0 --root "$(root_file 1)" \
	--root "$(root_file 2)" --root "$(root_file 3)" \
	--key "$KEYS/release.key" --minisign-key "$KEYS/minisign.key" -o "$PUB"
check "... is pushed" push
for name in awake asleep; do
	CLIENT=$HOME_DIR/$name
	sed -i "s|^url.*|url = $URL|" "$CLIENT/conf"
	check "the machine that was $name follows" client update
	is "... to root 3" "$(client status --json | jq .root_version)" 3
	is "... and to the release" "$(installed)" "editor 1.1.0"
done
check "the server is sound" server_sound
server_stop

# --- the chain comes later -----------------------------------------------------------
# a mirror, which needs no brake; a server is the same
STATE=$WORK/mirror
sed -i "s|^state.*|state = $STATE|" "$WORK/sluiced.conf"
sluiced init >/dev/null || exit 2
check "a server that is given the newest root alone" sluiced channel add \
	"$CHANNEL" --mirror --root "$(root_file 3)"
like "... says whom it leaves behind" "$OUT" 'only a root before 3 cannot follow'
check "runs" server_start
is "... without the first" "$(curl -s -o /dev/null -w '%{http_code}' \
	"$URL/$CHANNEL/1.root.json")" 404
check "the chain comes later" sluiced channel add "$CHANNEL" --mirror --json \
	--root "$ROOTS"
is "... and is said to begin with root 1" \
	"$(printf '%s' "$OUT" | jq -c '[.first_version, .root_version]')" '[1,3]'
for version in 1 2 3; do
	check "... root $version is served" curl -fsS -o "$WORK/got" \
		"$URL/$CHANNEL/$version.root.json"
	check "... as it is" cmp "$WORK/got" "$(root_file "$version")"
done
refused "a second time there is nothing to add" 1 sluiced channel add \
	"$CHANNEL" --mirror --root "$ROOTS"
is "what is trusted has not changed" \
	"$(ctl channel list --json | jq -r '.channels[0].fingerprint')" \
	"$(sha256sum "$(root_file 3)" | cut -d' ' -f1)"
check "the server is sound" server_sound
finish
