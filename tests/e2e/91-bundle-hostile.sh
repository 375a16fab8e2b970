#!/bin/sh
# What a bundle must not be.  Each hostile one is one change away from a good
# one and goes to a client and to a mirror: one clear line, exit status 1,
# nothing written.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

has zstd || skip_all "no zstd"
bundle() { # FILE OPTION...
	b_out=$1
	shift
	sign bundle --from "$PUB" --channel "$CHANNEL" --root "$ROOT" \
		--timestamp-key "$KEYS/timestamp.key" \
		--minisign-key "$KEYS/minisign.key" -o "$b_out" "$@"
}
mirror() {
	"$BIN/sluiced" -c "$WORK/sluiced.conf" "$@"
}
# seal <TAR >BUNDLE: the frame and the seal that a bundle has
seal() {
	zstd -q -3 --long=23 -c >"$WORK/.frame"
	cat "$WORK/.frame"
	printf '\120\052\115\030\040\000\000\000'
	openssl dgst -sha256 -binary "$WORK/.frame"
}
# again MEMBER...: the members of the folder X, in this order, as a bundle
again() {
	tar -cf - --no-recursion --owner=0 --group=0 -C "$WORK/x" \
		${TRANSFORM:+--transform "$TRANSFORM"} -P "$@" | seal >"$WORK/h"
}
everything() {
	{
		find "$CLIENT/state" "$CLIENT/app" -type f -exec cksum {} +
		find "$STATE/blobs" "$STATE/incoming" "$STATE/intake" \
			-type f ! -name lock
	} | sort
}
# hostile NAME REGEX [FILE]
hostile() {
	h_file=${3:-$WORK/h}
	for h_who in client mirror; do
		if [ $h_who = client ]; then
			refused "$1: a client" 1 client update --bundle "$h_file"
		else
			refused "$1: a mirror" 1 mirror import "$h_file"
		fi
		is "... one line" "$(printf '%s\n' "$ERR" | wc -l)" 1
		like "... with the reason" "$ERR" "error: .*($2)"
	done
	everything >"$WORK/now"
	check "... nothing was written" cmp "$WORK/then" "$WORK/now"
}
# quiet ones, by the hundred: only the exit statuses are compared
soundly() { # FILE
	run client update --bundle "$1"
	[ "$STATUS" -eq 1 ] || return
	[ "$(printf '%s\n' "$ERR" | wc -l)" -eq 1 ]
}

e2e_keys || exit 2
e2e_root || exit 2
cat >"$WORK/sluiced.conf" <<-END
	state = $STATE
	listen = 127.0.0.1:0
END
app 1.0.0
publish 1.0.0 >/dev/null && bundle "$WORK/one" >/dev/null || exit 2
app 1.1.0
publish 1.1.0 --previous "$PUB" --fallback 1.0.0 >/dev/null &&
	bundle "$WORK/two" >/dev/null || exit 2
mirror init >/dev/null && mirror channel add "$CHANNEL" --root "$ROOT" --mirror \
	>/dev/null || exit 2
# shellcheck disable=SC2034 # of client_init
URL=http://127.0.0.1:9
check "a client has the first" client_init
check "... from its bundle" client update --bundle "$WORK/one"
check "the mirror, too" mirror import "$WORK/one"
everything >"$WORK/then"

# --- members that are not those of the list -----------------------------------
mkdir "$WORK/x"
tar --zstd -xf "$WORK/two" -C "$WORK/x" 2>/dev/null
tar --zstd -tf "$WORK/two" >"$WORK/names" 2>/dev/null
set --
while read -r name; do
	set -- "$@" "$name"
done <"$WORK/names"
last=$(tail -n 1 "$WORK/names")
again "$@"
check "packed by other tools it is still the same bundle" client inspect "$WORK/h"

echo extra >"$WORK/x/extra"
again "$@" extra
hostile "an extra member at the end" 'extra: the list does not name it'
again SHA256SUMS extra "$CHANNEL/SHA256SUMS.minisig"
hostile "... and in front" 'extra stands where'
# shellcheck disable=SC2046 # names without blanks
again $(grep -v snapshot "$WORK/names")
hostile "missing members" 'stands where .*snapshot.json belongs'
# shellcheck disable=SC2046
again $(sed '$d' "$WORK/names")
hostile "the last one missing" 'is not there'
# shellcheck disable=SC2046
again SHA256SUMS "$CHANNEL/SHA256SUMS.minisig" $(tail -n +3 "$WORK/names" | sort -r)
hostile "another order" 'stands where'
again "$CHANNEL/1.root.json" "$@"
hostile "the list not first" 'stands where SHA256SUMS belongs'
cp "$WORK/x/$last" "$WORK/keep"
ln -sf /etc/passwd "$WORK/x/$last"
again "$@"
hostile "a symbolic link" 'not a regular file'
rm "$WORK/x/$last"
ln "$WORK/keep" "$WORK/x/$last"
ln "$WORK/keep" "$WORK/x/linked"
again "$@" linked
hostile "a hard link" 'linked: not a regular file'
rm "$WORK/x/$last" "$WORK/x/linked"
mkdir "$WORK/x/$last"
again "$@"
hostile "a folder" 'not a regular file|stands where'
rmdir "$WORK/x/$last"
mkfifo "$WORK/x/$last"
again "$@"
hostile "a pipe" 'not a regular file'
rm "$WORK/x/$last"
cp "$WORK/keep" "$WORK/x/$last"
TRANSFORM='s,^\(.*/timestamp\.json\)$,/etc/\1,'
again "$@"
hostile "an absolute path" '/etc/.* stands where'
TRANSFORM='s,^\(.*/timestamp\.json\)$,../../\1,'
again "$@"
hostile "a path that climbs" '\.\./.* stands where'
TRANSFORM="s,^\(.*/timestamp\.json\)\$,$(printf '%02000d' 0),"
again "$@"
hostile "a name beyond all bounds" 'too long'
TRANSFORM=
printf x >>"$WORK/x/$last"
again "$@"
hostile "a longer member" 'bytes where the list says'
truncate -s 4G "$WORK/x/$last"
again "$@"
hostile "a zip bomb" 'bytes where the list says'
cp "$WORK/keep" "$WORK/x/$last"
head -c 1 "$WORK/keep" | tr '\000-\377' '\001-\377\000' |
	dd of="$WORK/x/$last" conv=notrunc bs=1 2>/dev/null
again "$@"
hostile "other bytes of the same length" 'other bytes than the list says'
cp "$WORK/keep" "$WORK/x/$last"

# --- what lies around them ------------------------------------------------------
tar -cf - --no-recursion -C "$WORK/x" "$@" >"$WORK/tar"
{
	cat "$WORK/tar"
	head -c 300M /dev/zero
} | seal >"$WORK/h"
hostile "a bomb after the end" 'holds more than its members say'
{
	cat "$WORK/two"
	echo x
} >"$WORK/h"
hostile "something after the seal" 'something follows the archive'
cat "$WORK/two" "$WORK/two" >"$WORK/h"
hostile "two bundles in one file" 'something follows the archive'
cp "$WORK/tar" "$WORK/h"
hostile "a bare tar" 'not a bundle'
gzip -c "$WORK/tar" >"$WORK/h"
hostile "another compressor" 'not a bundle'
: >"$WORK/h"
hostile "an empty file" 'not a bundle'
mkdir "$WORK/folder"
hostile "a folder in its place" 'not a regular file' "$WORK/folder"

# --- signatures and lists -------------------------------------------------------
cp "$WORK/x/SHA256SUMS" "$WORK/list"
sed -i '0,/^# size/s/^# size.*/# size 7/' "$WORK/x/SHA256SUMS"
again "$@"
hostile "a changed list" 'bytes where the list says|not signed by a key'
sed 's/^# expires .*/# expires 2099-01-01T00:00:00Z/' "$WORK/list" \
	>"$WORK/x/SHA256SUMS"
again "$@"
hostile "a list that lasts longer" 'not signed by a key'
cp "$WORK/list" "$WORK/x/SHA256SUMS"
cp "$WORK/x/$CHANNEL/SHA256SUMS.minisig" "$WORK/sig"
mkdir "$WORK/y"
tar --zstd -xf "$WORK/one" -C "$WORK/y" 2>/dev/null
cp "$WORK/y/$CHANNEL/SHA256SUMS.minisig" "$WORK/x/$CHANNEL/SHA256SUMS.minisig"
again "$@"
hostile "the signature of another list" 'not signed by a key'
cp "$WORK/sig" "$WORK/x/$CHANNEL/SHA256SUMS.minisig"

# --- other bundles ----------------------------------------------------------------
mine=$CHANNEL
my_root=$ROOT
my_pub=$PUB
CHANNEL=viewer/stable ROOT=$WORK/viewer.json PUB=$WORK/viewer
e2e_root && publish 1.0.0 >/dev/null && bundle "$WORK/viewer.b" >/dev/null || exit 2
hostile "a bundle of another product" 'viewer/stable' "$WORK/viewer.b"
CHANNEL=editor/canary ROOT=$WORK/canary.json PUB=$WORK/canary
e2e_root && publish 1.0.0 >/dev/null && bundle "$WORK/canary.b" >/dev/null || exit 2
hostile "a bundle of another channel" 'editor/canary' "$WORK/canary.b"
CHANNEL=$mine ROOT=$WORK/other.json PUB=$WORK/other
mkdir "$KEYS/mine"
mv "$KEYS"/*.key "$KEYS"/*.pub "$KEYS/mine/"
e2e_keys >/dev/null 2>&1 && e2e_root && publish 1.0.0 >/dev/null &&
	bundle "$WORK/other.b" >/dev/null || exit 2
hostile "the same names, other keys" 'not signed by a key' "$WORK/other.b"
mv "$KEYS"/mine/* "$KEYS/"
ROOT=$my_root PUB=$my_pub

# --- parts, cuts, flipped bits --------------------------------------------------
check "a bundle in parts" bundle "$WORK/parts" --split 256K
mv "$WORK/parts.001" "$WORK/aside"
hostile "without one in the middle" 'parts.001 is missing' "$WORK/parts"
mv "$WORK/aside" "$WORK/parts.001"
rm "$(printf '%s\n' "$WORK"/parts.0* | tail -n 1)"
hostile "without the last" 'is the last part missing' "$WORK/parts"

size=$(wc -c <"$WORK/two")
bad=0
for at in 0 1 5 6 7 100 1000 4000 $((size / 4)) $((size / 3)) $((size / 2)) \
	$((size - 41)) $((size - 40)) $((size - 39)) $((size - 8)) $((size - 1)); do
	head -c "$at" "$WORK/two" >"$WORK/h"
	soundly "$WORK/h" || { bad=$((bad + 1)) && note "cut at $at: $ERR"; }
done
is "cut anywhere it is refused" "$bad" 0
bad=0
step=$((size / 120))
at=0
while [ "$at" -lt "$size" ]; do
	cp "$WORK/two" "$WORK/h"
	byte=$(od -An -tu1 -j "$at" -N 1 "$WORK/two" | tr -d ' ')
	# shellcheck disable=SC2059 # the format is the byte
	printf "\\$(printf %03o $((byte ^ (1 << (at % 8)))))" |
		dd of="$WORK/h" bs=1 seek="$at" conv=notrunc 2>/dev/null
	soundly "$WORK/h" || { bad=$((bad + 1)) && note "bit at $at: $ERR"; }
	at=$((at + step + 1))
done
is "with any bit flipped it is refused" "$bad" 0
everything >"$WORK/now"
check "... nothing was written" cmp "$WORK/then" "$WORK/now"

# --- a good one on a bad disk --------------------------------------------------------
# faulty CALL COMMAND...: it fails on the bundle alone
faulty() {
	f_call=$1
	shift
	strace -qq -f -o /dev/null -P "$WORK/two" \
		-e inject="$f_call:error=EIO" "$@"
}
if strace -qq -o /dev/null true 2>/dev/null; then
	for call in openat /fstat read; do
		refused "$call fails: a client cannot tell" 2 faulty $call \
			"$BIN/sluice" --config "$CLIENT/conf" update \
			--bundle "$WORK/two"
		like "... and says why" "$ERR" 'error: .*two: .*Input/output error'
		refused "$call fails: nor can a mirror" 2 faulty $call \
			"$BIN/sluiced" -c "$WORK/sluiced.conf" import \
			"$WORK/two"
	done
	everything >"$WORK/now"
	check "... nothing was written" cmp "$WORK/then" "$WORK/now"
else
	skip "a good one on a bad disk" "strace may not trace here"
fi

check "the good one is taken" client update --bundle "$WORK/two"
is "... it runs" "$(installed)" "editor 1.1.0"
check "... by the mirror, too" mirror import "$WORK/two"
everything >"$WORK/then"
hostile "an older one after it" 'older than what' "$WORK/one"
finish
