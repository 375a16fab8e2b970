#!/bin/sh
# timeout: 120
# The updater is killed at random moments, fifty times; whatever was going on,
# a release runs, the state is complete and the next run goes on.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/evil.sh"

evil_setup 'self_test = {}/editor'
[ -z "${SEED:-}" ] && SEED=$(date +%s)
note "SEED=$SEED"

# start: an update in the background; pid is its own, not a shell's
start() {
	"$BIN/sluice" --config "$CLIENT/conf" update >/dev/null 2>&1 &
	pid=$!
}

# milliseconds that one update takes
began=$(date +%s%3N)
client update >/dev/null 2>&1
took=$(($(date +%s%3N) - began))
again
note "an update takes $took ms"

# either release, whole
either() {
	case $(installed 2>&1) in
	"editor 1.0.0") either=$(sound 1.0.0) ;;
	"editor 1.1.0") either=$(sound 1.1.0) ;;
	*) either="installed: $(installed 2>&1)" ;;
	esac
	[ -z "$either" ] || echo "$either"
}

# kills COUNT: "before after" of those that had 1.0.0 or 1.1.0 afterwards
kills() {
	n=0
	olds=0
	news=0
	bad=
	for ms in $(awk -v seed="$SEED" -v n="$1" -v most="$took" 'BEGIN {
		srand(seed)
		for (i = 0; i < n; i++) print int(rand() * (most + 10))
	}'); do
		n=$((n + 1))
		start
		sleep "$(awk -v ms="$ms" 'BEGIN { printf "%.3f", ms / 1000 }')"
		kill -KILL $pid 2>/dev/null
		wait $pid 2>/dev/null
		left=$(either)
		[ -z "$left" ] || bad="$bad; $n, after $ms ms: $left"
		case $(installed 2>&1) in *1.1.0) news=$((news + 1)) ;; *) olds=$((olds + 1)) ;; esac
		# every other one is killed again and again before it may go on
		[ $((n % ${2:-1})) -eq 0 ] || continue
		left=$(recovers)
		[ -z "$left" ] || bad="$bad; $n, after $ms ms: $left"
		again
	done
}
# a release that is killed in its self-test three times counts as bad, rightly;
# that is not what is looked at here
sed -i 's/^mirror/max_starts = 1000\nmirror/' "$CLIENT/conf"
rm -rf "$WORK/saved" && cp -a "$CLIENT" "$WORK/saved"

kills 25
is "killed 25 times: old or new, and on it goes" "$bad" ""
note "$olds had 1.0.0, $news had 1.1.0"
kills 25 5
is "killed 25 times, five in a row" "$bad" ""
note "$olds had 1.0.0, $news had 1.1.0"

# the same where the full file is fetched slowly, and resumed
sed -i 's/^mirror/delta = no\nmirror/' "$CLIENT/conf"
rm -rf "$WORK/saved" && cp -a "$CLIENT" "$WORK/saved"
rules 'editor$ slow 1200000'
bad=
n=0
# each gets a little longer, so that a slow machine comes to an end, too
while [ $n -lt 80 ] && [ "$(installed 2>&1)" != "editor 1.1.0" ]; do
	n=$((n + 1))
	start
	sleep 0.$((14 + n))
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	left=$(either)
	[ -z "$left" ] || bad="$bad $n: $left"
done
is "killed again and again in a slow download: resumed until it is there" \
	"$bad $(installed)" " editor 1.1.0"
check "... more than once" test $n -gt 2
note "$(grep -c 'bytes=' "$EVIL/log") times resumed"
check "... nothing is asked for twice" test "$(grep -c '\.editor - ' "$EVIL/log")" -le 2
left=$(recovers)
is "... and all is well" "$left" ""
finish
