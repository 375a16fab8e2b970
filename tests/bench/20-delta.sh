#!/bin/sh
# Making and applying deltas of both formats against bsdiff and bspatch, xdelta3
# and zstd, on real pairs of releases (PAIRS, see tests/bench/pairs).
#
#     PAIRS     which pairs; one small one if not set, "all": all
#     ROUNDS    of each measurement (3; 1 where the file has 20 MB and more)
#     ON_CORES  the pair that is made on one core and on two (H4)
#
# Times are CPU seconds of one thread, but for the row "_two_cores".
said_rounds=${ROUNDS:-}
. "$(dirname "$0")/lib.sh"

command -v bsdiff >/dev/null || {
	echo "bench: no bsdiff here" >&2
	exit 0
}
delta=$BIN/sluice-delta
all="B1 B2 B3 B4 B5 B6 B7 H1 H2 H3 H4 H5 H8"
case ${PAIRS:-B1} in all) PAIRS=$all ON_CORES=${ON_CORES:-H4} ;; esac

# --- what is to be reached ----------------------------------------------------

# The patch of ours over bsdiff's: at most this part, where the releases are
# neighbours and nothing is packed.
part_of_bsdiff() {
	case $1 in
	B1 | B4) echo 0.28 ;; # esbuild
	B2 | H2 | H3) echo 0.33 ;; # biome
	B3) echo 0.40 ;; # workerd
	B5) echo 0.125 ;; # libcrypto
	H4 | H5 | H8) echo 0.45 ;;
	esac
}

# Sizes that HDiffPatch 4.12 reaches on these very files, by the better of its
# zstd and LZMA2; it is not packaged.
hdiffpatch_size() {
	case $1 in
	B1) echo 424078 ;; B2) echo 7944624 ;; B3) echo 7417851 ;;
	B4) echo 467326 ;; B5) echo 188514 ;; B6) echo 20607 ;;
	B7) echo 3101901 ;; H1) echo 10018149 ;; H2) echo 5028780 ;;
	H3) echo 6348451 ;; H4) echo 4832219 ;; H5) echo 2309757 ;;
	H8) echo 640754 ;;
	esac
}

# --- the rows of one pair -----------------------------------------------------

bytes() {
	wc -c <"$1"
}
at_most() { # PART: ours <= PART x peer, as the goal for peer / ours
	quotient 1 "$1" 4
}

make_rows() { # ID
	name=delta_$1
	rounds "$delta" make -q -j 1 -f bsdiff40 "$OLD" "$NEW" "$WORK/bsdiff40" -- \
		"$delta" make -q -j 1 -f sluice "$OLD" "$NEW" "$WORK/sluice" -- \
		bsdiff "$OLD" "$NEW" "$WORK/theirs" || exit 1
	theirs=$(bytes "$WORK/theirs")
	goal=4.0
	[ "$size" -gt 5000000 ] || goal=
	row "${name}_bsdiff40_make_cpu" "$a_cpu" "$c_cpu" cpu_s bsdiff "$cpu" $goal
	row "${name}_bsdiff40_make_memory" "$a_mib" "$c_mib" MiB bsdiff "$mib"
	echo "$mib" >>"$WORK/memory"
	ours=$(bytes "$WORK/bsdiff40")
	row "${name}_bsdiff40_size" "$ours" "$theirs" bytes bsdiff \
		"$(quotient "$theirs" "$ours" 4)" "$(at_most 1.005)"

	part=$(part_of_bsdiff "$1")
	row "${name}_sluice_make_cpu" "$b_cpu" "$c_cpu" cpu_s bsdiff "$cpu2" \
		${part:+2.5}
	row "${name}_sluice_make_memory" "$b_mib" "$c_mib" MiB bsdiff "$mib2"
	ours=$(bytes "$WORK/sluice")
	row "${name}_sluice_size" "$ours" "$theirs" bytes bsdiff \
		"$(quotient "$theirs" "$ours")" ${part:+$(at_most "$part")}
	[ -z "$part" ] || quotient "$ours" "$theirs" >>"$WORK/parts"
}

# Other peers: PEER COMMAND..., which writes WORK/other
peer_rows() {
	peer=$1
	shift
	command -v "$1" >/dev/null || {
		echo "bench: no $1 here" >&2
		return 0
	}
	other_cpu=$("$BUILD/bench/rounds" 1 "$@" -- true) || exit 1
	other_cpu=${other_cpu#*a_cpu=}
	other_cpu=${other_cpu%% *}
	row "${name}_sluice_make_cpu_$peer" "$b_cpu" "$other_cpu" cpu_s "$peer" \
		"$(quotient "$other_cpu" "$b_cpu")"
	size_row "$peer" "$(bytes "$WORK/other")"
	rm -f "$WORK/other"
}
size_row() { # PEER BYTES
	row "${name}_sluice_size_$1" "$ours" "$2" bytes "$1" \
		"$(quotient "$2" "$ours")"
	echo "$2 $1" >>"$WORK/sizes"
}

other_rows() { # ID
	echo "$theirs bsdiff" >"$WORK/sizes"
	peer_rows xdelta3 xdelta3 -f -e -9 -s "$OLD" "$NEW" "$WORK/other"
	peer_rows zstd zstd -qq -f --single-thread -19 --long=31 --patch-from="$OLD" "$NEW" \
		-o "$WORK/other"
	size_row hdiffpatch "$(hdiffpatch_size "$1")"
	case $1 in
	B6 | H1) # text, packed: as good as the best of them, whichever it is
		sort -n "$WORK/sizes" | head -n 1 >"$WORK/best"
		read -r best peer <"$WORK/best"
		row "${name}_sluice_size_best" "$ours" "$best" bytes "$peer" \
			"$(quotient "$best" "$ours" 4)" "$(at_most 1.01)"
		;;
	esac
}

apply_one() { # FORMAT GOAL
	rounds "$delta" apply --sha256 "$sum" --size "$size" \
		"$OLD" "$WORK/$1" "$WORK/new" -- \
		bspatch "$OLD" "$WORK/new2" "$WORK/theirs" || exit 1
	cmp -s "$WORK/new" "$NEW" && cmp -s "$WORK/new2" "$NEW" || {
		echo "bench: a rebuilt file differs" >&2
		exit 1
	}
	row "${name}_$1_apply_cpu" "$a_cpu" "$b_cpu" cpu_s bspatch "$cpu" "$2"
	row "${name}_$1_apply_memory" "$a_mib" "$b_mib" MiB bspatch "$mib"
}

apply_rows() {
	apply_one bsdiff40 0.9
	apply_one sluice 1.0
	speed=$(awk -v n="$size" -v s="$a_cpu" 'BEGIN { printf "%.1f", n / s / 1e6 }')
	row "${name}_sluice_apply_speed" "$speed" 70 MB/cpu_s "the goal" \
		"$(quotient "$speed" 70)" 1.0
	# beyond the mapped files: seen, and what the patch says it takes at most
	seen=$("$BUILD/bench/peak" "$delta" apply "$OLD" "$WORK/sluice" \
		"$WORK/new") || exit 1
	row "${name}_sluice_apply_own_memory" "$seen" 64 MiB "the goal" \
		"$(quotient 64 "$seen")" 1.0
	said=$("$delta" inspect "$WORK/sluice" |
		awk '/^memory to apply:/ { printf "%.1f", $4 / 1048576 }')
	row "${name}_sluice_apply_said_memory" "$said" 64 MiB "the goal" \
		"$(quotient 64 "$said")" 1.0
}

# Wall clock: nothing to be seen while others use the cores.
two_cores() { # ID
	[ "$(nproc)" -ge 2 ] && pair "$1" || return 0
	[ -n "$said_rounds" ] || ROUNDS=3
	rounds "$delta" make -q -j 2 "$OLD" "$NEW" "$WORK/two" -- \
		"$delta" make -q -j 1 "$OLD" "$NEW" "$WORK/one" || exit 1
	cmp "$WORK/one" "$WORK/two" || exit 1
	alone "$b_cpu" "$b_wall" || return 0
	row "delta_$1_sluice_two_cores" "$a_wall" "$b_wall" s "one core" "$wall" 1.5
}

summary_rows() { # they say something of many pairs
	[ -s "$WORK/memory" ] && [ "$(wc -l <"$WORK/memory")" -ge 5 ] || return 0
	row delta_bsdiff40_make_memory_mean "" "" MiB bsdiff \
		"$(awk '{ s += log($1) } END { printf "%.3f", exp(s / NR) }' \
			"$WORK/memory")" "$(at_most 0.85)"
	row delta_sluice_size_median "" "" bytes bsdiff \
		"$(sort -n "$WORK/parts" | awk '{ v[NR] = $1 }
		END { printf "%.3f", 2 / (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) }')" \
		"$(at_most 0.30)"
}

for id in ${PAIRS:-B1}; do
	pair "$id" || continue
	sum=$(sha256sum "$NEW" | cut -d' ' -f1)
	size=$(bytes "$NEW")
	ROUNDS=$said_rounds
	[ -n "$ROUNDS" ] || ROUNDS=$([ "$size" -lt 20000000 ] && echo 3 || echo 1)
	make_rows "$id"
	other_rows "$id"
	apply_rows
done
summary_rows
[ -z "${ON_CORES:-}" ] || two_cores "$ON_CORES"
