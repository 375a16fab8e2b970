#!/bin/sh
# A second implementation, tests/second, written from sluice-delta(5) alone,
# rebuilds the same bytes from the patches that the program makes: what the
# page says is what the format is.
. "$(dirname "$0")/../tap.sh"

has node || skip_all "no node (packaging/deps test)"
has zstd || skip_all "no zstd (packaging/deps test)"

delta=$BIN/sluice-delta
second=$TOP/tests/second
cd "$WORK" || exit 2

# both PAIR: a patch of it gives the new file
both() {
	check "$1: make" "$delta" make -q "$1.old" "$1.new" "$1.patch" || return
	"$delta" inspect "$1.patch" >>facts
	rm -f out
	check "... apply" node "$second/apply.mjs" "$1.old" "$1.patch" out || return
	check "... gives the new file" cmp out "$1.new"
}

# --- plain files ----------------------------------------------------------------

seq 1 20000 >text.old; { seq 1 9000; echo more; seq 8990 20100; } >text.new
cp text.old gone.old; : >gone.new
: >made.old; cp text.new made.new
: >nothing.old; : >nothing.new
printf abcd >tiny.old; printf abXdef >tiny.new
head -c 60000 /dev/urandom >random.old
{ tail -c 20000 random.old; head -c 5001 /dev/urandom; head -c 30000 random.old; } \
	>random.new
# much the same, moved: words, their near shifts
node -e 'const fs = require("fs");
	for (const [name, by] of [["old", 0], ["new", 4096]]) {
		const words = Uint32Array.from({length: 30000}, (_, i) => i % 3
			? (i * 2654435761 >>> 9) * 16 + (i % 100 ? by : 0) : i);
		fs.writeFileSync("words." + name, words);
	}'
for pair in text gone made nothing tiny random words; do
	both $pair
done

# --- executables ----------------------------------------------------------------

"$TOP/tests/portable/programs" . >programs
while IFS= read -r line; do
	case $line in
	*:*) skip "${line%%:*}" "${line#*: }" ;;
	*) both "$line" ;;
	esac
done <programs

# with jump tables, unwinding, literals that begin where old's code ends
for side in old new; do
	[ $side = old ] && flags=-O1 || flags="-O2 -DNDEBUG"
	# shellcheck disable=SC2086 # flags
	check "a program is built" gcc -std=gnu11 $flags -I"$TOP" -D_GNU_SOURCE \
		-o program.$side "$TOP/tests/portable/store.c" \
		"$TOP"/delta/core/*.c "$TOP/manifest/base/err.c" -lzstd -llzma -lz
done
both program
cp program.old large.old; cp "$BIN/sluice-delta" large.new
both large
# regions of every kind with anything in them
node "$second/garbage.mjs" ./*-elf.patch ./*-pe.patch ./*-macho.patch \
	./*-unwind.patch ./relocations.patch >garbage || exit 2
while IFS= read -r pair; do
	both "$pair"
done <garbage

for region in x86-64 arm64 pointers addresses constants eh-frame eh-header \
	go-functions unwind-info relocations; do
	if grep -q ': ' programs; then
		skip "$region is among them" "not every kind of program was built"
	else
		check "$region is among them" grep -q "^old $region: " facts
	fi
done
for coder in stored zstd xz xz-old; do
	check "$coder is among the streams" grep -q ", $coder\$" facts
done

# --- archives -------------------------------------------------------------------

for level in 1 6 9; do
	gzip -n -$level <text.old >gzip$level.old
	gzip -n -$level <text.new >gzip$level.new
	both gzip$level
done
# what is packed twice
for side in old new; do
	tar --sort=name --owner=0 --group=0 --mtime=@1700000000 -cf - \
		text.$side gzip6.$side program.$side | gzip -n >nested.$side
done
both nested
for encoder in 0 1 2 3 4 5; do
	if ! entries=$(node "$second/archives.mjs" $encoder zip$encoder.old \
		zip$encoder.new); then
		check "encoder $encoder packs" false
		continue
	fi
	both zip$encoder
	ranges=$(sed -n 's/^ranges of new: \([0-9]*\),.*/\1/p' facts | tail -n 1)
	# not the shortest ones, which are not worth it
	check "... and of $entries entries, $ranges are ranges" \
		test "$ranges" -ge $((entries * 8 / 10))
done

# --- what it refuses ------------------------------------------------------------

refused "another old file" 1 node "$second/apply.mjs" text.new text.patch out
head -c 150 text.patch >short
refused "a patch that ends early" 1 node "$second/apply.mjs" text.old short out
finish
