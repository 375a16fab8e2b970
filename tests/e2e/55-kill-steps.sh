#!/bin/sh
# What was acknowledged outlives any kill; and kills at named steps of intake
# and of signing: old or new, whole, and the push goes through when repeated.
# timeout: 180
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/kill.sh"

kill_setup

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
is "no error but those that were made" "$(server_errors)" ""
finish
