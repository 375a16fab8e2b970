#!/bin/sh
# timeout: 60
# A server, mirror or network that changes documents: signatures, identity,
# form, size; and a thief who has one of the keys.
# shellcheck disable=SC2034,SC2010 # used by evil.sh, our own names
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/evil.sh"

evil_setup
check "the client goes up where nobody attacks" client update
again

size() { wc -c <"$1"; }
V=$(grep -o '"version":[0-9]*' "$B/$CH/timestamp.json" | tail -n 1 | cut -d: -f2)
snapshot=$V.snapshot.json
targets=$V.targets.json
manifest=$(sha256sum <"$B/$CH/manifest.json" | cut -c 1-64).manifest.json

# --- signatures ---------------------------------------------------------------
stranger() { # NAME FILE: signed by a key that root does not name
	forge edit "$B/$CH/$2" "$KEYS/stranger.pem" >"$OVER/$CH/$2"
	attack "$1 signed by a stranger" 1 "$3"
}
stranger "timestamp" timestamp.json 'timestamp.json: .*key'
stranger "snapshot" "$snapshot" 'snapshot.json'
stranger "targets" "$targets" 'targets.json'

# the thief has one key and tries it on another role
forge edit "$B/$CH/timestamp.json" "$RELEASE" >"$OVER/$CH/timestamp.json"
attack "timestamp signed by the release key" 1 'timestamp.json: .*key'
RELEASE=$BRAKE forge view "$B/$CH" "$OVER/$CH"
attack "a stolen brake key signs a release of its own" 1 \
	'snapshot.json: .*(key|signature)'
forge edit "$ROOT" "$RELEASE,$BRAKE" signed/version=2 >"$OVER/$CH/2.root.json"
attack "release and brake keys make themselves root" 1 'root.json: '
forge edit "$ROOT" "$KEYS/stranger.pem" signed/version=2 >"$OVER/$CH/2.root.json"
attack "a stranger makes a root" 1 'root.json: .*key'
forge edit "$ROOT" "$KEYS/thief-root.pem" signed/version=3 >"$OVER/$CH/2.root.json"
attack "a root that leaves one out" 1 'root.json: version 3 follows 1'
forge edit "$ROOT" "$KEYS/thief-root.pem" signed/version=2 \
	'signed/expires="2020-01-01T00:00:00Z"' >"$WORK/expired.root.json"
over "$WORK/expired.root.json" 2.root.json
run client update
is "an expired root is refused" "$STATUS" 1
like "... with its date" "$ERR" 'root.json: expired 2020-01-01'
is "... and the release stays" "$(installed)" "editor 1.0.0"
forge edit "$ROOT" "$KEYS/thief-root.pem" signed/version=3 >"$OVER/$CH/3.root.json"
check "... until the holders sign the next" client update
is "... and it goes up" "$(installed)" "editor 1.1.0"
again && good
forge edit "$B/$CH/timestamp.json" - signatures='[]' >"$OVER/$CH/timestamp.json"
attack "no signature" 1 'timestamp.json: '
node -e 'const fs = require("fs"), [from, to] = process.argv.slice(1);
	const doc = JSON.parse(fs.readFileSync(from));
	doc.signatures.push(doc.signatures[0]);
	fs.writeFileSync(to, JSON.stringify(doc));' \
	"$B/$CH/timestamp.json" "$OVER/$CH/timestamp.json"
attack "one signature twice" 1 'timestamp.json: '

# --- identity -------------------------------------------------------------------
elsewhere() { # PRODUCT/CHANNEL: the same keys, another repository
	(
		CHANNEL=$1
		SITE=$WORK/elsewhere
		ROOT=$WORK/elsewhere-${1%/*}.root.json
		PUB=$WORK/elsewhere.pub
		evil_root "$ROOT" "$1" && release 9.0.0
	) && cp -a "$WORK/elsewhere/$1/." "$OVER/$CH/" && rm -f "$OVER/$CH/1.root.json"
}
elsewhere editor/beta
attack "another channel, by the same keys" 1 'of editor/beta, not of editor/stable'
elsewhere viewer/stable
attack "another product, by the same keys" 1 'of viewer/stable, not of editor/stable'
forge view "$B/$CH" "$OVER/$CH" 'manifest/product="viewer"'
attack "a manifest of another product" 1 'manifest'
forge view "$B/$CH" "$OVER/$CH" 'manifest/channel="beta"'
attack "a manifest of another channel" 1 'the manifest is of editor/beta'
forge view "$B/$CH" "$OVER/$CH" 'manifest/schema="sluice/2"'
attack "a manifest of another schema" 1 'manifest: .*schema'
forge view "$B/$CH" "$OVER/$CH" 'targets/x-sluice='
attack "targets that say no channel" 1 'targets.json: '
forge view "$B/$CH" "$OVER/$CH" 'timestamp/spec_version="2.0.0"'
attack "another TUF" 1 'spec_version'
forge view "$B/$CH" "$OVER/$CH" 'timestamp/_type="snapshot"'
attack "a timestamp that says it is a snapshot" 1 '_type|type'

# --- each role expired ------------------------------------------------------------
for role in timestamp snapshot targets; do
	forge view "$B/$CH" "$OVER/$CH" "$role/expires=\"2020-01-01T00:00:00Z\""
	attack "an expired $role" 1 "$role.json: expired 2020-01-01"
done
forge view "$B/$CH" "$OVER/$CH" 'manifest/expires="2020-01-01T00:00:00Z"'
attack "an expired manifest" 1 'manifest'

# --- which does not fit together -----------------------------------------------------
cp "$A/$CH/"*.snapshot.json "$OVER/$CH/"
over "$A/$CH/$(ls "$A/$CH" | grep snapshot | head -n 1)" "$snapshot"
attack "mixed: snapshot of the publication before" 1 'snapshot.json'
over "$A/$CH/$(ls "$A/$CH" | grep targets.json | head -n 1)" "$targets"
attack "mixed: targets of the publication before" 1 'targets.json'
for file in "$A/$CH/targets/"*.manifest.json; do
	over "$file" "targets/$manifest"
	break
done
attack "mixed: manifest of the publication before" 1 'manifest.json'
for other in "$B/$CH/"*.targets.json; do
	[ "$other" != "$B/$CH/$targets" ] || continue
	over "$other" "$targets"
	break
done
attack "mixed: targets of another rung" 1 'targets.json'
forge view "$B/$CH" "$OVER/$CH" 'targets/targets/manifest.json/length=5'
attack "a manifest longer than its targets say" 1 'manifest.json.*(longer|promises)'
forge view "$B/$CH" "$OVER/$CH" 'snapshot/meta/targets.json/version=1'
attack "a snapshot whose targets went down" 1 'targets.json went down'
forge view "$B/$CH" "$OVER/$CH" 'snapshot/meta={}'
attack "a snapshot without targets" 1 'snapshot.json'
forge view "$B/$CH" "$OVER/$CH" 'manifest/artifacts/0/sha256="'"$(printf %064d 7)"'"'
attack "a manifest that names what targets do not" 1 'disagree'
forge view "$B/$CH" "$OVER/$CH" 'manifest/artifacts/0/name="../../../x"'
attack "a name that leaves the folder" 1 'manifest: .*name'

# --- form ---------------------------------------------------------------------------
json() { # NAME REGEX SED: timestamp.json, changed where no signature is needed
	sed "$3" "$B/$CH/timestamp.json" >"$OVER/$CH/timestamp.json"
	attack "$1" 1 "timestamp.json: .*($2)"
}
json "a duplicate key beside the signed part" 'twice' 's/^{/{"signatures":[],/'
json "a duplicate key in a signature" 'twice' 's/"sig":/"sig":"00","sig":/'
json "a duplicate key in the signed part" 'twice' 's/"_type":/"_type":"root","_type":/'
json "bytes after the end" '' 's/$/ {}/'
json "a fraction for a version" '' 's/"version":/"version":1.5e3,"x":/'
json "not UTF-8" '' "s/\"_type\"/\"\\xff\"/"
json "a NUL" '' 's/"_type":"timestamp"/"_type":"time\\u0000stamp"/'
awk 'BEGIN { for (i = 0; i < 4000; i++) printf "[" }' >"$OVER/$CH/timestamp.json"
attack "deep nesting" 1 'timestamp.json: '
printf '<html>Welcome to the hotel</html>' >"$OVER/$CH/timestamp.json"
attack "a captive portal" 1 'timestamp.json: '
printf '<html>Welcome to the hotel</html>' >"$OVER/$CH/2.root.json"
attack "a captive portal instead of 404" 1 'root.json: '
: >"$OVER/$CH/timestamp.json"
attack "an empty timestamp" 1 'timestamp.json: '

# --- size ----------------------------------------------------------------------------
oversize() { # NAME FILE REGEX
	rules "$2 append 6000000"
	attack "an oversized $1" 1 "$3"
	rules "$2 endless"
	attack "an endless $1" 1 "$3"
}
oversize timestamp 'timestamp.json' 'timestamp.json.*longer than'
oversize snapshot "$snapshot" 'snapshot.json.*longer than'
oversize targets "$targets" 'targets.json.*longer than'
oversize manifest "$manifest" 'manifest.json.*longer than'
printf x >"$OVER/$CH/2.root.json"
rules '2.root.json endless'
attack "an endless root" 1 'root.json.*longer than'
rules 'timestamp.json headers'
attack "endless headers" 2 'timestamp.json'

# --- every so many bytes ----------------------------------------------------------------
# at each position: refused, and at the end a good server is accepted
sweep() { # NAME FILE PATTERN ACTION COUNT
	n=$(size "$2")
	step=$((n / $5 + 1))
	at=$(($(date +%N | sed 's/^0*//') % step)) # another sample each time
	first=$at
	bad=
	while [ "$at" -lt "$n" ]; do
		rules "$3 $4 $at"
		run client check
		case $STATUS in
		1 | 2) [ -n "$ERR" ] || bad="$bad $at:silent" ;;
		*) bad="$bad $at:$STATUS" ;;
		esac
		at=$((at + step))
	done
	last=$ERR
	left=$(sound 1.0.0 && recovers)
	again
	good
	is "$1 (from byte $first, every $step of $n)" "$bad$left" ""
	note "$last"
}
for action in truncate flip; do
	sweep "$action: timestamp" "$B/$CH/timestamp.json" timestamp.json "$action" 40
	sweep "$action: snapshot" "$B/$CH/$snapshot" "$snapshot" "$action" 12
	sweep "$action: targets" "$B/$CH/$targets" "$targets" "$action" 12
	sweep "$action: manifest" "$B/$CH/manifest.json" "$manifest" "$action" 30
done
sweep "cut: timestamp" "$B/$CH/timestamp.json" timestamp.json cut 12
sweep "cut: manifest" "$B/$CH/manifest.json" "$manifest" cut 12
finish
