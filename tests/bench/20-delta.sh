#!/bin/sh
# Making and applying deltas against the programs that the format comes from,
# on a real pair of releases.
. "$(dirname "$0")/lib.sh"

command -v bsdiff >/dev/null || {
	echo "bench: no bsdiff here" >&2
	exit 0
}
pair || exit 0
delta=$BIN/sluice-delta
rounds "$delta" make -q "$OLD" "$NEW" "$WORK/ours" -- \
	bsdiff "$OLD" "$NEW" "$WORK/theirs" || exit 1
row delta_make_cpu "$a_cpu" "$b_cpu" cpu_s bsdiff "$cpu" 3.0
row delta_make_wall "$a_wall" "$b_wall" s bsdiff "$wall" 3.0
row delta_make_memory "$a_mib" "$b_mib" MiB bsdiff "$mib" 1.0
ours=$(wc -c <"$WORK/ours")
theirs=$(wc -c <"$WORK/theirs")
row delta_size "$ours" "$theirs" bytes bsdiff "$(quotient "$theirs" "$ours")" 0.99

sum=$(sha256sum "$NEW" | cut -d' ' -f1)
size=$(wc -c <"$NEW")
rounds "$delta" apply --sha256 "$sum" --size "$size" \
	"$OLD" "$WORK/ours" "$WORK/new" -- \
	bspatch "$OLD" "$WORK/new2" "$WORK/ours" || exit 1
cmp -s "$WORK/new" "$NEW" && cmp -s "$WORK/new2" "$NEW" || {
	echo "bench: a rebuilt file differs" >&2
	exit 1
}
row delta_apply_cpu "$a_cpu" "$b_cpu" cpu_s bspatch "$cpu" 0.95
row delta_apply_memory "$a_mib" "$b_mib" MiB bspatch "$mib" 1.0
