#!/bin/sh
# Making and applying deltas of both formats against bsdiff and bspatch, on real
# pairs of releases (PAIRS, see tests/bench/pairs).
. "$(dirname "$0")/lib.sh"

command -v bsdiff >/dev/null || {
	echo "bench: no bsdiff here" >&2
	exit 0
}
delta=$BIN/sluice-delta

# make_rows FORMAT NAME CPU_GOAL SIZE_GOAL; apply_rows FORMAT NAME CPU_GOAL
make_rows() {
	rounds "$delta" make -q --format "$1" "$OLD" "$NEW" "$WORK/$1" -- \
		bsdiff "$OLD" "$NEW" "$WORK/theirs" || exit 1
	row "$2_make_cpu" "$a_cpu" "$b_cpu" cpu_s bsdiff "$cpu" "$3"
	row "$2_make_wall" "$a_wall" "$b_wall" s bsdiff "$wall" "$3"
	row "$2_make_memory" "$a_mib" "$b_mib" MiB bsdiff "$mib"
	ours=$(wc -c <"$WORK/$1")
	theirs=$(wc -c <"$WORK/theirs")
	row "$2_size" "$ours" "$theirs" bytes bsdiff \
		"$(quotient "$theirs" "$ours")" "$4"
}

apply_rows() {
	rounds "$delta" apply --sha256 "$sum" --size "$size" \
		"$OLD" "$WORK/$1" "$WORK/new" -- \
		bspatch "$OLD" "$WORK/new2" "$WORK/theirs" || exit 1
	cmp -s "$WORK/new" "$NEW" && cmp -s "$WORK/new2" "$NEW" || {
		echo "bench: a rebuilt file differs" >&2
		exit 1
	}
	row "$2_apply_cpu" "$a_cpu" "$b_cpu" cpu_s bspatch "$cpu" "$3"
	row "$2_apply_memory" "$a_mib" "$b_mib" MiB bspatch "$mib"
}

for id in ${PAIRS:-B1}; do
	pair "$id" || continue
	sum=$(sha256sum "$NEW" | cut -d' ' -f1)
	size=$(wc -c <"$NEW")
	make_rows bsdiff40 "delta_${id}_bsdiff40" 3.0 0.99
	apply_rows bsdiff40 "delta_${id}_bsdiff40" 0.9
	make_rows sluice "delta_${id}_sluice" 1.0 1.5
	apply_rows sluice "delta_${id}_sluice" 0.9
done
