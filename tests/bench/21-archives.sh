#!/bin/sh
# Deltas between archives: against bsdiff on the same files, and against ours
# between what is in them, which is the best that unpacking can give.
#
#     ARCHIVES  which pairs (see tests/bench/pairs): T1, one small one, if not
#               set; "all": all
. "$(dirname "$0")/lib.sh"

command -v bsdiff >/dev/null || {
	echo "bench: no bsdiff here" >&2
	exit 0
}
delta=$BIN/sluice-delta
case ${ARCHIVES:-T1} in all) ARCHIVES="T1 T6 H6 Z4 D8" ;; esac
ROUNDS=1

# unpacked ARCHIVE OUT: what is in it, as one file
unpacked() {
	case $id in
	T*) gzip -dc "$1" >"$2" ;;
	D*) dpkg-deb --fsys-tarfile "$1" >"$2" ;;
	Z*) rm -rf "$WORK/z" && mkdir "$WORK/z" &&
		(cd "$WORK/z" && python3 -m zipfile -e "$1" .) &&
		tar --sort=name --mtime=@0 -C "$WORK/z" -cf "$2" . ;;
	H*) cp "$1" "$2" ;;
	esac
}
bytes() {
	wc -c <"$1"
}

for id in ${ARCHIVES:-T1}; do
	pair "$id" || continue
	name=archive_$id
	rounds "$delta" make -q -j 1 "$OLD" "$NEW" "$WORK/ours" -- \
		bsdiff "$OLD" "$NEW" "$WORK/theirs" || exit 1
	row "${name}_make_cpu" "$a_cpu" "$b_cpu" cpu_s bsdiff "$cpu"
	row "${name}_make_memory" "$a_mib" "$b_mib" MiB bsdiff "$mib"
	row "${name}_size" "$(bytes "$WORK/ours")" "$(bytes "$WORK/theirs")" \
		bytes bsdiff \
		"$(quotient "$(bytes "$WORK/theirs")" "$(bytes "$WORK/ours")")"
	rounds "$delta" apply "$OLD" "$WORK/ours" "$WORK/out" -- \
		bspatch "$OLD" "$WORK/out2" "$WORK/theirs" || exit 1
	cmp "$WORK/out" "$NEW" || exit 1
	row "${name}_apply_cpu" "$a_cpu" "$b_cpu" cpu_s bspatch "$cpu"
	row "${name}_apply_memory" "$a_mib" "$b_mib" MiB bspatch "$mib"
	unpacked "$OLD" "$WORK/old.in" && unpacked "$NEW" "$WORK/new.in" &&
		"$delta" make -q "$WORK/old.in" "$WORK/new.in" "$WORK/best" ||
		exit 1
	row "${name}_size_unpacked" "$(bytes "$WORK/ours")" \
		"$(bytes "$WORK/best")" bytes ours_unpacked \
		"$(quotient "$(bytes "$WORK/best")" "$(bytes "$WORK/ours")")" 0.95
	# what HDiffPatch's LZMA2 reaches on this tar
	[ "$id" != H6 ] || row "${name}_hdiffpatch" "$(bytes "$WORK/ours")" \
		675075 bytes hdiffpatch \
		"$(quotient 675075 "$(bytes "$WORK/ours")")" 0.99
done
