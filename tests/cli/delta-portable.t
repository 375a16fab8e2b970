#!/bin/sh
# The same patches give the same files however the core is compiled: by gcc and
# clang, with and without optimizing, for 32 bits, and for Windows.  So do
# damaged ones: what is refused here is refused there.
# timeout: 300
. "$(dirname "$0")/../tap.sh"

delta=$BIN/sluice-delta
portable=$TOP/tests/portable
core="$(find "$TOP/delta/core" -name '*.c' ! -name 'coder_*' | sort) $TOP/manifest/base/err.c"
coders="$TOP/delta/core/coder_zstd.c $TOP/delta/core/coder_xz.c $TOP/delta/core/coder_zlib.c"
cd "$WORK" || exit 2

# built OUT PROGRAM COMPILER ARGUMENTS...: strict, in C and nothing more
built() {
	out=$1 program=$2
	shift 2
	compiler=$1
	shift
	# shellcheck disable=SC2086 # a list of files
	"$compiler" -std=gnu11 -Wall -Werror -I"$TOP" -fno-strict-aliasing -o "$out" \
		"$portable/$program" $core "$@"
}

# applied PAIR SUFFIX COMMAND...: its patch, in this form, gives the new file
applied() {
	old=$1.old new=$1.new patch=$1.$2
	shift 2
	rm -f out
	"$@" "$old" "$patch" out && cmp out "$new"
}

# all NAME SUFFIX "PAIR..." COMMAND...: so it is with each of these
all() {
	name=$1 suffix=$2 these=$3
	shift 3
	for pair in $these; do
		check "$name: $pair" applied "$pair" "$suffix" "$@"
	done
}

# came PAIR COMMAND...: of its patch damaged, the same as here
came() {
	was=$1.came old=$1.old patch=$1.stored
	shift
	"$@" "$old" "$patch" >out && tr -d '\r' <out | cmp - "$was"
}

# harmed NAME "PAIR..." COMMAND...: so it is with each of these
harmed() {
	name=$1 these=$2
	shift 2
	for pair in $these; do
		case $pair in
		text | tar | zip | *-elf | go-pe | x86-macho | *-unwind | relocations)
			check "$name, damaged: $pair" came "$pair" "$@"
			;;
		esac
	done
}

# --- what is applied ----------------------------------------------------------

# shellcheck disable=SC2086 # lists of files
{
	check "the core is built from standard C" \
		built apply apply.c gcc -O2 $coders -lzstd -llzma -lz
	check "and the program that stores" \
		built store store.c gcc -O2 $coders -lzstd -llzma -lz
	check "and a later one" \
		built later store.c gcc -O2 -DNDEBUG -falign-functions=64 $coders -lzstd -llzma -lz
}

pairs="build back stranger text to-nothing from-nothing nothing"
# builds of the core itself resemble each other as releases do
cp apply build.old; cp later build.new
cp later back.old; cp apply back.new
cp /bin/sh stranger.old; cp apply stranger.new
seq 1 60000 >text.old; seq 2 3 70000 >text.new
cp text.old to-nothing.old; : >to-nothing.new
: >from-nothing.old; cp text.new from-nothing.new
: >nothing.old; : >nothing.new

# small programs for every system; each has what its kind has
plain=$pairs
"$portable/programs" . >programs
while IFS= read -r line; do
	case $line in
	*:*) skip "${line%%:*}" "${line#*: }" ;;
	gzip | tar | zip) pairs="$pairs $line" ;;
	*) pairs="$pairs $line" plain="$plain $line" ;;
	esac
done <programs
# more than a window and a block of deflate
gzip -6 -n <text.old >packed.old; gzip -6 -n <text.new >packed.new
pairs="$pairs packed"

for pair in $pairs; do
	check "make $pair" "$delta" make -q "$pair.old" "$pair.new" "$pair.patch"
	check "... stored" ./store "$pair.old" "$pair.patch" "$pair.stored"
	"$delta" inspect "$pair.patch" >"$pair.txt"
done
# shellcheck disable=SC2086 # lists of files
check "damage is built" built hostile hostile.c gcc -O2 $coders -lzstd -llzma -lz
for pair in $pairs; do
	./hostile "$pair.old" "$pair.stored" >"$pair.came"
done
check "some damage is refused, some is not" grep -Eq '^([1-9]|[1-9][0-9]|[12][0-9][0-9]) ' *.came
for coder in stored zstd xz; do
	check "$coder is among their streams" grep -q ", $coder\$" ./*.txt
done
for pair in packed gzip tar zip; do
	case " $pairs " in
	*" $pair "*) check "$pair is unpacked" grep -q "^ranges of new: " "$pair.txt" ;;
	esac
done
while IFS=: read -r pair region; do
	case " $pairs " in
	*" $pair "*) check "$pair has $region" grep -q "^old $region: " "$pair.txt" ;;
	esac
done <<'LIST'
x86-elf:x86-64
x86-elf:pointers
x86-elf:constants
x86-elf:eh-frame
x86-elf:eh-header
arm64-elf:arm64
go-elf:go-functions
go-pe:go-functions
x86-pe:x86-64
x86-pe:addresses
arm64-pe:arm64
x86-macho:eh-frame
x86-macho:unwind-info
x86-unwind:unwind-info
arm64-unwind:unwind-info
relocations:relocations
go-pe:relocations
arm64-macho:arm64
gzip:x86-64
tar:x86-64
tar:arm64
zip:arm64
LIST

# --- by whom -----------------------------------------------------------------

for compiler in gcc clang; do
	for flags in -O0 -O2; do
		if ! has "$compiler"; then
			skip "$compiler $flags" "no $compiler"
			continue
		fi
		# shellcheck disable=SC2086 # lists of files
		check "$compiler $flags: builds" \
			built apply apply.c "$compiler" $flags $coders -lzstd -llzma -lz
		all "$compiler $flags" patch "$pairs" ./apply
		# shellcheck disable=SC2086 # lists of files
		check "$compiler $flags: damage is built" built harm hostile.c \
			"$compiler" $flags $coders -lzstd -llzma -lz
		harmed "$compiler $flags" "$pairs" ./harm
	done
done

# 32 bits: the libraries by file, their headers are those of 64 bits
lib32=/usr/lib/i386-linux-gnu
lacks32=
for lib in libzstd.so.1 liblzma.so.5 libz.so.1; do
	[ -e $lib32/$lib ] || lacks32="$lacks32 $lib"
done
echo 'int main(void) { return 0; }' >empty.c
if ! gcc -m32 -o empty empty.c 2>.err || ! ./empty; then
	skip "32 bits" "no 32-bit gcc (packaging/deps portable)"
elif [ -z "$lacks32" ]; then
	libs32="$coders $lib32/libzstd.so.1 $lib32/liblzma.so.5 $lib32/libz.so.1"
	form=patch these=$pairs
else
	skip "32 bits with the libraries" "no$lacks32 for 32 bits (packaging/deps i386)"
	libs32="$portable/no_zstd.c $portable/no_xz.c $portable/no_zlib.c"
	form=stored these=$plain
	case $lacks32 in
	*libz.so.1*) ;;
	*)
		libs32="$portable/no_zstd.c $portable/no_xz.c"
		libs32="$libs32 $TOP/delta/core/coder_zlib.c $lib32/libz.so.1"
		these=$pairs
		;;
	esac
fi
if [ -n "${form:-}" ]; then
	# shellcheck disable=SC2086 # lists of files
	check "32 bits: builds" built apply32 apply.c gcc -m32 -O2 $libs32
	all "32 bits, $form" $form "$these" ./apply32
	# where addresses are few sums with them wrap around
	# shellcheck disable=SC2086 # lists of files
	check "32 bits: damage is built" built harm32 hostile.c gcc -m32 -O1 \
		-fsanitize=address,undefined -fno-sanitize-recover=all $libs32
	harmed "32 bits" "$these" ./harm32
fi

# Windows: no package has zstd and xz for it, so what they packed is stored
if ! has x86_64-w64-mingw32-gcc; then
	skip "Windows" "no mingw (packaging/deps portable)"
	finish
fi
if echo '#include <zlib.h>' | x86_64-w64-mingw32-gcc -E - >/dev/null 2>&1; then
	these=$pairs zlib="$TOP/delta/core/coder_zlib.c -lz"
else
	skip "Windows: archives" "no zlib for mingw (packaging/deps portable)"
	these=$plain zlib=$portable/no_zlib.c
fi
# shellcheck disable=SC2086 # a file and a library
check "Windows: builds" built apply.exe apply.c x86_64-w64-mingw32-gcc -O2 \
	-static "$portable/no_zstd.c" "$portable/no_xz.c" $zlib
# shellcheck disable=SC2086 # a file and a library
check "Windows: damage is built" built harm.exe hostile.c x86_64-w64-mingw32-gcc \
	-O2 -static "$portable/no_zstd.c" "$portable/no_xz.c" $zlib
if ! has wine; then
	skip "Windows" "no wine (packaging/deps portable)"
	finish
fi
# Wine keeps its files below HOME, a server for the next program, and would
# put what it finds into the desktop's menus
HOME=$WORK/home WINEPREFIX=$WORK/wine WINEDEBUG=-all
WINEDLLOVERRIDES='winemenubuilder.exe,mscoree,mshtml='
export HOME WINEPREFIX WINEDEBUG WINEDLLOVERRIDES
mkdir "$HOME"
unset XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME DISPLAY
end_wine() {
	server=$(command -v wineserver || ls /usr/lib/wine/wineserver* | head -n 1)
	"$server" -k
	"$server" -w
}
at_end end_wine
run wine ./apply.exe # the first run says what it sets up
all "Windows" stored "$these" wine ./apply.exe
harmed "Windows" "$these" wine ./harm.exe
finish
