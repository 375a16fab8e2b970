#!/bin/sh
# Digests of what is to be signed: one core, and two files on two cores.
. "$(dirname "$0")/lib.sh"

size_mib=${DIGEST_MIB:-1024}
dd if=/dev/urandom of="$WORK/a" bs=1M count="$size_mib" status=none
dd if=/dev/urandom of="$WORK/b" bs=1M count="$size_mib" status=none
cat "$WORK/a" "$WORK/b" >/dev/null

rounds "$BIN/sluice-sign" digest -j 1 "$WORK/a" -- \
	openssl dgst -sha256 "$WORK/a" || exit 1
row digest_one_file "$a_cpu" "$b_cpu" cpu_s "openssl dgst" "$cpu" 0.95
row digest_one_file_wall "$a_wall" "$b_wall" s "openssl dgst" "$wall" 0.95

if [ "$(nproc)" -ge 2 ]; then
	rounds "$BIN/sluice-sign" digest "$WORK/a" "$WORK/b" -- \
		openssl dgst -sha256 "$WORK/a" "$WORK/b" || exit 1
	row digest_two_files_wall "$a_wall" "$b_wall" s \
		"openssl dgst" "$wall" 1.8
fi
