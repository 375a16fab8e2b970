# What the end-to-end tests share: keys, roots, programs to publish, a server,
# a plain web server, clients.  Sourced after tests/tap.sh:
#
#	. "$(dirname "$0")/../tap.sh"
#	. "$(dirname "$0")/lib.sh"
#	e2e_keys
#	server_init; e2e_root "$STATE/brake/$CHANNEL/key.pub"
#	server_trust; server_start
#	app 1.0.0; publish 1.0.0; push
#	client_init; client check
#
# Everything lies in WORK.  Set before a call, or leave: CHANNEL, PLATFORM.
# Functions print nothing where all is well and return the exit status of what
# they ran, so that they can stand behind check and refused.
# shellcheck shell=sh disable=SC2034 # used by those who source it

CHANNEL=${CHANNEL:-editor/stable}
PLATFORM=${PLATFORM:-linux-x86_64}
KEYS=$WORK/keys      # NAME.key, NAME.key.pub
ROOT=$WORK/root.json # the first root of CHANNEL
APPS=$WORK/apps      # VERSION/editor, the programs that are published
PUB=$WORK/pub        # the newest publication directory
SITE=$WORK/site      # a keyless tree
STATE=$WORK/state    # the server's
URL=                 # of the server, without the channel
HOME_DIR=$WORK/client
WEB_URL=
umask 022

# a pass phrase for every key of a command
pass() {
	printf 'pass\npass\npass\npass\npass\npass\n'
}
sign() {
	pass | "$BIN/sluice-sign" "$@" --pass-fd 0
}

# e2e_keys [NAME...]: NAME or NAME-ROLE; default one key of each role
e2e_keys() {
	mkdir -p "$KEYS"
	[ $# -gt 0 ] || set -- root release timestamp minisign
	for e2e_name in "$@"; do
		sign keygen --role "${e2e_name##*-}" --kdf minimal \
			"$KEYS/$e2e_name.key" >/dev/null || return
	done
}

# e2e_root [BRAKE_PUB]: the first root of CHANNEL, signed; EXPIRES (365d)
e2e_root() {
	"$BIN/sluice-sign" root init "$CHANNEL" --expires "${EXPIRES:-365d}" \
		--root-key "$KEYS/root.key.pub" \
		--release-key "$KEYS/release.key.pub" \
		${1:+--timestamp-key "$1"} \
		--timestamp-key "$KEYS/timestamp.key.pub" \
		--minisign "$KEYS/minisign.key.pub" -o "$ROOT" >/dev/null &&
		sign root sign --key "$KEYS/root.key" "$ROOT" >/dev/null
}

# app VERSION [MIB]: a program that says its version; two versions share most
# of their bytes, as two releases do.  Sets APP.
app() {
	APP=$APPS/$1/editor
	mkdir -p "$APPS/$1"
	[ -s "$APPS/.noise-${2:-1}" ] ||
		noise common $((${2:-1} * 786432)) >"$APPS/.noise-${2:-1}"
	{
		printf '#!/bin/sh\n'
		printf 'case $1 in --fail) exit 1 ;; esac\n'
		printf 'echo "editor %s"\n' "$1"
		printf 'exit 0\n'
		noise "$1" 6000
		awk -v v="$1" 'NR % 500 == 0 { print "# " v } { print }' \
			"$APPS/.noise-${2:-1}"
		noise "more $1" 3000
	} >"$APP"
	chmod +x "$APP"
}

# noise SEED BYTES: lines of comment that no compressor likes
noise() {
	openssl enc -aes-128-ctr -nosalt -pass "pass:$1" -pbkdf2 -in /dev/zero \
		2>/dev/null | head -c "$2" | base64 -w 76 | sed 's/^/# /'
}

# publish VERSION OPTION...: sign APP as VERSION of CHANNEL into PUB; the stage
# is everybody at once unless --stage or --plan is among the options
publish() {
	e2e_version=$1
	shift
	case " $* " in
	*" --stage"* | *" --plan"*) ;;
	*) set -- --stage 100:0s "$@" ;;
	esac
	rm -rf "$PUB.new"
	sign publish "$CHANNEL" "$e2e_version" -a "$PLATFORM=$APP" \
		--root "$ROOT" --key "$KEYS/release.key" \
		--minisign-key "$KEYS/minisign.key" -o "$PUB.new" "$@" || return
	rm -rf "$PUB"
	mv "$PUB.new" "$PUB"
}

# --- the server -----------------------------------------------------------------

# server_init [OPTION...]: state with a brake key for CHANNEL; sets TOKEN
server_init() {
	cat >"$WORK/sluiced.conf" <<-END
		state = $STATE
		listen = 127.0.0.1:0
	END
	"$BIN/sluiced" -c "$WORK/sluiced.conf" init --channel "$CHANNEL" "$@" \
		>"$WORK/init.out" || return
	TOKEN=$(sed -n 's/^publish token: *//p' "$WORK/init.out")
	SLUICE_TOKEN=$TOKEN
	export SLUICE_TOKEN
}

# server_trust: CHANNEL with ROOT
server_trust() {
	"$BIN/sluiced" -c "$WORK/sluiced.conf" channel add "$CHANNEL" \
		--root "$ROOT" >"$WORK/trust.out"
}

# wait_for SECONDS COMMAND...: until it succeeds
wait_for() {
	e2e_until=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$e2e_until" ] || return 1
		sleep 0.1
	done
}

server_ready() {
	[ -s "$STATE/port" ] &&
		curl -fsS -o /dev/null "http://127.0.0.1:$(cat "$STATE/port")/healthz"
}

# server_start: in the background, ended with the test; its log is SERVER_LOG
server_start() {
	SERVER_LOG=$WORK/server.log
	rm -f "$STATE/port"
	"$BIN/sluiced" -c "$WORK/sluiced.conf" run >>"$SERVER_LOG" 2>&1 &
	SERVER_PID=$!
	at_end server_stop
	wait_for 20 server_ready || {
		note "the server does not start"
		note "$(tail -n 20 "$SERVER_LOG")"
		return 1
	}
	URL=http://127.0.0.1:$(cat "$STATE/port")
}

server_stop() {
	[ -n "${SERVER_PID:-}" ] || return 0
	kill -TERM "$SERVER_PID" 2>/dev/null
	wait "$SERVER_PID" 2>/dev/null
	e2e_status=$?
	SERVER_PID=
	return $e2e_status
}

# server_process NAME: the PID of the server's store, front, brake or post
server_process() {
	pgrep -P "$SERVER_PID" -x "sluiced-$1"
}

# a process that is gone, or has ended and nobody has asked yet
process_gone() {
	! grep -q . "/proc/$1/cmdline" 2>/dev/null
}

# server_kill: as if the machine had failed; all of it is gone afterwards
server_kill() {
	e2e_parts=$(pgrep -P "$SERVER_PID")
	kill -KILL "$SERVER_PID"
	wait "$SERVER_PID" 2>/dev/null
	SERVER_PID=
	for e2e_part in $e2e_parts; do
		wait_for 10 process_gone "$e2e_part" || return
	done
}

# server_sound: alive, and nothing in its log that is an error
server_sound() {
	server_ready || return
	! grep 'level=error' "$SERVER_LOG"
}

# push: hand PUB over and wait until the server has taken it
push() {
	"$BIN/sluice-sign" push "$@" "$PUB" "$URL"
}

ctl() {
	"$BIN/sluicectl" --socket "$STATE/admin.sock" "$@"
}

# --- a plain web server -----------------------------------------------------------

web_ready() {
	[ -s "$WORK/web.port" ] &&
		curl -s -o /dev/null "http://127.0.0.1:$(cat "$WORK/web.port")/"
}

# web_start FOLDER: nginx where it is there, else node; sets WEB_URL
web_start() {
	rm -f "$WORK/web.port"
	if has nginx && [ "${WEB:-nginx}" = nginx ]; then
		web_nginx "$1"
	else
		node "$TOP/tests/e2e/static.mjs" "$1" "$WORK/web.port" &
	fi
	WEB_PID=$!
	at_end web_stop
	wait_for 20 web_ready || return
	WEB_URL=http://127.0.0.1:$(cat "$WORK/web.port")
}

free_port() {
	node -e 'const s = require("net").createServer().listen(0, "127.0.0.1",
		() => { console.log(s.address().port); s.close() })'
}

web_nginx() {
	mkdir -p "$WORK/nginx"
	e2e_port=$(free_port)
	cat >"$WORK/nginx/conf" <<-END
		daemon off;
		master_process off;
		pid $WORK/nginx/pid;
		error_log $WORK/nginx/error.log;
		events {}
		http {
			access_log $WORK/nginx/access.log;
			client_body_temp_path $WORK/nginx/a;
			proxy_temp_path $WORK/nginx/b;
			fastcgi_temp_path $WORK/nginx/c;
			uwsgi_temp_path $WORK/nginx/d;
			scgi_temp_path $WORK/nginx/e;
			server {
				listen 127.0.0.1:$e2e_port;
				root $1;
			}
		}
	END
	nginx -p "$WORK/nginx" -c "$WORK/nginx/conf" 2>/dev/null &
	echo "$e2e_port" >"$WORK/web.port"
}

web_stop() {
	[ -n "${WEB_PID:-}" ] || return 0
	kill -TERM "$WEB_PID" 2>/dev/null
	wait "$WEB_PID" 2>/dev/null
	WEB_PID=
}

# --- the client -------------------------------------------------------------------

# client_init [NAME [LINE...]]: a machine of that name (default: one) that
# trusts ROOT, with further lines of configuration.  Without a server it asks
# the plain web server, as a mirror.
client_init() {
	CLIENT=$HOME_DIR/${1:-one}
	mkdir -p "$CLIENT"
	cat >"$CLIENT/conf" <<-END
		url = ${URL:-$WEB_URL}
		product = ${CHANNEL%/*}
		channel = ${CHANNEL#*/}
		state = $CLIENT/state
		install = $CLIENT/app
		machine_id = machine-${1:-one}
	END
	[ -n "$URL" ] || echo "mirror = yes" >>"$CLIENT/conf"
	[ $# -eq 0 ] || shift
	[ $# -eq 0 ] || printf '%s\n' "$@" >>"$CLIENT/conf"
	client init "$ROOT"
}

# client ARGUMENT...: the updater of the machine that client_init made last
client() {
	"$BIN/sluice" --config "$CLIENT/conf" "$@"
}

# installed: what the installed program says of itself
installed() {
	"$CLIENT/app/current/editor"
}

# --- foreign clients ----------------------------------------------------------------

# tuf_setup: the TUF client is there, or the test ends: skipped for want of a
# network, failed in CI
tuf_setup() {
	"$TOP/tests/tuf/setup" >"$WORK/npm.log" 2>&1 && return
	[ -n "${CI:-}" ] || skip_all "no TUF client: $(tail -n 1 "$WORK/npm.log")"
	tap_result 1 "the TUF client can be installed"
	note "$(cat "$WORK/npm.log")"
	finish
}

tuf_read() {
	node "$TOP/tests/tuf/read.mjs" "$@"
}
