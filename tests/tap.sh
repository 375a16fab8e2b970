# TAP for shell tests (dash or bash); sourced, never run:
#
#	. "$(dirname "$0")/../tap.sh"
#	check "it says its version" "$BIN/sluice" --version
#	run "$BIN/sluice" nonsense          # sets STATUS, OUT and ERR
#	is "an unknown verb is a usage error" "$STATUS" 2
#	like "... and says so" "$ERR" 'error: .*nonsense'
#	finish
#
# Variables: BIN (programs), BUILD, TOP, WORK (a folder of this test, removed
# at the end).  Each check prints one TAP line and returns whether it held.
# at_end COMMAND adds a command that runs however the test ends.
# shellcheck shell=sh disable=SC2034 # used by those who source it

TOP=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${SLUICE_BUILD:-$TOP/build}
BIN=${SLUICE_BIN:-$BUILD/bin}
WORK=$(mktemp -d "${TMPDIR:-/tmp}/sluice-test.XXXXXX") || exit 2
TAP_N=0
TAP_BAD=0
TAP_END=
LC_ALL=C.UTF-8
export LC_ALL

at_end() {
	TAP_END="$1; $TAP_END"
}

tap_exit() {
	tap_status=$?
	trap - EXIT
	eval "$TAP_END"
	rm -rf "$WORK"
	exit "$tap_status"
}
trap tap_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

tap_result() { # STATUS NAME
	TAP_N=$((TAP_N + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $TAP_N - $2"
	else
		TAP_BAD=$((TAP_BAD + 1))
		echo "not ok $TAP_N - $2"
	fi
	return "$1"
}

note() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# run COMMAND...: never fails; STATUS, OUT and ERR tell what came of it
run() {
	STATUS=0
	"$@" >"$WORK/.out" 2>"$WORK/.err" || STATUS=$?
	OUT=$(cat "$WORK/.out")
	ERR=$(cat "$WORK/.err")
}

# check NAME COMMAND...: the command succeeds
check() {
	tap_name=$1
	shift
	run "$@"
	tap_result "$STATUS" "$tap_name" && return
	note "$* (exit status $STATUS)"
	note "$OUT"
	note "$ERR"
	return 1
}

# refused NAME STATUS COMMAND...: the command exits with exactly this status
refused() {
	tap_name=$1
	tap_want=$2
	shift 2
	run "$@"
	[ "$STATUS" -eq "$tap_want" ]
	tap_result $? "$tap_name" && return
	note "$* (exit status $STATUS, wanted $tap_want)"
	note "$OUT"
	note "$ERR"
	return 1
}

# is NAME GOT WANT
is() {
	[ "$2" = "$3" ]
	tap_result $? "$1" && return
	note "got:  $2"
	note "want: $3"
	return 1
}

# like NAME GOT REGEX (grep -E, any line); unlike: no line matches
like() {
	printf '%s\n' "$2" | grep -Eq -- "$3"
	tap_result $? "$1" && return
	note "got:  $2"
	note "want: /$3/"
	return 1
}
unlike() {
	! printf '%s\n' "$2" | grep -Eq -- "$3"
	tap_result $? "$1" && return
	note "got: $2"
	note "do not want: /$3/"
	return 1
}

# has COMMAND: is there
has() {
	command -v "$1" >/dev/null 2>&1
}

skip() { # NAME REASON
	TAP_N=$((TAP_N + 1))
	echo "ok $TAP_N - $1 # SKIP $2"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

finish() {
	echo "1..$TAP_N"
	[ "$TAP_BAD" -eq 0 ]
	exit $?
}
