# For the scripts of tests/bench; sourced.  ROUNDS (7) can be set from outside.
# shellcheck shell=sh disable=SC2034 # used by those who source it

TOP=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${SLUICE_BUILD:-$TOP/build}
BIN=${SLUICE_BIN:-$BUILD/bin}
ROUNDS=${ROUNDS:-7}
WORK=$(mktemp -d "${TMPDIR:-/var/tmp}/sluice-bench.XXXXXX") || exit 2
BENCH_END=
a_wall=0 b_wall=0 c_wall=0 a_cpu=0 b_cpu=0 c_cpu=0 a_mib=0 b_mib=0 c_mib=0
wall=0 cpu=0 mib=0 wall2=0 cpu2=0 mib2=0
bench_exit() {
	code=$?
	trap - EXIT
	eval "$BENCH_END"
	rm -rf "$WORK"
	exit $code
}
trap bench_exit EXIT
trap 'exit 130' INT TERM
at_end() {
	BENCH_END="$1; $BENCH_END"
}

# row NAME OURS PEER UNIT PEER_NAME RATIO [GOAL]
row() {
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' \
		"$1" "$2" "$3" "$4" "$5" "$6" "${7:-}" >>"${BENCH_TSV:-/dev/stdout}"
}

# rounds A... -- B... [-- C...]: sets a_wall, b_wall, a_cpu, ... wall, cpu, mib
rounds() {
	rounds_text=$("$BUILD/bench/rounds" "$ROUNDS" "$@") || return 1
	eval "$rounds_text"
}

quotient() { # A B [PLACES]: A / B with three places, or so many
	awk -v a="$1" -v b="$2" -v p="${3:-3}" \
		'BEGIN { printf "%.*f", p, b ? a / b : 0 }'
}

# pair ID: two adjacent releases of a real program, as OLD and NEW
pair() {
	"$TOP/tests/bench/pairs" "$TOP/build/pairs" "$1" >/dev/null || return
	OLD=$TOP/build/pairs/$1/old
	NEW=$TOP/build/pairs/$1/new
	[ -s "$OLD" ] && [ -s "$NEW" ]
}

# alone CPU WALL: one thread took so long; whether it had a core all the time,
# without which wall clocks say nothing
alone() {
	awk -v c="$1" -v w="$2" 'BEGIN { exit !(c > 0.95 * w) }' || {
		echo "bench: one thread had $1 of $2 s: the machine is busy" >&2
		return 1
	}
}
