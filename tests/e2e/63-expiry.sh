#!/bin/sh
# Operators are warned before what people sign expires: 60, 30 and 7 days ahead.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

e2e_keys || exit 2
server_init || exit 2
e2e_root "$STATE/brake/$CHANNEL/key.pub" || exit 2
server_trust || exit 2
server_start || exit 2
warnings() {
	ctl status "$CHANNEL" --json |
		jq -c '[.channels[0].warnings[] | [.what, .level]]'
}
version=1
root=$ROOT
# the next root, good for so long, and a publication that lasts as long
last() { # ROOT-EXPIRES PUBLICATION-EXPIRES
	version=$((version + 1))
	"$BIN/sluice-sign" root next "$root" --expires "$1" \
		-o "$WORK/$version.root.json" >/dev/null &&
		sign root sign --previous "$root" --key "$KEYS/root.key" \
			"$WORK/$version.root.json" >/dev/null || return
	root=$WORK/$version.root.json
	rm -rf "$PUB"
	sign renew "$CHANNEL" --root "$root" --previous "$URL" \
		--expires "$2" --key "$KEYS/release.key" \
		--minisign-key "$KEYS/minisign.key" -o "$PUB" && push
}

is "nothing is published: nothing to warn of" "$(warnings)" "[]"
app 1.0.0
publish 1.0.0 --expires 90d >/dev/null || exit 2
push >/dev/null || exit 2
is "all lasts long: nothing to warn of" "$(warnings)" "[]"
check "status" ctl status "$CHANNEL"
unlike "... warns of nothing" "$OUT" warning
is "... and knows how long root lasts" \
	"$(ctl status "$CHANNEL" --json | jq -r '.channels[0].root_expires')" \
	"$(jq -r .signed.expires "$ROOT")"

check "a root of 59 days, a publication of 50" last 59d 50d
is "both are named" "$(warnings)" '[["root","60 days"],["publication","60 days"]]'
check "status" ctl status "$CHANNEL"
like "... warns of the root" "$OUT" \
	'warning +the root expires within 60 days \(.*\): sluice-sign root next'
unlike "... and not yet of the publication" "$OUT" 'the publication expires'
check "29 and 20" last 29d 20d
is "both are named" "$(warnings)" '[["root","30 days"],["publication","30 days"]]'
check "6 and 5" last 6d 5d
is "both are named" "$(warnings)" '[["root","7 days"],["publication","7 days"]]'
check "status" ctl status "$CHANNEL"
like "... warns of the root" "$OUT" 'the root expires within 7 days'
like "... and of the publication" "$OUT" \
	'the publication expires within 7 days \(.*\): sluice-sign renew'
check "renewed" last 365d 90d
is "nothing is left to warn of" "$(warnings)" "[]"
finish
