# For the scripts of tests/bench; sourced.  ROUNDS (7) can be set from outside.
# shellcheck shell=sh disable=SC2034 # used by those who source it

TOP=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${SLUICE_BUILD:-$TOP/build}
BIN=${SLUICE_BIN:-$BUILD/bin}
ROUNDS=${ROUNDS:-7}
CORPUS=$TOP/build/corpus
WORK=$(mktemp -d "${TMPDIR:-/var/tmp}/sluice-bench.XXXXXX") || exit 2
BENCH_END=
a_wall=0 b_wall=0 a_cpu=0 b_cpu=0 a_mib=0 b_mib=0 wall=0 cpu=0 mib=0
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

# rounds A... -- B...: sets a_wall, b_wall, a_cpu, ... wall, cpu, mib
rounds() {
	rounds_text=$("$BUILD/bench/rounds" "$ROUNDS" "$@") || return 1
	eval "$rounds_text"
}

quotient() { # A B: A / B with three places
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", b ? a / b : 0 }'
}

# npm_file PACKAGE VERSION PATH SHA256 NAME: a file of a published package, for
# a pair of real releases; kept in CORPUS
npm_file() {
	to=$CORPUS/$5
	[ -s "$to" ] || {
		mkdir -p "$CORPUS" "$WORK/npm"
		(cd "$WORK/npm" && npm pack --silent "$1@$2" >/dev/null 2>&1 &&
			tar -xzf ./*.tgz && mv "package/$3" "$to")
		rm -rf "$WORK/npm"
	}
	[ "$(sha256sum "$to" 2>/dev/null | cut -d' ' -f1)" = "$4" ] || {
		rm -f "$to"
		echo "bench: cannot have $1@$2" >&2
		return 1
	}
}

# pair: a real program of two adjacent releases, as OLD and NEW
pair() {
	OLD=$CORPUS/esbuild-0.28.1
	NEW=$CORPUS/esbuild-0.28.2
	npm_file @esbuild/linux-x64 0.28.1 bin/esbuild \
		0c6588b092a2c291a72bab90659f3c9e0e25e0fe59c9ac12b4dae4d945e5548c \
		esbuild-0.28.1 &&
		npm_file @esbuild/linux-x64 0.28.2 bin/esbuild \
			e1698a3d5c6c0798fee4fd3b5cc816651f460c63d390a7a26ea4beb0b1884100 \
			esbuild-0.28.2
}
