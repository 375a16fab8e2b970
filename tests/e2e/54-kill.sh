#!/bin/sh
# A kill at any point of intake: whichever process, at whatever moment, the old
# publication or the new one is served whole, what was acknowledged stays, and
# the push goes through when it is repeated.
# timeout: 180
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

e2e_keys || exit 2
server_init || exit 2
e2e_root "$STATE/brake/$CHANNEL/key.pub" || exit 2
server_trust || exit 2
port=$(free_port)
sed -i "s/^listen.*/listen = 127.0.0.1:$port/" "$WORK/sluiced.conf"
server_start || exit 2
ROUNDS=${ROUNDS:-4} # a nightly run may do more

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

# --- the whole machine ------------------------------------------------------------
wrong="" new=0 i=0
while [ $i -lt "$ROUNDS" ]; do
	i=$((i + 1))
	old=$VERSION
	prepare
	"$BIN/sluice-sign" push "$PUB" "$URL" >/dev/null 2>&1 &
	pusher=$!
	strike $i "$ROUNDS"
	server_kill || wrong="$wrong $i:leftover"
	# the pusher goes with the machine
	kill -KILL $pusher
	wait $pusher
	server_start || exit 2
	again $i
done 2>/dev/null
is "killed at $ROUNDS moments, all at once: old or new, whole" "$wrong" ""
note "$new had the new one"

# --- one process, the pusher waits ----------------------------------------------------
some=$((ROUNDS / 2))
for process in store brake front; do
	# what ends often is started again more slowly: not what is tried here
	server_stop
	server_start || exit 2
	wrong="" new=0 i=0
	while [ $i -lt $some ]; do
		i=$((i + 1))
		old=$VERSION
		prepare
		"$BIN/sluice-sign" push "$PUB" "$URL" >"$WORK/push.out" 2>&1 &
		pusher=$!
		strike $i $some
		kill -KILL "$(server_process $process)"
		wait $pusher || wrong="$wrong $i:pusher($(tail -n 1 "$WORK/push.out"))"
		wait_for 10 server_ready || wrong="$wrong $i:not-back"
		[ "$(served)" = "$VERSION" ] || wrong="$wrong $i:lost"
		again $i
	done 2>/dev/null
	is "the $process is killed at $some moments: the push goes through" "$wrong" ""
done

# --- what was acknowledged stays ----------------------------------------------------------
# halt and kill at once; the answer to the halt is its acknowledgement
halted() {
	[ "$(curl -fsS "$URL/$CHANNEL/manifest.json" | jq -r .kind)" = halt ]
}
reported() {
	curl -fsS -d "{\"product\":\"editor\",\"channel\":\"stable\",\"version\":\"$VERSION\",\"os\":\"linux\",\"arch\":\"x86_64\",\"event\":\"installed\"}" \
		"$URL/v1/health"
}
lost=""
for process in store brake front all; do
	server_stop
	server_start || exit 2
	prepare
	push >/dev/null || exit 2
	ctl halt "$CHANNEL" --reason "told to" >/dev/null 2>&1 || lost="$lost $process:halt"
	if [ $process = all ]; then
		server_kill && server_start
	else
		kill -KILL "$(server_process $process)"
		wait_for 10 server_ready
	fi
	wait_for 10 halted || lost="$lost $process:not-halted"
	# a report that is not taken now (503) is taken a moment later
	wait_for 10 reported || lost="$lost $process:no-report"
	wait_for 10 ctl status || lost="$lost $process:no-status"
	ctl resume "$CHANNEL" --reason "told to" >/dev/null 2>&1 || lost="$lost $process:resume"
done 2>/dev/null
is "an acknowledged halt is not lost, whoever is killed" "$lost" ""

# --- at a named step ---------------------------------------------------------------------------
# strace ends the store (or brake) in the middle of its Nth such call
if [ "$(id -u)" -eq 0 ] && strace -qq -o /dev/null true 2>/dev/null; then
	server_stop
	server_start || exit 2
	struck=0
	for step in store:fdatasync/1 store:fdatasync/3 store:pwrite64/20 \
		store:sendmsg/30 brake:rename/1 brake:fsync/2; do
		process=${step%%:*} call=${step#*:} n=${step##*/}
		call=${call%/*}
		old=$VERSION wrong="" new=0
		prepare
		strace -qq -f -o /dev/null -p "$(server_process "$process")" -e trace="$call" \
			-e inject="$call:signal=SIGKILL:when=$n" &
		tracer=$!
		sleep 0.1
		"$BIN/sluice-sign" push "$PUB" "$URL" >"$WORK/push.out" 2>&1 &
		pusher=$!
		# until the call has come, or the push has passed without it
		until process_gone $tracer || process_gone $pusher; do sleep 0.05; done
		process_gone $tracer && struck=$((struck + 1))
		kill -KILL $pusher
		kill $tracer
		wait $pusher $tracer
		server_kill || wrong="$wrong leftover"
		server_start || exit 2
		again x
		is "ended at $step: nothing is lost" "$wrong" ""
	done 2>/dev/null
	note "$struck of 6 calls came"
else
	skip "ended at a named step" "no strace for us"
fi
server_stop
check "no error but those that were made" sh -c \
	'! grep level=error "$0" | grep -v "round_failed\|child\|store_gone\|brake"' "$SERVER_LOG"
finish
