#!/bin/sh
# A kill at any moment of a push: the whole machine or one process of it, the
# old publication or the new one is served whole, and the push goes through.
# timeout: 180
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/kill.sh"

kill_setup
ROUNDS=${ROUNDS:-4} # a nightly run may do more

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

server_stop
is "no error but those that were made" "$(server_errors)" ""
finish
