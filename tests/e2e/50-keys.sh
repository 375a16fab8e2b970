#!/bin/sh
# Keys and the first roots: what makes, opens and refuses them; holders on
# machines of their own; no set of keys that is good for two channels.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

mkdir -p "$KEYS"
cd "$WORK" || exit 2
keygen() { # NAME ROLE [OPTION...]
	keygen_name=$1 keygen_role=$2
	shift 2
	sign keygen --role "$keygen_role" --kdf minimal "$@" "$KEYS/$keygen_name"
}

# --- one key --------------------------------------------------------------------
check "a key is made" keygen one root --comment "Jane, 2026"
is "... for its owner only" "$(stat -c %a "$KEYS/one")" 600
check "... with its public half beside it" test -s "$KEYS/one.pub"
check "... which is JSON" jq -e '.keytype == "ed25519"' "$KEYS/one.pub"
check "inspect tells what it is" "$BIN/sluice-sign" inspect "$KEYS/one"
like "... role" "$OUT" root
like "... and whose" "$OUT" "Jane, 2026"
unlike "the secret is not in it in the clear" "$(cat "$KEYS/one")" '"(secret|seed)"'
sum=$(cksum <"$KEYS/one")
refused "a second one of the same name is refused" 1 keygen one root
like "... for it exists" "$ERR" exists
is "... and the first is as it was" "$(cksum <"$KEYS/one")" "$sum"
mv "$KEYS/one.pub" pub.away
refused "nor is a key made over one whose public half is gone" 1 keygen one root
check "... no half of a key is left" test ! -e "$KEYS/one.pub"
mv pub.away "$KEYS/one.pub"
refused "an unknown role is refused" 2 keygen bad chef
refused "without a role, too" 2 "$BIN/sluice-sign" keygen "$KEYS/bad"
check "... and nothing was written" test ! -e "$KEYS/bad"
printf '\n' >empty
refused "an empty passphrase is refused" 2 \
	"$BIN/sluice-sign" keygen --role root --kdf minimal --pass-fd 3 "$KEYS/bad" 3<empty
refused "no terminal, no descriptor: it says so" 2 \
	setsid "$BIN/sluice-sign" keygen --role root --kdf minimal "$KEYS/bad" </dev/null
like "... with a hint" "$ERR" 'pass-fd|terminal'

# --- opening it -----------------------------------------------------------------
for k in release timestamp minisign; do keygen $k $k >/dev/null || exit 2; done
root_init() { # FILE OPTION...
	root_file=$1
	shift
	"$BIN/sluice-sign" root init "$CHANNEL" --release-key "$KEYS/release.pub" \
		--timestamp-key "$KEYS/timestamp.pub" \
		--minisign "$KEYS/minisign.pub" -o "$root_file" "$@"
}
check "a root is put together" root_init r.json --root-key "$KEYS/one.pub"
refused "not twice" 1 root_init r.json --root-key "$KEYS/one.pub"
cp r.json r.orig
sign_with() { # KEY FILE, passphrase on descriptor 3
	"$BIN/sluice-sign" root sign --key "$1" --pass-fd 3 "$2"
}
echo wrong >wrong
echo pass >right
refused "a wrong passphrase is refused" 1 sign_with "$KEYS/one" r.json 3<wrong
like "... and named as what it is" "$ERR" 'one: .*passphrase'
chmod 640 "$KEYS/one"
refused "a key that a group can read is refused" 1 \
	sign_with "$KEYS/one" r.json 3<right
like "... with what to do" "$ERR" "hint: chmod 600 $KEYS/one"
chmod 604 "$KEYS/one"
refused "a key that others can read is refused" 1 \
	sign_with "$KEYS/one" r.json 3<right
chmod 600 "$KEYS/one"
refused "a release key signs no root" 2 sign_with "$KEYS/release" r.json 3<right
like "... it says which it is and which it should be" "$ERR" \
	'a release key, not a root key'
keygen other root >/dev/null
refused "nor does a root key that the root does not name" 1 \
	sign_with "$KEYS/other" r.json 3<right
cut -c1-200 "$KEYS/one" >"$KEYS/half"
chmod 600 "$KEYS/half"
refused "half a key file is refused" 1 sign_with "$KEYS/half" r.json 3<right
sed 's/"mem":[0-9]*/"mem":9999999999999/' "$KEYS/one" >"$KEYS/greedy"
chmod 600 "$KEYS/greedy"
refused "one that asks for all memory is refused" 1 \
	sign_with "$KEYS/greedy" r.json 3<right
sed 's/Jane/John/' "$KEYS/one" >"$KEYS/renamed"
chmod 600 "$KEYS/renamed"
refused "one whose comment was changed is refused" 1 \
	sign_with "$KEYS/renamed" r.json 3<right
is "none of that touched the root" "$(cksum <r.json)" "$(cksum <r.orig)"
check "the right passphrase by descriptor" sign_with "$KEYS/one" r.json 3<right
like "... completes it" "$OUT" 'complete .*fingerprint [0-9a-f]{64}'
refused "the same holder twice is refused" 1 sign_with "$KEYS/one" r.json 3<right

# --- at a terminal ----------------------------------------------------------------
# a key is asked for, ^C comes instead of a passphrase; what the terminal is like
# afterwards lies in "after"
interrupted() {
	cp r.orig c.json
	mkfifo typing
	# what runs in the background ignores ^C
	# shellcheck disable=SC2016 # the inner shell's
	env --default-signal=INT,QUIT script -qefc 'trap : INT; "$BIN/sluice-sign" root sign \
		--key "$KEYS/one" c.json; echo "status $?"; stty -a >after' \
		said <typing >/dev/null 2>&1 &
	exec 9>typing
	wait_for 20 grep -q Passphrase said || return
	printf '\003' >&9
	wait_for 20 grep -q 'status 130' said
	i_status=$?
	exec 9>&-
	wait
	return $i_status
}
if has script && env --default-signal=INT true 2>/dev/null; then
	export BIN KEYS
	check "^C instead of a passphrase ends it" interrupted
	like "... and the terminal shows again what is typed" "$(cat after)" \
		'(^| )echo '
else
	skip "^C instead of a passphrase" "no script"
fi

mkdir credentials
echo pass >credentials/sluice-pass
cp r.orig c.json
check "the passphrase as a systemd credential" \
	env CREDENTIALS_DIRECTORY="$WORK/credentials" \
	setsid "$BIN/sluice-sign" root sign --key "$KEYS/one" c.json
is "... makes the same signature" "$(cksum <c.json)" "$(cksum <r.json)"
check "keygen with a credential" env CREDENTIALS_DIRECTORY="$WORK/credentials" \
	setsid "$BIN/sluice-sign" keygen --role root --kdf minimal "$KEYS/cred"

# --- two of three holders, each on a machine of its own ---------------------------
for h in jane joe ada; do
	mkdir "$h" || exit 2
	sign keygen --role root --kdf minimal "$h/root" >/dev/null || exit 2
done
server_init || exit 2
brake=$STATE/brake/$CHANNEL/key.pub
check "three holders, two must agree" root_init two.json --root-threshold 2 \
	--timestamp-key "$brake" \
	--root-key jane/root.pub --root-key joe/root.pub --root-key ada/root.pub
refused "more than there are cannot be asked for" 1 root_init x.json \
	--root-threshold 3 --root-key jane/root.pub --root-key joe/root.pub
check "... nothing is written then" test ! -e x.json
refused "one holder twice does not make two" 2 root_init x.json \
	--root-threshold 2 --root-key jane/root.pub --root-key jane/root.pub
add() {
	cp "$1" "$2/root.json"
	(cd "$2" && echo pass | "$BIN/sluice-sign" root sign --key root \
		--pass-fd 0 root.json)
}
check "jane signs" add two.json jane
like "... and hands on" "$OUT" 'signatures  1 of 2'
like "... as incomplete" "$OUT" incomplete
refused "one is not enough for a server" 1 "$BIN/sluiced" -s "$STATE" \
	channel add "$CHANNEL" --root jane/root.json
refused "nor is a root without this server's brake key" 1 "$BIN/sluiced" \
	-s "$STATE" channel add "$CHANNEL" --root r.json
# shellcheck disable=SC2034 # read by publish
APP=$KEYS/one.pub ROOT=jane/root.json
cp "$KEYS/release" "$KEYS/release.key"
cp "$KEYS/minisign" "$KEYS/minisign.key"
refused "nor to publish with" 1 publish 1.0.0
like "... it says how many are missing" "$ERR" '1 of 2 signatures'
check "ada signs what jane signed" add jane/root.json ada
like "... now it is whole" "$OUT" complete
check "... a server trusts it" "$BIN/sluiced" -s "$STATE" \
	channel add "$CHANNEL" --root ada/root.json
like "... and says its fingerprint" "$OUT" \
	"$(sha256sum ada/root.json | cut -d' ' -f1)"
check "a third signature does no harm" add ada/root.json joe

# --- sets of keys that may not be ---------------------------------------------------
"$BIN/sluice-sign" root init editor/canary --root-key "$KEYS/one.pub" \
	--release-key "$KEYS/release.pub" --timestamp-key "$KEYS/timestamp.pub" \
	--other ada/root.json -o canary.json >out 2>err
is "the release key of stable for canary: refused" "$?" 1
like "... with the reason" "$(cat err)" 'editor/stable|another channel|threshold'
check "... nothing is written" test ! -e canary.json
keygen canary release >/dev/null
keygen canary-time timestamp >/dev/null
refused "the same timestamp key for two channels: refused" 1 \
	"$BIN/sluice-sign" root init editor/canary --root-key "$KEYS/one.pub" \
	--release-key "$KEYS/canary.pub" --timestamp-key "$KEYS/timestamp.pub" \
	--other ada/root.json -o canary.json
check "keys of its own: allowed" \
	"$BIN/sluice-sign" root init editor/canary --root-key "$KEYS/one.pub" \
	--release-key "$KEYS/canary.pub" --timestamp-key "$KEYS/canary-time.pub" \
	--other ada/root.json -o canary.json
# beta asks for two of a pair; both of them could sign canary, too
keygen second release >/dev/null
"$BIN/sluice-sign" root init editor/beta --root-key "$KEYS/one.pub" \
	--release-key "$KEYS/release.pub" --release-key "$KEYS/second.pub" \
	--release-threshold 2 --timestamp-key "$KEYS/timestamp.pub" \
	-o beta.json >/dev/null
refused "a key of a pair alone good for another channel: refused" 1 \
	"$BIN/sluice-sign" root init editor/canary --root-key "$KEYS/one.pub" \
	--release-key "$KEYS/second.pub" --release-key "$KEYS/release.pub" \
	--timestamp-key "$KEYS/canary-time.pub" --other beta.json -o canary2.json
refused "a release key that is a timestamp key, too: refused" 1 \
	"$BIN/sluice-sign" root init editor/nightly --root-key "$KEYS/one.pub" \
	--release-key "$KEYS/release.pub" --timestamp-key "$KEYS/release.pub" \
	-o nightly.json

# --- the next root --------------------------------------------------------------------
check "the next root, with joe gone" "$BIN/sluice-sign" root next ada/root.json \
	--remove-key "$(jq -r .signatures[0].keyid jane/root.json)" \
	--add-key "root=$KEYS/other.pub" -o next.json
next_sign() {
	"$BIN/sluice-sign" root sign --previous ada/root.json --pass-fd 3 \
		--key "$1" next.json
}
refused "nobody signs after a version 1 that is not whole" 1 "$BIN/sluice-sign" \
	root sign --previous jane/root.json --key ada/root --pass-fd 3 \
	next.json 3<right
like "... for nobody could follow" "$ERR" 'no client'
refused "version 2 is not signed without version 1 at hand" 2 \
	sign_with ada/root next.json 3<right
check "ada signs" next_sign ada/root 3<right
like "... she is shown from which version" "$OUT" '^- root version 1$'
like "... to which" "$OUT" '^\+ root version 2$'
like "... who goes" "$OUT" \
	"^- root key $(jq -r .signatures[0].keyid jane/root.json)"
like "... who comes" "$OUT" "^\\+ root key $("$BIN/sluice-sign" inspect \
	"$KEYS/other.pub" | awk '$1 == "keyid" { print $2 }')"
unlike "... and nothing that stays" "$OUT" 'threshold'
like "... and what exactly" "$OUT" 'to sign +SHA-256 [0-9a-f]{64}'
like "... one of the old" "$OUT" 'old keys    1 of 2'
check "who is new signs" next_sign "$KEYS/other" 3<right
like "... still one of the old only" "$OUT" incomplete
check "who goes signs, for the old" next_sign jane/root 3<right
like "... now it is whole" "$OUT" complete
check "diff shows who comes and goes" "$BIN/sluice-sign" diff ada/root.json next.json
# --- the server knows the roots of all its channels -----------------------------------
# who was not shown the others by --other learns it here; as mirrors they need no brake
mirrored() { # CHANNEL FILE
	sign root sign --key "$KEYS/one" "$2" >/dev/null &&
		"$BIN/sluiced" -s "$STATE" channel add "$1" --root "$2" --mirror
}
keygen dev release >/dev/null
check "a channel with keys of its own" mirrored editor/canary canary.json
is "... about which there is nothing to say" "$ERR" ""
check "one of a pair of which one is another channel's" mirrored editor/beta \
	beta.json
like "... is said to be that" "$ERR" \
	'warning: editor/beta and editor/stable share release keys that meet'
"$BIN/sluice-sign" root init editor/dev --root-key "$KEYS/one.pub" \
	--release-key "$KEYS/dev.pub" --timestamp-key "$KEYS/canary-time.pub" \
	-o dev.json >/dev/null
check "one with the timestamp key of canary" mirrored editor/dev dev.json
like "... is said to be that" "$ERR" \
	'warning: editor/dev and editor/canary share a timestamp key'
finish
