# What the hostile tests share: a product with two releases whose release and
# brake keys were also given to a thief, and a server that misbehaves on
# demand (evil.mjs).  Sourced after lib.sh:
#
#	evil_setup || exit 2
#	rules 'timestamp.json flip 10'
#	attack "a bit is flipped" 1 'signature'
#
# A is the site after release 1.0.0, B after 1.1.0 (with a delta).  The server
# shows OVER before B.  The machine has 1.0.0.
# shellcheck shell=sh disable=SC2034,SC2153 # used by those who source it

E2E=$TOP/tests/e2e
EVIL=$WORK/evil
OVER=$WORK/over
A=$WORK/site-a
B=$WORK/site-b
CH=$CHANNEL
RELEASE=$KEYS/thief-release.pem
BRAKE=$KEYS/thief-brake.pem
export RELEASE BRAKE

forge() {
	node "$E2E/forge.mjs" "$@"
}

# evil_keys: those of the publisher, and two of which a thief has copies
evil_keys() {
	e2e_keys && forge key "$KEYS/thief-release" &&
		forge key "$KEYS/thief-brake" &&
		forge key "$KEYS/thief-root" && forge key "$KEYS/stranger"
}

# evil_root FILE [CHANNEL]: signed by its holder and by the thief's
evil_root() {
	"$BIN/sluice-sign" root init "${2:-$CHANNEL}" --expires 365d \
		--root-key "$KEYS/root.key.pub" \
		--root-key "$KEYS/thief-root.pub" --root-threshold 1 \
		--release-key "$KEYS/release.key.pub" \
		--release-key "$KEYS/thief-release.pub" --release-threshold 1 \
		--timestamp-key "$KEYS/timestamp.key.pub" \
		--timestamp-key "$KEYS/thief-brake.pub" \
		--minisign "$KEYS/minisign.key.pub" -o "$1" >/dev/null || return
	sign root sign --key "$KEYS/root.key" "$1" >/dev/null || return
	# every holder whom the first root names has signed it
	forge add "$1" "$KEYS/thief-root.pem" >"$1.new" && mv "$1.new" "$1"
}

# release VERSION OPTION...: published into SITE
release() {
	e2e_now=$1
	shift
	app "$e2e_now"
	publish "$e2e_now" --keyless "$SITE" \
		--timestamp-key "$KEYS/timestamp.key" "$@"
}

evil_start() {
	mkdir -p "$EVIL" "$OVER/$CH"
	rm -f "$EVIL/port"
	node "$E2E/evil.mjs" "$OVER" "$SITE" "$EVIL" 2>"$EVIL/err" &
	EVIL_PID=$!
	at_end evil_stop
	wait_for 10 test -s "$EVIL/port" || return
	WEB_URL=http://127.0.0.1:$(cat "$EVIL/port")
}

evil_stop() {
	[ -n "${EVIL_PID:-}" ] || return 0
	kill -TERM "$EVIL_PID" 2>/dev/null
	wait "$EVIL_PID" 2>/dev/null
	EVIL_PID=
}

# evil_setup [LINE...]: all of it, or the test ends; the lines go into the
# client's configuration
evil_setup() {
	has node || skip_all "node is not there"
	evil_build "$@" >"$WORK/setup.log" 2>&1 && return
	tap_result 1 "a site and a client to attack"
	note "$(cat "$WORK/setup.log")"
	finish
}

evil_build() {
	evil_keys && evil_root "$ROOT" || return
	SITE=$B
	release 1.0.0 || return
	cp -a "$SITE" "$A"
	cp -a "$SITE.timestamps" "$A.timestamps"
	PUB_A=$WORK/pub-a
	cp -a "$PUB" "$PUB_A"
	release 1.1.0 --previous "$PUB" --fallback 1.0.0 || return
	evil_start || return
	over "$A/$CH/timestamp.json" timestamp.json
	client_init one "$@" && client update || return
	[ "$(installed)" = "editor 1.0.0" ] || return
	rm -rf "$WORK/saved"
	cp -a "$CLIENT" "$WORK/saved"
	good
}

# rules RULE...: from the next request on
rules() {
	printf '%s\n' "$@" >"$EVIL/rules"
}

# over FILE NAME: the server shows this file as NAME of the channel
over() {
	mkdir -p "$(dirname "$OVER/$CH/$2")"
	cp "$1" "$OVER/$CH/$2"
}

# good: the server serves what was published
good() {
	rm -f "$EVIL/rules" "$EVIL/log"
	rm -rf "${OVER:?}/$CH"
	mkdir -p "$OVER/$CH"
}

# again: the machine as it was, with 1.0.0
again() {
	chmod -R u+rwX "$CLIENT"
	rm -rf "$CLIENT"
	cp -a "$WORK/saved" "$CLIENT"
}

# sound VERSION: it is installed and runs, and the state is complete, twice
sound() {
	if [ "$(installed 2>&1)" != "editor $1" ]; then
		echo "installed is not $1: $(installed 2>&1)"
		return 1
	fi
	for e2e_file in state.json state2.json; do
		sound_json "$CLIENT/state/${CHANNEL%/*}/$e2e_file" || return
	done
	e2e_said=$(client status 2>&1) || {
		echo "status: $e2e_said"
		return 1
	}
	case $e2e_said in
	*damaged*) echo "$e2e_said" && return 1 ;;
	esac
}

# sound_json FILE: one complete JSON object, as far as a shell can see it
sound_json() {
	case $(head -c 1 "$1")$(tail -c 2 "$1") in
	'{}') return 0 ;;
	esac
	echo "$1 is not complete"
	return 1
}

# recovers: a good server is accepted afterwards
recovers() {
	good
	e2e_said=$(client update 2>&1) && sound 1.1.0 && return
	echo "afterwards: $e2e_said"
	return 1
}

# attack NAME STATUS REGEX [COMMAND...]: the client (default: update) says why
# and exits so; what was installed still runs, the state is complete, and a
# good server is accepted afterwards
attack() {
	evil_name=$1
	evil_want=$2
	evil_why=$3
	shift 3
	[ $# -gt 0 ] || set -- client update
	run "$@"
	evil_bad=
	[ "$STATUS" -eq "$evil_want" ] ||
		evil_bad="exit status $STATUS, wanted $evil_want"
	printf '%s\n' "$OUT$ERR" | grep -Eq -- "$evil_why" ||
		evil_bad="$evil_bad; no /$evil_why/"
	evil_said=$OUT$ERR
	evil_left=$(sound "${LEFT:-1.0.0}" && recovers) ||
		evil_bad="$evil_bad; $evil_left"
	again
	good
	[ -z "$evil_bad" ]
	tap_result $? "$evil_name" || note "$evil_bad"
	note "$(printf '%s' "$evil_said" | tr '\n' ';' | cut -c 1-160)"
}

# requests REGEX: how many the server got
requests() {
	grep -Ec -- "$1" "$EVIL/log"
}
