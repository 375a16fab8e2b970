#!/bin/sh
# Publishing a release with deltas for several platforms at once: on two cores
# against one.  Wall clock: nothing to be seen while others use the cores.
said_rounds=${ROUNDS:-}
. "$(dirname "$0")/lib.sh"

[ -x "$BIN/sluice-sign" ] && [ "$(nproc)" -ge 2 ] || {
	echo "bench: no signer, or no second core" >&2
	exit 0
}
pair B1 && linux_old=$OLD linux_new=$NEW && pair B4 &&
	windows_old=$OLD windows_new=$NEW && pair B8 &&
	arm_old=$OLD arm_new=$NEW && pair B9 || exit 0
mac_old=$OLD mac_new=$NEW
bench_work=$WORK
. "$TOP/tests/tap.sh"
at_end "rm -rf $bench_work"
. "$TOP/tests/e2e/lib.sh"

# one program for four platforms: deltas from the last release
release() { # VERSION LINUX WINDOWS ARM MAC
	APP=$2
	publish "$1" -a "windows-x86_64=$3" -a "linux-aarch64=$4" \
		-a "macos-aarch64=$5"
}
e2e_keys 2>/dev/null && e2e_root || exit 1
release 1.0.0 "$linux_old" "$windows_old" "$arm_old" "$mac_old" >/dev/null || exit 1

ROUNDS=${said_rounds:-3}
again="rm -rf $WORK/out; yes pass | head -n 5 | $BIN/sluice-sign publish \
$CHANNEL 1.1.0 -a $PLATFORM=$linux_new -a windows-x86_64=$windows_new \
-a linux-aarch64=$arm_new -a macos-aarch64=$mac_new --stage 100:0s --root $ROOT \
--key $KEYS/release.key --minisign-key $KEYS/minisign.key --previous $PUB \
--pass-fd 0 -o $WORK/out"
rounds "=$again -j 2" -- "=$again -j 1" || exit 1
[ "$(find "$WORK/out/targets" -name '*.from-*' | wc -l)" -ge 4 ] || {
	echo "bench: publishing made too few deltas" >&2
	exit 1
}
alone "$b_cpu" "$b_wall" || exit 0
row publish_two_cores "$a_wall" "$b_wall" s "one core" "$wall" 1.8
