#!/bin/sh
# Deltas against the programs that the format comes from: each applies what the
# other has made.
. "$(dirname "$0")/../tap.sh"

has bsdiff && has bspatch || skip_all "no bsdiff and bspatch here"
delta=$BIN/sluice-delta

both_ways() { # NAME OLD NEW
	check "$1: made by us" "$delta" make -q -f bsdiff40 "$2" "$3" "$WORK/ours"
	check "$1: made by bsdiff" bsdiff "$2" "$3" "$WORK/theirs"
	check "$1: bspatch takes ours" bspatch "$2" "$WORK/by-them" "$WORK/ours"
	check "$1: bspatch rebuilt it" cmp "$WORK/by-them" "$3"
	check "$1: we take theirs" \
		"$delta" apply "$2" "$WORK/theirs" "$WORK/by-us"
	check "$1: we rebuilt it" cmp "$WORK/by-us" "$3"
	check "$1: we describe theirs" "$delta" inspect "$WORK/theirs"
	ours=$(wc -c <"$WORK/ours")
	theirs=$(wc -c <"$WORK/theirs")
	check "$1: ours is not much larger ($ours, $theirs)" \
		[ "$ours" -le $((theirs + theirs / 50 + 200)) ]
}

: >"$WORK/empty"
printf x >"$WORK/one"
# bsdiff itself cannot map an empty file, bspatch can
one_way() { # NAME OLD NEW
	check "$1: made by us" "$delta" make -q -f bsdiff40 "$2" "$3" "$WORK/ours"
	check "$1: bspatch takes ours" bspatch "$2" "$WORK/by-them" "$WORK/ours"
	check "$1: bspatch rebuilt it" cmp "$WORK/by-them" "$3"
}
one_way "from nothing" "$WORK/empty" "$WORK/one"
one_way "to nothing" "$WORK/one" "$WORK/empty"
one_way "nothing" "$WORK/empty" "$WORK/empty"

both_ways "identical" "$delta" "$delta"
both_ways "unrelated" /bin/sh "$TOP/delta/match.c"

# two programs that share most of their code, as two releases do
both_ways "program" "$BUILD/lib/libbase.a" "$BUILD/lib/libmanifest.a"
both_ways "libraries" "$BUILD/lib/libdelta.a" "$BUILD/lib/libmanifest.a"
finish
