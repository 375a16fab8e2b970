#!/bin/sh
# timeout: 240
# A channel whose root and release keys are ECDSA P-256, held by a command: the
# server takes it, our client installs from it, an unmodified TUF client reads
# it.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

tuf_setup
e2e_keys timestamp minisign || exit 2
for k in root release; do
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
		-out "$KEYS/$k.pem" 2>/dev/null &&
		openssl pkey -in "$KEYS/$k.pem" -pubout -out "$KEYS/$k.pub" ||
		exit 2
done
p256() { # KEY
	echo "cmd:$KEYS/$1.pub openssl dgst -sha256 -sign $KEYS/$1.pem"
}
release() { # VERSION OPTION...
	release_version=$1
	shift
	rm -rf "$PUB.new"
	sign publish "$CHANNEL" "$release_version" -a "$PLATFORM=$APP" \
		--root "$ROOT" --key "$(p256 release)" --stage 100:0s \
		--minisign-key "$KEYS/minisign.key" -o "$PUB.new" "$@" || return
	rm -rf "$PUB"
	mv "$PUB.new" "$PUB"
}

server_init || exit 2
check "a root of P-256 keys" "$BIN/sluice-sign" root init "$CHANNEL" \
	--root-key "$KEYS/root.pub" --release-key "$KEYS/release.pub" \
	--timestamp-key "$STATE/brake/$CHANNEL/key.pub" \
	--timestamp-key "$KEYS/timestamp.key.pub" \
	--minisign "$KEYS/minisign.key.pub" -o "$ROOT"
check "... signed" "$BIN/sluice-sign" root sign --key "$(p256 root)" "$ROOT"
check "a server trusts it" server_trust
check "... and starts" server_start
app 1.0.0
check "a release" release 1.0.0 --keyless "$SITE" \
	--timestamp-key "$KEYS/timestamp.key"
check "... is taken by the server" push
check "status of the server's channel" "$BIN/sluice-sign" status \
	--root "$ROOT" "$URL/$CHANNEL"
like "... with the timestamp of its brake" "$OUT" '^timestamp '
check "a client trusts that root" client_init one
check "... and installs" client update
is "... the release" "$(installed)" "editor 1.0.0"
check "tuf-js reads the server" tuf_read "$URL/$CHANNEL" "$ROOT"
is "... the release" "$(echo "$OUT" | jq -r .version)" 1.0.0
check "a web server serves the tree" web_start "$SITE"
check "tuf-js reads that, too" tuf_read "$WEB_URL/$CHANNEL" "$ROOT"

# the next root: the same keys, signed by them
check "the next root" "$BIN/sluice-sign" root next "$ROOT" -o "$WORK/2.json"
check "... signed" "$BIN/sluice-sign" root sign --previous "$ROOT" \
	--key "$(p256 root)" "$WORK/2.json"
like "... whole" "$OUT" complete
app 1.1.0
check "the next release under it" release 1.1.0 --root "$WORK/2.json" \
	--previous "$PUB"
check "... is taken" push
check "the client follows" client update
is "... to the release" "$(installed)" "editor 1.1.0"
check "tuf-js follows, from the first root" tuf_read "$URL/$CHANNEL" "$ROOT"
check "nothing in the server's log is an error" server_sound
finish
