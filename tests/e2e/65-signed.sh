#!/bin/sh
# Each verb that signs says in a report, for machines, what it has signed and
# with which keys; a run that fails writes none.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

cd "$WORK" || exit 2
e2e_keys root jane-release joe-release timestamp minisign || exit 2
R=$WORK/report.json
said() { # WHAT: jq of the report
	jq -rc "$1" "$R"
}
# the report's own words: verb, whole or not, roles of keys, types of documents
brief() {
	said '[.schema, .verb, .complete, ([.keys[].role] | unique | join("+")),
		([.documents[].type] | unique | join("+"))] | map(tostring) |
		join(" ")'
}
by() { # FILTER: who has signed all documents of it, by the first of their IDs
	said "[.documents[] | select($1) | .signed_by] | unique | length"
}
# every document lies where it should, with that digest: DIR has TUF documents
holds() { # [DIR]
	jq -r --arg dir "${1:-.}" '.documents[] |
		"\(.sha256)  " + (.file // "\($dir)/\(.version).\(.type).json")' \
		"$R" >sums
	[ -s sums ] && sha256sum --quiet -c sums
}

# --- which verbs ---------------------------------------------------------------
# the verbs that have an option
verbs_with() { # OPTION
	"$BIN/sluice-sign" --help |
		awk '/^  [a-z]/ { print $1 == "root" ? $1 " " $2 : $1 }' |
		while read -r verb; do
			# shellcheck disable=SC2086 # may be two words
			"$BIN/sluice-sign" $verb --help 2>&1 | grep -q -- "$1" &&
				echo "$verb"
		done | sort | tr '\n' ' '
}
is "these verbs open keys" "$(verbs_with --pass-fd)" \
	"add bundle key keygen keyless publish renew root sign "
is "... and all but who makes one and who shows one report" \
	"$(verbs_with --report)" "add bundle keyless publish renew root sign "

# --- root, by one of its holders -------------------------------------------------
"$BIN/sluice-sign" root init "$CHANNEL" --root-key "$KEYS/root.key.pub" \
	--release-key "$KEYS/jane-release.key.pub" \
	--release-key "$KEYS/joe-release.key.pub" --release-threshold 2 \
	--timestamp-key "$KEYS/timestamp.key.pub" \
	--minisign "$KEYS/minisign.key.pub" -o 1.root.json >/dev/null || exit 2
check "root sign" sign root sign --key "$KEYS/root.key" --report "$R" 1.root.json
is "... says so" "$(brief)" "sluice-report/1 root sign true root root"
check "... by a digest that holds" holds

# --- publish, by one of two, and add -----------------------------------------------
app 1.0.0
check "publish" sign publish "$CHANNEL" 1.0.0 -a "$PLATFORM=$APP" \
	--root 1.root.json --key "$KEYS/jane-release.key" --partial \
	--minisign-key "$KEYS/minisign.key" --report "$R" -o one
is "... says so, and that it is not whole" "$(brief)" \
	"sluice-report/1 publish false minisign+release snapshot+targets"
check "... by digests that hold" holds one
for holder in joe jane; do
	check "add, by $holder" sign add -y --root 1.root.json \
		--key "$KEYS/$holder-release.key" --report "$R" one
	check "... whose digests hold" holds one
done
is "... and now it is whole" "$(brief)" \
	"sluice-report/1 add true release snapshot+targets"
is "... by two for every document" \
	"$(said '[.documents[].signed_by | length] | unique')" '[2]'
is "both have signed" "$(by 'true')" 1

# --- a holder is shown what changes ---------------------------------------------------
cp -R one first
app 1.1.0
sign publish "$CHANNEL" 1.1.0 -a "$PLATFORM=$APP" --root 1.root.json \
	--previous first --key "$KEYS/jane-release.key" --partial --expires 10d \
	--delta-from 0 --minisign-key "$KEYS/minisign.key" -o next >/dev/null || exit 2
refused "a holder who is asked, and does not answer" 2 "$BIN/sluice-sign" add \
	--root 1.root.json --previous first --key "$KEYS/joe-release.key" next
shown=$OUT
for line in "- offer 1.0.0 [(]release 1[)]" "[+] offer 1.1.0 [(]release 2[)]" \
	"- expires .*Z" "[+] expires .*Z" "- m [0-9]+, versions .*" \
	"[+] m [0-9]+, versions .*" \
	"- artifact $(sha256sum <"$APPS/1.0.0/editor" | cut -d' ' -f1) .*" \
	"[+] artifact $(sha256sum <"$APP" | cut -d' ' -f1) .*"; do
	like "... has seen: $line" "$shown" "^$line\$"
done
unlike "... and nothing that stays" "$shown" '^[+-] (root|targets) key'
refused "what is compared with must be signed" 1 "$BIN/sluice-sign" add -y \
	--root 1.root.json --previous next --key "$KEYS/joe-release.key" next

# --- renew, with the timestamps of a site ---------------------------------------------
check "renew, with a site" sign renew "$CHANNEL" --root 1.root.json \
	--previous one --key "$KEYS/jane-release.key" \
	--key "$KEYS/joe-release.key" --minisign-key "$KEYS/minisign.key" \
	--keyless site --timestamp-key "$KEYS/timestamp.key" --complete \
	--report "$R" -o two
is "... says so" "$(brief)" \
	"sluice-report/1 renew true minisign+release+timestamp snapshot+targets+timestamp"
check "... by digests that hold" holds two
is "... and which timestamp is in place" \
	"$(said '[.documents[] | select(.type == "timestamp") | .file] | last')" \
	"site/$CHANNEL/timestamp.json"

# --- keyless ---------------------------------------------------------------------------
check "keyless" sign keyless --root 1.root.json \
	--timestamp-key "$KEYS/timestamp.key" --report "$R" two site
is "... says so" "$(brief)" "sluice-report/1 keyless true timestamp timestamp"
check "... by digests that hold" holds
is "... for every rung that the site may move to, and the one in place" \
	"$(said '[.documents[].file] | sort')" \
	"$(find site.timestamps "site/$CHANNEL/timestamp.json" -name '*.json' |
		sort | jq -Rsc 'split("\n")[:-1] | sort')"
is "... of this publication" "$(said '.publication.version')" 1.0.0
is "... by its one key" "$(said '[.documents[].signed_by] | unique | flatten')" \
	"[\"$(said '.keys[0].keyid')\"]"

# --- bundle -----------------------------------------------------------------------------
check "bundle" sign bundle --from two --rung offer --channel "$CHANNEL" --root 1.root.json \
	--timestamp-key "$KEYS/timestamp.key" \
	--minisign-key "$KEYS/minisign.key" --report "$R" -o editor.bundle
is "... says so" "$(brief)" \
	"sluice-report/1 bundle true minisign+timestamp timestamp"
mkdir hand && tar --zstd -xf editor.bundle -C hand || exit 2
is "... the timestamp in it" "$(said '.documents[0].sha256')" \
	"$(sha256sum "hand/$CHANNEL/timestamp.json" | cut -d' ' -f1)"
is "... of its channel" "$(said '.documents[0] | .product + "/" + .channel')" \
	"$CHANNEL"
is "... its list" "$(said '.bundle.list_sha256')" \
	"$(sha256sum hand/SHA256SUMS | cut -d' ' -f1)"
is "... and whose key signed that" "$(said '.bundle.channels[0].list_signed_by')" \
	"$(tail -n 1 "$KEYS/minisign.key.pub")"

# --- what fails reports nothing ------------------------------------------------------------
rm "$R"
refused "a rung that there is not" 1 sign keyless --root 1.root.json \
	--timestamp-key "$KEYS/timestamp.key" --rung rollback-9.9.9 \
	--report "$R" two site
check "... reports nothing" test ! -e "$R"
refused "a bundle that is there" 1 sign bundle --from two --rung offer --channel "$CHANNEL" \
	--root 1.root.json --timestamp-key "$KEYS/timestamp.key" \
	--minisign-key "$KEYS/minisign.key" --report "$R" -o editor.bundle
check "... reports nothing" test ! -e "$R"
refused "a site that cannot be made" 2 sign renew "$CHANNEL" \
	--root 1.root.json --previous two --key "$KEYS/jane-release.key" \
	--key "$KEYS/joe-release.key" --minisign-key "$KEYS/minisign.key" \
	--keyless 1.root.json/site --timestamp-key "$KEYS/timestamp.key" \
	--report "$R" -o three
check "... reports nothing" test ! -e "$R"
finish
