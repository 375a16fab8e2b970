# What the tests of kills share: a server at one address with two releases, a
# machine that has been there all along, the next release, and the judgement
# afterwards.  Sourced after lib.sh:
#
#	kill_setup
#	prepare; old=...; push & ...; again NAME; is "..." "$wrong" ""
#
# shellcheck shell=sh disable=SC2034,SC2154 # used by those who source it

served() {
	curl -fsS "$URL/$CHANNEL/manifest.json" | jq -r .version
}
# whole: a machine that has never been here gets all of it, verified; sets GOT
whole() {
	rm -rf "$HOME_DIR"
	client_init new && client update >/dev/null || return
	GOT=$(installed)
}
# same_client: one that has been here before finds nothing that is behind
same_client() {
	CLIENT=$HOME_DIR.old
	client check >/dev/null || [ $? -eq 10 ]
}
next=0
# prepare: the next release, signed upon what is served now
prepare() {
	next=$((next + 1))
	VERSION=1.$next.0
	PUB=$WORK/pub-$VERSION
	APP=$WORK/editor
	printf '#!/bin/sh\necho "editor %s"\n' "$VERSION" >"$APP"
	head -c 60000 /dev/urandom | base64 | sed 's/^/# /' >>"$APP"
	publish "$VERSION" --previous "$URL" --delta-from 1 --good 1 >/dev/null || exit 2
}

kill_setup() {
	e2e_keys || exit 2
	server_init || exit 2
	e2e_root "$STATE/brake/$CHANNEL/key.pub" || exit 2
	server_trust || exit 2
	port=$(free_port)
	sed -i "s/^listen.*/listen = 127.0.0.1:$port/" "$WORK/sluiced.conf"
	server_start || exit 2
	prepare
	push >/dev/null || exit 2
	client_init old && client update >/dev/null || exit 2
	mv "$HOME_DIR/old" "$HOME_DIR.old"
	sed -i "s|$HOME_DIR/old|$HOME_DIR.old|" "$HOME_DIR.old/conf"

	# how long a push takes, in ms, so that the kills fall into it
	prepare
	took=$(date +%s%3N)
	push >/dev/null || exit 2
	took=$(($(date +%s%3N) - took))
	note "a push takes $took ms"
}

# strike ROUND OF: about so far into a push
strike() {
	sleep "$(awk -v t="$took" -v i="$1" -v n="$2" \
		'BEGIN { printf "%.3f", t / 1000 * (i - 0.5) / n }')"
}
# again: what is served is old or new and whole; then the push is repeated
again() {
	whole || wrong="$wrong $1:not-whole"
	case $GOT in
	"editor $VERSION") new=$((new + 1)) ;;
	"editor $old") ;;
	*) wrong="$wrong $1:$GOT" ;;
	esac
	same_client || wrong="$wrong $1:old-client"
	push >/dev/null || wrong="$wrong $1:push"
	[ "$(served)" = "$VERSION" ] || wrong="$wrong $1:not-served"
}

# server_errors: those that no kill explains
server_errors() {
	grep level=error "$SERVER_LOG" |
		grep -v "round_failed\|child\|store_gone\|brake"
}
