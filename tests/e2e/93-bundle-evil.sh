#!/bin/sh
# A bundle from a site that somebody else controls: of what is not what was
# signed none is made, and nothing is left.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/evil.sh"

bundle() {
	(
		unset SLUICE_TOKEN
		sign bundle --from "$WEB_URL" --channel "$CHANNEL" \
			--root "$ROOT" --timestamp-key "$KEYS/timestamp.key" \
			--minisign-key "$KEYS/minisign.key" --rung offer \
			-o "$WORK/out/bundle"
	)
}
errors() {
	printf '%s\n' "$ERR" | grep -v ' note: '
}
# evil NAME STATUS REGEX RULE...: one line, and nothing is left
evil() {
	e_name=$1 e_status=$2 e_why=$3
	shift 3
	rules "$@"
	refused "$e_name" "$e_status" bundle
	like "... with the reason" "$(errors)" "error: .*($e_why)"
	is "... in one line, and nothing is left" \
		"$(errors | wc -l) $(ls -A "$WORK/out")" "1 "
	good
}

evil_setup
mkdir "$WORK/out"
v=$(jq '.signed.meta["snapshot.json"].version' "$B/$CH/timestamp.json")
manifest=$(jq -r '.signed.targets["manifest.json"].hashes.sha256' \
	"$B/$CH/$v.targets.json").manifest.json
full='linux-x86_64/[0-9a-f]*.editor$'
delta='linux-x86_64/[0-9a-f]*.editor.from'

# --- a server that is broken ------------------------------------------------------
for what in timestamp.json "$v.snapshot.json" "$v.targets.json" \
	"$manifest\$" "$manifest.minisig" 1.root.json; do
	evil "endless: $what" 1 'longer than' "$what endless"
	evil "cut: $what" 2 'partial file' "$what cut 100"
	evil "500: $what" 2 'answered 500' "$what status 500"
	evil "206 that nobody asked for: $what" 2 'answered 206' \
		"$what status 206"
	evil "led to a file: $what" 2 'Unsupported protocol' \
		"$what redirect file://$B/$CH/1.root.json"
	evil "led in circles: $what" 2 'redirects' \
		"$what redirect $WEB_URL/$CH/$v.targets.json" \
		"$v.targets.json redirect $WEB_URL/$CH/${what%\$}"
done

# --- other bytes ---------------------------------------------------------------------
for what in "$full" "$delta"; do
	evil "a bit is flipped: $what" 1 'other bytes' "$what flip 1000"
	evil "shorter: $what" 1 'other bytes' "$what truncate 1000"
	evil "endless: $what" 1 'longer than' "$what endless"
	evil "cut: $what" 2 'partial file' "$what cut 1000"
	evil "missing: $what" 2 'answered 404' "$what status 404"
done

# --- good when it is verified, other when it is put in --------------------------------
echo '{"signatures":[],"signed":{}}' >"$WORK/other"
for what in "$v.snapshot.json" "$v.targets.json" "$manifest\$" \
	"$manifest.minisig" 1.root.json; do
	for n in 1 2; do
		rules "$what @$n serve" "$what file $WORK/other"
		run bundle
		if [ "$STATUS" -eq 0 ]; then
			run client inspect "$WORK/out/bundle"
		else
			STATUS=$((STATUS - 1))
		fi
		is "another one after $n: $what" "$STATUS" 0 || note "$OUT$ERR"
		rm -f "$WORK/out/bundle"
		good
	done
done
is "every document is asked for once" "$(bundle 2>/dev/null >&2 &&
	grep json "$EVIL/log" | sort | uniq -d)" ""
# --- what status says of it ------------------------------------------------------------
status() {
	"$BIN/sluice-sign" status --json --root "$ROOT" "$WEB_URL/$CH"
}
check "when it expires is known" status
jq -c '.expires = "2036-01-01T00:00:00Z"' "$B/$CH/targets/$manifest" |
	tr -d '\n' >"$WORK/later"
rules "$manifest\$ file $WORK/later"
refused "not from a manifest that nobody signed" 2 status
like "... which is named" "$ERR" "error: targets/$manifest: "
good
run "$BIN/sluice-sign" status "$(echo "$WEB_URL" | sed 's,//,//joe:s3cret@,')/no"
is "a password of the URL is not shown" "$STATUS" 2
unlike "... neither to people nor to a log" "$OUT$ERR" 'joe|s3cret'

check "the bundle installs" client update --bundle "$WORK/out/bundle" --ask
is "... what was published" "$(installed)" "editor 1.1.0"
finish
