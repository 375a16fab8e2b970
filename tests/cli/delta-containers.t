#!/bin/sh
# Deltas between archives as real tools make them: nearly as small as those
# between what is in them, whoever packed it; and right where nobody can tell
# who did.
. "$(dirname "$0")/../tap.sh"

delta=$BIN/sluice-delta
cd "$WORK" || exit 2

has() {
	command -v "$1" >/dev/null
}

# --- two releases ---------------------------------------------------------------

# build DIR FLAGS...: a program of real code, and what lies beside it
build() {
	dir=$1
	shift
	mkdir -p "$dir/bin" "$dir/lib/node_modules/some"
	gcc -std=gnu11 -O1 -I"$TOP" -D_GNU_SOURCE "$@" -o "$dir/bin/app" \
		"$TOP/tests/portable/store.c" "$TOP"/delta/core/*.c \
		"$TOP/manifest/base/err.c" -lzstd -llzma -lz &&
		cp "$dir/bin/app" "$dir/lib/helper-1.0.so"
}
check "a program is built" build old
check "... and the next release of it" build new -DNDEBUG -falign-functions=64
mv new/lib/helper-1.0.so new/lib/helper-1.1.so
for side in old new; do
	seq 1 30000 >$side/lib/words.txt
	# somebody else's, and the same in both: packed already
	gzip -nc "$TOP/LICENSE" >$side/lib/license.gz
	printf '{"name":"app","version":"1.0.0"}\n' >$side/package.json
done
{ seq 1 9999; echo changed; seq 10001 30010; } >new/lib/words.txt
sed -i s/1.0.0/1.1.0/ new/package.json
seq 5 5 5000 >new/lib/added.js

# one FILE: a plain tar is what an archive is measured against
tarred() {
	tar --sort=name --owner=0 --group=0 --mtime=@1700000000 -C "$1" -cf "$2" .
}
tarred old old.tar && tarred new new.tar || exit 2

# made NAME: delta and back
made() {
	check "$1: make" "$delta" make -q "old.$1" "new.$1" patch || return
	check "... apply" "$delta" apply "old.$1" patch out || return
	check "... gives the new file" cmp out "new.$1"
	is "... and leaves nothing else" "$(find . -maxdepth 1 -name '.*' -type f \
		! -name .out ! -name .err)" ""
	SIZE=$(wc -c <./patch)
	"$delta" inspect patch >facts
	note "$1: $(wc -c <"new.$1") bytes, delta $SIZE"
}

made tar
plain=$SIZE
check "... whose programs are seen" grep -q '^old x86-64: \|^old arm64: ' facts
check "... which costs more than other files" test "$plain" -gt 2000

# small NAME EXTRA: as small as that of the plain tar, but for EXTRA bytes: what
# the archive says about each member (sums, sizes, places), and how it is packed
small() {
	made "$1" || return
	check "... is nearly that of what is in it ($SIZE, $plain)" \
		test "$SIZE" -le $((plain + plain / 50 + $2))
	check "... which it unpacks" grep -q '^ranges of new: [1-9]' facts
}

# large NAME: nobody knows how it was packed, so it stays packed
large() {
	made "$1" || return
	is "... and unpacks nothing new" \
		"$(grep -c '^ranges of new: [1-9]' facts)" 0
	check "... no larger than the new file" \
		test "$SIZE" -le $(($(wc -c <"new.$1") + 1000))
}

# --- gzip -------------------------------------------------------------------------

for level in 1 6 9; do
	for side in old new; do
		gzip -nc -$level $side.tar >$side.gnu$level.tgz
	done
	small gnu$level.tgz 100
done
for side in old new; do
	node -e 'const z = require("zlib"), fs = require("fs");
		fs.writeFileSync(process.argv[2],
			z.gzipSync(fs.readFileSync(process.argv[1])))' \
		$side.tar $side.node.tgz
	(cd $side && npm pack --silent --ignore-scripts --pack-destination .. \
		>/dev/null 2>&1) && mv app-*.tgz $side.npm.tgz
done
small node.tgz 100
small npm.tgz 400
if has python3; then
	for side in old new; do
		python3 -c 'import gzip, sys; sys.stdout.buffer.write(gzip.compress(
			open(sys.argv[1], "rb").read(), mtime=0))' \
			$side.tar >$side.python.gz
	done
	small python.gz 100
else
	skip "python's gzip" "no python3"
fi

# a gzip of several members is not one stream
for side in old new; do
	{ gzip -nc $side.tar; gzip -nc $side/package.json; } >$side.two.gz
done
large two.gz

# --- zip --------------------------------------------------------------------------

for level in 0 6 9; do
	for side in old new; do
		(cd $side && find . -type f | LC_ALL=C sort |
			zip -q -X -$level -@ ../$side.zip$level.zip)
	done
done
made zip0.zip
check "... is nearly that of what is in it ($SIZE, $plain)" \
	test "$SIZE" -le $((plain + plain / 50 + 700))
small zip6.zip 700
small zip9.zip 700
if has python3; then
	# in the shape of a NuGet package
	for side in old new; do
		python3 - $side <<-'END'
			import sys, zipfile
			side = sys.argv[1]
			lib = "lib/net45/"
			z = zipfile.ZipFile(side + ".nupkg", "w", zipfile.ZIP_DEFLATED)
			z.writestr("[Content_Types].xml", "<Types/>" * 20)
			z.writestr("app.nuspec", open(side + "/package.json").read() * 9)
			z.write(side + "/bin/app", lib + "app.exe")
			z.write(side + "/lib/words.txt", lib + "words.txt")
			version = "1.0" if side == "old" else "1.1"
			z.write(side + "/lib/helper-" + version + ".so",
			    lib + "helper-" + version + ".dll")
			z.close()
		END
	done
	small nupkg 700
else
	skip "a NuGet package" "no python3"
fi
seven=$(command -v 7zz || command -v 7z || :)
if [ -n "$seven" ]; then
	for side in old new; do
		(cd $side && "$seven" a -bd -tzip ../$side.seven.zip . >/dev/null)
	done
	large seven.zip
else
	skip "7-Zip" "no 7zz"
fi

# --- Debian -------------------------------------------------------------------------

if has dpkg-deb; then
	for side in old new; do
		mkdir -p deb/DEBIAN deb/usr/lib/app
		cp -r $side/. deb/usr/lib/app
		printf '%s\n' "Package: app" "Version: 1-$side" "Architecture: all" \
			"Maintainer: Nobody <nobody@example.org>" \
			"Description: for a test" >deb/DEBIAN/control
		find deb -exec touch -h -d @1700000000 {} +
		for kind in gzip xz; do
			SOURCE_DATE_EPOCH=1700000000 dpkg-deb --root-owner-group \
				-Z$kind -b deb $side.$kind.deb >/dev/null
		done
		rm -r deb
	done
	small gzip.deb 500
	large xz.deb
else
	skip "Debian packages" "no dpkg-deb"
fi

# --- Electron -------------------------------------------------------------------------

if "$TOP/tests/tuf/setup" asar >npm.log 2>&1; then
	asar=$TOP/build/asar/node_modules/.bin/asar
	for side in old new; do
		check "asar packs" "$asar" pack $side $side.asar
		mkdir -p app.$side/resources
		cp $side.asar app.$side/resources/app.asar
		cp $side/bin/app app.$side/electron
		(cd app.$side && zip -q -X -r ../$side.electron.zip .)
	done
	made asar
	# its header has a hash of each file and of each 4 MiB: 64 digits twice
	check "... is nearly that of what is in it ($SIZE, $plain)" \
		test "$SIZE" -le $((plain + plain / 50 + 900))
	small electron.zip 1500
else
	skip "asar" "$(tail -n 1 npm.log)"
fi

# --- what is not expected ------------------------------------------------------------

# from one kind to another; and what was packed to what is not
cp old.gnu6.tgz old.mixed && cp new.zip9.zip new.mixed
made mixed
check "... which share their content" test "$SIZE" -lt $((3 * plain))
cp old.gnu6.tgz old.unpacked && cp new.tar new.unpacked
made unpacked

# damaged ones are compared as they are
head -c 100000 old.gnu6.tgz >old.cut && cp new.gnu6.tgz new.cut
made cut
cp old.zip6.zip old.bad
{ head -c 5000 new.zip6.zip; head -c 100 /dev/zero; tail -c +5101 new.zip6.zip; } >new.bad
made bad
refused "too little memory is refused" 1 "$delta" make --memory 1M \
	old.gnu6.tgz new.gnu6.tgz none
refused "... and leaves nothing" 1 test -e none

# --- bombs ------------------------------------------------------------------------
# much is packed into little, and more than there may be is not tried; 0.4 GB here
bomb() { # TEXT
	{
		head -c 100M /dev/zero
		echo "$1"
	} | gzip -9 >member.gz
	for i in 1 2 3 4; do cp member.gz "$1$i.gz"; done
	tar -cf "$2" "$1"[1-4].gz
	rm -f "$1"[1-4].gz
}
bomb a old.bomb
bomb b new.bomb
confined() {
	sh -c 'ulimit -v 300000 && exec "$@"' confined "$@"
}
if confined "$delta" --version >/dev/null 2>&1; then
	refused "a bomb is refused" 1 confined "$delta" make old.bomb new.bomb none
	like "... for what it takes" "$ERR" 'error: .*takes .*of memory'
	like "... with the way out" "$ERR" 'hint: --memory'
	refused "... and leaves nothing" 1 test -e none
else
	skip "a bomb is refused" "this build cannot be confined"
fi
finish
