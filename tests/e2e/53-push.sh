#!/bin/sh
# What a server takes and what it refuses: tokens, whose publication, which
# bytes, in which order; a push that is cut off goes on where it was.
# timeout: 180
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

e2e_keys || exit 2
server_init || exit 2
e2e_root "$STATE/brake/$CHANNEL/key.pub" || exit 2
server_trust || exit 2
# one address, so that a pusher meets the server again that was killed
port=$(free_port)
sed -i "s/^listen.*/listen = 127.0.0.1:$port/" "$WORK/sluiced.conf"
server_start || exit 2
api=$URL/v1/publications/$CHANNEL

served() { # the version that a new client would get
	curl -fsS "$URL/$CHANNEL/manifest.json?ask=1" | jq -r .version
}
auth() { # TOKEN: what GET of the channel says
	curl -s -o "$WORK/answer" -w '%{http_code}' -H "Authorization: Bearer $1" "$api"
}

# --- who may push -------------------------------------------------------------------
app 1.0.0
publish 1.0.0 >/dev/null || exit 2
read_token=$(sed -n 's/^read token: *//p' "$WORK/init.out")
refused "a wrong token" 1 env SLUICE_TOKEN="${TOKEN%?}x" "$BIN/sluice-sign" push "$PUB" "$URL"
like "... is said to be refused" "$ERR" token
refused "no token" 2 env -u SLUICE_TOKEN "$BIN/sluice-sign" push "$PUB" "$URL"
refused "a token for reading" 1 env SLUICE_TOKEN="$read_token" \
	"$BIN/sluice-sign" push "$PUB" "$URL"
like "... lacks the scope, by name" "$ERR" publish
is "... but may read" "$(auth "$read_token")" 200
refused "a token for what there is not is not made" 2 ctl token create \
	--scope health --reason "for the test"
like "... the scopes are named" "$ERR" 'read, publish'
check "a token that soon ends" ctl token create --scope publish --expires 2s \
	--reason "for the test" --note "short"
short=$OUT
is "... is good at first" "$(auth "$short")" 200
check "a token that is taken back" ctl token create --scope publish --reason "for the test"
gone=$OUT
is "... is good at first" "$(auth "$gone")" 200
id=${gone#slc_}
check "... is taken back" ctl token revoke "${id%%_*}" --reason "it leaked"
is "... and refused" "$(auth "$gone")" 401
ended() { [ "$(auth "$short")" = 401 ]; }
check "the short one has ended" wait_for 10 ended
check "tokens are listed" ctl token list
unlike "... without their secrets" "$OUT" "$(echo "$TOKEN" | cut -d_ -f3)"
chmod 644 "$WORK/init.out"
echo "$TOKEN" >"$WORK/token"
refused "a token file that all can read is refused" 1 env -u SLUICE_TOKEN \
	"$BIN/sluice-sign" push --token-file "$WORK/token" "$PUB" "$URL"
chmod 600 "$WORK/token"
check "a token file of one's own is good" env -u SLUICE_TOKEN \
	"$BIN/sluice-sign" push --token-file "$WORK/token" "$PUB" "$URL"
is "... it is served" "$(served)" 1.0.0
check "once more: it is there" push
like "... and says so" "$OUT" 'there already'
first=$WORK/first
cp -r "$PUB" "$first"

# --- in which order ---------------------------------------------------------------------
app 1.1.0
publish 1.1.0 --previous "$URL" --stage 100:0s >/dev/null || exit 2
cp -r "$PUB" "$WORK/second"
app 1.1.1
publish 1.1.1 --previous "$URL" >/dev/null || exit 2
cp -r "$PUB" "$WORK/rival"
PUB=$WORK/second
check "two have built on the same: the first is taken" push
PUB=$WORK/rival
refused "the second is told what to build on" 1 push
like "... that there is another" "$ERR" 'another publication'
like "... which" "$ERR" 'hint: build on m [0-9]+, 1\.1\.0: publish --previous'
PUB=$first
refused "an older one is refused" 1 push
is "what was taken is served" "$(served)" 1.1.0
PUB=$WORK/third
app 1.2.0
publish 1.2.0 --previous "$first" --fallback 1.0.0 >/dev/null || exit 2
refused "built on an old folder" 1 push
like "... for there is another" "$ERR" 'another publication'
publish 1.2.0 --previous "$URL" --fallback 1.0.0 >/dev/null || exit 2
refused "a fallback that is not the newest good one is refused" 1 push
like "... and which would be" "$ERR" fallback
publish 1.2.0 --previous "$URL" --fallback none >/dev/null || exit 2
refused "no fallback though there is one is refused" 1 push
is "what was taken is served still" "$(served)" 1.1.0
check "status shows what came and was refused" ctl status "$CHANNEL"
like "... with the reason" "$OUT" 'incoming.*refused.*fallback'

# --- whose publication ---------------------------------------------------------------------
# other CHANNEL: a publication for it by keys of this channel's holders, newer
# than what is here
other() {
	(
		CHANNEL=$1 ROOT=$WORK/other.json PUB=$WORK/other
		rm -rf "$ROOT" "$PUB" "$WORK/before"
		e2e_root "$STATE/brake/editor/stable/key.pub" &&
			publish 1.0.0 || exit
		for version in 1.1.0 1.2.0 1.3.0 1.4.0; do
			mv "$PUB" "$WORK/before"
			publish $version --previous "$WORK/before" --fallback 1.0.0 \
				--delta-from 0 || exit
			rm -rf "$WORK/before"
		done
	) >/dev/null
}
other editor/canary || exit 2
refused "a channel that the server does not have" 2 "$BIN/sluice-sign" push "$WORK/other" "$URL"
other drawing/stable || exit 2
refused "a product that it does not have" 2 "$BIN/sluice-sign" push "$WORK/other" "$URL"

# by_hand DIR CHANNEL: as push does, without its checks; prints the last answer
by_hand() {
	node "$TOP/tests/e2e/push.mjs" "$1" "$URL" "$2"
}
check "pushed by hand as if it were stable" by_hand "$WORK/other" editor/stable
is "... it is refused" "$(echo "$OUT" | jq -r .state)" refused
like "... for what it is" "$(echo "$OUT" | jq -r .error)" drawing/stable

# --- which bytes ----------------------------------------------------------------------------
app 1.2.0-final # bytes that the server has not seen yet
PUB=$WORK/good
publish 1.2.0 --previous "$URL" >/dev/null || exit 2
# bad NAME REGEX COMMAND...: a copy of PUB, changed by the command run in it, is refused
bad() {
	bad_name=$1 bad_why=$2
	shift 2
	rm -rf "$WORK/bad"
	cp -r "$PUB" "$WORK/bad"
	(cd "$WORK/bad" && "$@") || exit 2
	check "$bad_name" by_hand "$WORK/bad" "$CHANNEL"
	is "... is refused" "$(echo "$OUT" | jq -r .state)" refused
	like "... for what it is" "$(echo "$OUT" | jq -r .error)" "$bad_why"
}
artifact=$(cd "$PUB" && echo targets/1.2.0/"$PLATFORM"/*.editor)
targets=$(cd "$PUB" && for t in *.targets.json; do echo "$t"; done | sed -n 3p)
rm -rf "$WORK/bad"
cp -r "$PUB" "$WORK/bad"
rm "$WORK/bad/$artifact"
refused "push itself refuses a missing file" 2 "$BIN/sluice-sign" push "$WORK/bad" "$URL"
bad "no artifact" "$artifact" rm "$artifact"
bad "no targets of one rung" "$targets" rm "$targets"
bad "an artifact with another digest" "$artifact" sh -c 'echo x >>"$0"' "$artifact"
bad "a signed document changed" "targets" sed -i 's/"expires":"2/"expires":"3/' "$targets"
bad "a file that no rung names" 'stray.*no rung' sh -c 'echo hello >targets/stray'
bad "a rung less" 'rungs' sh -c 'rm $(ls *.targets.json *.snapshot.json | sort -n | tail -n 2)'
is "what was taken is served still" "$(served)" 1.1.0
check "bytes under a digest that is not theirs" sh -c 'head -c 4000 /dev/zero >"$0"' "$WORK/zeros"
sum=$(printf 'something else' | sha256sum | cut -d' ' -f1)
put() { # SHA256 QUERY FILE
	curl -s -o "$WORK/answer" -w '%{http_code}' -X PUT -T "$3" \
		-H "Authorization: Bearer $TOKEN" "$URL/v1/blobs/$1?$2"
}
is "... are refused where nobody announced them" \
	"$(put "$sum" "offset=0&size=4000" "$WORK/zeros")" 403

check "the good one is taken" push
is "... and served" "$(served)" 1.2.0

# --- cut off ----------------------------------------------------------------------------------
# big VERSION: a release that takes a moment to push; sets FIRST, its digest
big() {
	PUB=$WORK/big-$1
	APP=$WORK/editor
	head -c 40000000 /dev/urandom >"$APP"
	publish "$1" --previous "$URL" --delta-from 0 >/dev/null || exit 2
	FIRST=$(sha256sum <"$APP" | cut -d' ' -f1)
}
# push_until: in the background, until the server has begun to take it
push_until() {
	"$BIN/sluice-sign" push "$PUB" "$URL" >"$WORK/pushed" 2>&1 &
	PUSHER=$!
	until [ -s "$STATE/incoming/$FIRST" ]; do :; done
}
incoming() {
	stat -c %s "$STATE/incoming/$FIRST" 2>/dev/null || echo 0
}
big 1.3.0
push_until
kill -KILL $PUSHER
wait $PUSHER 2>/dev/null
there() { # what the server says it has
	node "$TOP/tests/e2e/push.mjs" --offset "$PUB" "$URL" "$CHANNEL" "$FIRST"
}
at=$(there)
note "the pusher was killed with $at of 40000000 bytes there"
is "the server knows where it was" "$at" "$(incoming)"
is "nothing of it is served" "$(served)" 1.2.0
check "the push goes on" push
is "... it is served" "$(served)" 1.3.0

big 1.4.0
push_until
server_kill
note "the server was killed with $(incoming) of 40000000 bytes there"
check "the server starts again" server_start
is "nothing of it is served" "$(served)" 1.3.0
wait $PUSHER
is "the pusher has waited, and gone on" "$?" 0
note "$(cat "$WORK/pushed")"
is "it is served" "$(served)" 1.4.0
check "no half upload is left" test ! -e "$STATE/incoming/$FIRST"
check "a client gets it" client_init
check "... whole" client update
is "... the same bytes" "$(cksum <"$CLIENT/app/current/editor")" "$(cksum <"$APP")"
check "the server is sound" server_sound

# --- a delta that lies --------------------------------------------------------------------------
CHANNEL=editor/canary
ROOT=$WORK/canary.json
node "$TOP/tests/e2e/forge.mjs" key "$KEYS/canary" || exit 2
sign keygen --role root --kdf minimal "$KEYS/canary-root.key" >/dev/null
"$BIN/sluiced" -c "$WORK/sluiced.conf" init --channel $CHANNEL >/dev/null || exit 2
"$BIN/sluice-sign" root init $CHANNEL --root-key "$KEYS/canary-root.key.pub" \
	--release-key "$KEYS/canary.pub" --release-key "$KEYS/release.key.pub" \
	--timestamp-key "$STATE/brake/$CHANNEL/key.pub" -o "$ROOT" >/dev/null &&
	sign root sign --key "$KEYS/canary-root.key" "$ROOT" >/dev/null || exit 2
check "a second channel, while the server runs" server_trust
canary() {
	rm -rf "$PUB"
	sign publish $CHANNEL "$@" -a "$PLATFORM=$APP" --root "$ROOT" \
		--key "$KEYS/release.key" --previous "$URL" -o "$PUB"
}
app 1.0.0
old=$APP
canary 1.0.0 >/dev/null && push >/dev/null || exit 2
app 1.1.0
canary 1.1.0 >/dev/null || exit 2
sed '$s/./x/' "$APP" >"$WORK/lie"
check "a patch to other bytes of the same length" "$BIN/sluice-delta" make \
	--format sluice "$old" "$WORK/lie" "$WORK/lie.patch"
cp -r "$PUB" "$WORK/lying"
check "signed as if it were right" node "$TOP/tests/e2e/wrong-delta.mjs" \
	"$WORK/lying" "$WORK/lie.patch" "$KEYS/canary.pem"
refused "push does not send it, or the server does not take it" 1 \
	"$BIN/sluice-sign" push "$WORK/lying" "$URL"
like "... and says which" "$ERR" 'delta.*from-1.0.0.sluice'
check "by hand" by_hand "$WORK/lying" $CHANNEL
is "... it is refused" "$(echo "$OUT" | jq -r .state)" refused
like "... for what it is" "$(echo "$OUT" | jq -r .error)" 'delta .*from-1.0.0.sluice'
is "what was there is served" "$(served)" 1.0.0
check "the true one is taken" push

# --- keys of examples ------------------------------------------------------------------------------
server_stop
mkdir "$WORK/examples"
cp "$TOP"/keys-example/*.key "$TOP"/keys-example/*.pub "$WORK/examples"
chmod 600 "$WORK"/examples/*.key
STATE=$WORK/state2
CHANNEL=editor/stable
rm "$WORK/sluiced.conf"
server_init >/dev/null || exit 2
"$BIN/sluice-sign" root init "$CHANNEL" --root-key "$WORK/examples/root-1.key.pub" \
	--release-key "$WORK/examples/release-1.key.pub" \
	--timestamp-key "$STATE/brake/$CHANNEL/key.pub" -o "$WORK/example.json" >/dev/null
echo example | "$BIN/sluice-sign" root sign --key "$WORK/examples/root-1.key" \
	--pass-fd 0 "$WORK/example.json" >/dev/null || exit 2
refused "a root with keys of the examples is refused" 1 "$BIN/sluiced" \
	-c "$WORK/sluiced.conf" channel add "$CHANNEL" --root "$WORK/example.json"
like "... and called that" "$ERR" example
"$BIN/sluice-sign" root init "$CHANNEL" --root-key "$KEYS/root.key.pub" \
	--release-key "$KEYS/release.key.pub" \
	--timestamp-key "$STATE/brake/$CHANNEL/key.pub" \
	--minisign "$WORK/examples/minisign.key.pub" -o "$WORK/mini.json" >/dev/null &&
	sign root sign --key "$KEYS/root.key" "$WORK/mini.json" >/dev/null || exit 2
refused "as is one with their minisign key" 1 "$BIN/sluiced" \
	-c "$WORK/sluiced.conf" channel add "$CHANNEL" --root "$WORK/mini.json"
like "... and called that" "$ERR" 'example minisign key'
finish
