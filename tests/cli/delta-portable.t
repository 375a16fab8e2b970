#!/bin/sh
# The same patches give the same files however the core is compiled: by gcc and
# clang, with and without optimizing, for 32 bits, and for Windows.
. "$(dirname "$0")/../tap.sh"

delta=$BIN/sluice-delta
core=$(find "$TOP/delta/core" -name '*.c' ! -name 'coder_*' | sort)
coders="$TOP/delta/core/coder_zstd.c $TOP/delta/core/coder_xz.c"
none=$TOP/tests/portable/no_coder.c
base=$TOP/manifest/base/err.c
cd "$WORK" || exit 2

build() { # OUT COMPILER FLAGS... PROGRAM SOURCES...
	out=$1
	shift
	run "$@" -std=gnu11 -I"$TOP" -fno-strict-aliasing -o "$out"
	[ "$STATUS" -eq 0 ]
}

same() { # NAME RUNNER...: apply by this program what sluice-delta has made
	name=$1
	shift
	for pair in a-b b-a sh-a text; do
		old=old.$pair new=new.$pair
		run "$@" "$old" "stored.$pair" "out.$pair"
		is "$name: applies $pair" "$STATUS$ERR" 0
		check "... to the same bytes" cmp "out.$pair" "$new"
		rm -f "out.$pair"
	done
}

# shellcheck disable=SC2086 # lists of files
check "the core is built from standard C" build apply.a gcc -O2 \
	"$TOP/tests/portable/apply.c" $core $coders "$base" -lzstd -llzma
# shellcheck disable=SC2086
check "and the program that stores" build store gcc -O2 \
	"$TOP/tests/portable/store.c" $core $coders "$base" -lzstd -llzma
# shellcheck disable=SC2086
check "and a later one" build apply.b gcc -O2 -DNDEBUG -falign-functions=64 \
	"$TOP/tests/portable/store.c" $core $coders "$base" -lzstd -llzma

# builds of the core itself resemble each other as releases do
cp apply.a old.a-b; cp apply.b new.a-b
cp apply.b old.b-a; cp apply.a new.b-a
cp /bin/sh old.sh-a; cp apply.a new.sh-a
seq 1 60000 >old.text; seq 2 3 70000 >new.text
for pair in a-b b-a sh-a text; do
	check "make $pair" "$delta" make -q "old.$pair" "new.$pair" "patch.$pair"
	check "... with the libraries" ./apply.a "old.$pair" "patch.$pair" "out"
	check "... the same bytes" cmp out "new.$pair"
	check "... stored" ./store "old.$pair" "patch.$pair" "stored.$pair"
done

for compiler in gcc clang; do
	has "$compiler" || { note "no $compiler here: skipped"; continue; }
	for flags in -O0 -O2; do
		# shellcheck disable=SC2086
		if build "apply" "$compiler" $flags \
			"$TOP/tests/portable/apply.c" $core "$none" "$base"; then
			same "$compiler $flags" ./apply
		else
			is "$compiler $flags builds" "$ERR" ""
		fi
	done
done

echo 'int main(void) { return 0; }' >empty.c
if gcc -m32 -o empty empty.c 2>.err && ./empty; then
	# shellcheck disable=SC2086
	check "32 bits: builds" build apply32 gcc -m32 -O2 \
		"$TOP/tests/portable/apply.c" $core "$none" "$base"
	same "32 bits" ./apply32
else
	note "no 32-bit gcc here: skipped"
fi

if has x86_64-w64-mingw32-gcc; then
	# shellcheck disable=SC2086
	check "Windows: builds" build apply.exe x86_64-w64-mingw32-gcc -O2 \
		-static "$TOP/tests/portable/apply.c" $core "$none" "$base"
	if has wine; then
		WINEPREFIX=$WORK/wine WINEDEBUG=-all
		export WINEPREFIX WINEDEBUG
		run wine ./apply.exe # the first run says what it sets up
		same "Windows" wine ./apply.exe
		wineserver=$(command -v wineserver || ls /usr/lib/wine/wineserver* 2>/dev/null | head -n 1)
		"$wineserver" -k # it would stay for the next program
	else
		note "no wine here: not run"
	fi
else
	note "no mingw here: skipped"
fi
finish
