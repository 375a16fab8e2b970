#!/bin/sh
# An update of our client from a plain web server at 10 Mbit/s: by delta against
# whole, in bytes that crossed the wire and in seconds.  A real pair of releases of 50 MB.
. "$(dirname "$0")/lib.sh"

[ -x "$BIN/sluice" ] && [ -x "$BIN/sluice-sign" ] || {
	echo "bench: client and signer are not built" >&2
	exit 0
}
pair H4 || exit 0
bench_work=$WORK
. "$TOP/tests/tap.sh"
at_end "rm -rf $bench_work"
. "$TOP/tests/e2e/lib.sh"
export WEB_LOG="$WORK/web.log"
WEB=node

release() { # VERSION FILE OPTION...
	mkdir -p "$APPS/$1"
	cp "$2" "$APPS/$1/editor"
	APP=$APPS/$1/editor
	e2e_v=$1
	shift 2
	publish "$e2e_v" --keyless "$SITE" \
		--timestamp-key "$KEYS/timestamp.key" "$@" >/dev/null
}
update() { # MACHINE...: each once, in the order of the list; sets MS
	MS=
	for m in "$@"; do
		CLIENT=$HOME_DIR/$m
		from=$(date +%s%3N)
		client update >/dev/null || {
			echo "bench: the update of $m failed" >&2
			exit 1
		}
		MS="$MS $(($(date +%s%3N) - from))"
	done
}
median() {
	tr ' ' '\n' | grep . | sort -n |
		awk '{ v[NR] = $1 } END { printf "%.3f", v[int((NR + 1) / 2)] / 1000 }'
}

e2e_keys 2>/dev/null && e2e_root && release 1.0.0 "$OLD" || exit 1
web_start "$SITE" || exit 1
by_delta='' whole='' n=0
while [ $n -lt 3 ]; do
	n=$((n + 1))
	client_init "delta$n" && client_init "whole$n" "delta = no" || exit 1
	by_delta="$by_delta delta$n"
	whole="$whole whole$n"
done
# shellcheck disable=SC2086 # lists of machines
update $by_delta $whole
web_stop
RATE=1250000 # 10 Mbit/s
PORT=${WEB_URL##*:} # where the clients look for it
export RATE PORT
release 1.1.0 "$NEW" --previous "$PUB" --fallback 1.0.0 || exit 1
web_start "$SITE" || exit 1

: >"$WEB_LOG"
# shellcheck disable=SC2086
update $by_delta
ours_s=$(echo "$MS" | median)
ours_b=$(awk '{ n += $2 } END { print int(n / 3) }' "$WEB_LOG")
: >"$WEB_LOG"
# shellcheck disable=SC2086
update $whole
whole_s=$(echo "$MS" | median)
whole_b=$(awk '{ n += $2 } END { print int(n / 3) }' "$WEB_LOG")
for m in $by_delta $whole; do
	cmp -s "$HOME_DIR/$m/app/current/editor" "$NEW" || {
		echo "bench: $m has another file" >&2
		exit 1
	}
done
row update_bytes "$ours_b" "$whole_b" bytes "whole file" \
	"$(quotient "$whole_b" "$ours_b")" 10
row update_10mbit "$ours_s" "$whole_s" s "whole file" \
	"$(quotient "$whole_s" "$ours_s")" 5
