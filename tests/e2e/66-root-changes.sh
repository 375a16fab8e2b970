#!/bin/sh
# Changing roots: keys come and go, thresholds change, dates are renewed, and
# holders are shown all of it before a key is opened.  What installed clients
# could not follow is refused with the reason.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

cd "$WORK" || exit 2
e2e_keys jane-root joe-root ada-root release second-release timestamp \
	minisign new-minisign || exit 2
id() { # NAME
	"$BIN/sluice-sign" inspect "$KEYS/$1.key.pub" |
		awk '$1 == "keyid" { print $2 }'
}
next() { # FROM TO OPTION...
	next_from=$1 next_to=$2
	shift 2
	"$BIN/sluice-sign" root next "$next_from.root.json" \
		-o "$next_to.root.json" "$@"
}
holder() { # NAME FROM TO OPTION...
	holder_name=$1 holder_from=$2 holder_to=$3
	shift 3
	sign root sign --key "$KEYS/$holder_name-root.key" \
		--previous "$holder_from.root.json" "$holder_to.root.json" "$@"
}
server_init || exit 2
"$BIN/sluice-sign" root init "$CHANNEL" --root-threshold 2 \
	--root-key "$KEYS/jane-root.key.pub" --root-key "$KEYS/joe-root.key.pub" \
	--root-key "$KEYS/ada-root.key.pub" \
	--release-key "$KEYS/release.key.pub" \
	--timestamp-key "$STATE/brake/$CHANNEL/key.pub" \
	--timestamp-key "$KEYS/timestamp.key.pub" \
	--minisign "$KEYS/minisign.key.pub" -o 1.root.json >/dev/null || exit 2
for name in jane joe; do
	sign root sign --key "$KEYS/$name-root.key" 1.root.json >/dev/null || exit 2
done
ROOT=$WORK/1.root.json
server_trust && server_start || exit 2
app 1.0.0
publish 1.0.0 >/dev/null && push >/dev/null || exit 2
client_init one && client update >/dev/null || exit 2

# --- what is shown ------------------------------------------------------------------
check "keys, a threshold and dates change" next 1 2 --expires 100d \
	--remove-key "$(id ada-root)" --add-key "release=$KEYS/second-release.key.pub" \
	--release-threshold 2 --remove-key "$(tail -n 1 "$KEYS/minisign.key.pub")" \
	--add-key "minisign=$KEYS/new-minisign.key.pub"
cp 2.root.json unsigned
refused "who may not read a key is shown it all the same" 2 \
	"$BIN/sluice-sign" root sign --previous 1.root.json 2.root.json \
	--key "$KEYS/none.key"
shown=$OUT
for line in \
	"- root version 1" "[+] root version 2" \
	"- root expires $(jq -r .signed.expires 1.root.json)" \
	"[+] root expires $(jq -r .signed.expires 2.root.json)" \
	"- root threshold 2 of 3" "[+] root threshold 2 of 2" \
	"- root key $(id ada-root)" \
	"- targets threshold 1 of 1" "[+] targets threshold 2 of 2" \
	"[+] targets key $(id second-release)" \
	"- minisign key $(tail -n 1 "$KEYS/minisign.key.pub" | sed 's/+/[+]/g')" \
	"[+] minisign key $(tail -n 1 "$KEYS/new-minisign.key.pub" | sed 's/+/[+]/g')"; do
	like "a holder sees: $line" "$shown" "^$line\$"
done
like "... after which root, by its fingerprint" "$shown" \
	"^after +root 1, fingerprint $(sha256sum 1.root.json | cut -d' ' -f1)"
like "... and the digest of what is to be signed" "$shown" \
	"^to sign +SHA-256 $(jq -cjS .signed 2.root.json | sha256sum | cut -d' ' -f1)"
unlike "... and nothing that stays" "$shown" "$(id jane-root)|$(id timestamp)"
check "... without a signature" cmp unsigned 2.root.json

# --- what clients could not follow ------------------------------------------------------
refused "fewer keys than the threshold" 1 next 1 x --remove-key "$(id ada-root)" \
	--remove-key "$(id joe-root)"
like "... says so" "$ERR" '1 root keys cannot meet a threshold of 2'
refused "a threshold above the keys" 1 next 1 x --root-threshold 4
like "... says so" "$ERR" '3 root keys cannot meet a threshold of 4'
refused "no release key" 1 next 1 x --remove-key "$(id release)"
like "... says so" "$ERR" 'needs a release key'
refused "no timestamp key" 1 next 1 x --remove-key "$(id timestamp)" \
	--remove-key "$(jq -r --arg mine "$(id timestamp)" \
		'.signed.roles.timestamp.keyids[] | select(. != $mine)' 1.root.json)"
refused "one key in two roles" 1 next 1 x \
	--add-key "release=$KEYS/jane-root.key.pub"
like "... says so" "$ERR" 'both root and release key'
refused "a date that is past" 1 next 1 x --expires 0s
like "... says so" "$ERR" 'which is past'
check "none of these was written" test ! -e x.root.json
refused "a root that is not signed is no base" 1 next 2 3
like "... says so" "$ERR" 'not fully signed'
check "joe alone signs the second" holder joe 1 2
like "... which is not enough" "$OUT" 'signatures +1 of 2'
put() { # OUT OPTION...
	put_out=$1
	shift
	sign renew "$CHANNEL" --previous "$URL" --key "$KEYS/release.key" \
		--key "$KEYS/second-release.key" \
		--minisign-key "$KEYS/new-minisign.key" -o "$put_out" \
		--root 1.root.json "$@"
}
refused "nothing is published with it" 1 put no --root 2.root.json
like "... for signatures are missing" "$ERR" '1 of 2'

check "jane completes it" holder jane 1 2
like "... and it says so" "$OUT" 'complete +fingerprint'
check "the third" next 2 3
refused "it is not signed after the first" 2 holder jane 1 3
like "... for it does not follow" "$ERR" 'not the root before this one'
check "jane and joe sign it after the second" holder jane 2 3
check "... both" holder joe 2 3
refused "nothing is published past the second" 2 put no --root 3.root.json
like "... which is missing" "$ERR" 'root 2 is missing'
refused "a holder who has left does not sign" 1 holder ada 2 3 -o no.json
check "nothing was made" test ! -e no -a ! -e no.json
if has faketime; then
	next 3 4 --expires 10d >/dev/null || exit 2
	late() {
		pass | faketime -f +11d "$BIN/sluice-sign" root sign --pass-fd 0 \
			--key "$KEYS/jane-root.key" --previous 3.root.json \
			4.root.json
	}
	refused "a root whose day has come is not signed" 1 late
	like "... says so" "$ERR" 'root 4 expires .* which is past'
else
	skip "a root whose day has come" "no faketime"
fi

# --- what they can ---------------------------------------------------------------------------
# in the same second its manifests would be those of before, by another key
sleep 1
check "a publication with the second and third" put two --root 2.root.json \
	--root 3.root.json
check "... is taken by the server" "$BIN/sluice-sign" push two "$URL"
check "an installed client follows" client update
is "... to the newest" "$(client status --json | jq .root_version)" 3
# past the tool: a root that only joe signed, pushed as if it were whole
cp -R two forged
jq -c '.signatures |= .[:1]' 3.root.json | tr -d '\n' >half3
cp half3 forged/3.root.json
refused "verify refuses one with a signature less" 1 "$BIN/sluice-sign" \
	verify --root 1.root.json forged
like "... says how many" "$ERR" '1 of 2'
check "the server is sound" server_sound
finish
