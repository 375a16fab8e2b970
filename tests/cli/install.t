#!/bin/sh
# `make install` puts everything in its place, a program can be built against
# the library from there, and `make uninstall` leaves nothing.
. "$(dirname "$0")/../tap.sh"

[ -x "$BIN/sluice" ] && [ -x "$BIN/sluiced" ] || skip_all "not everything is built"
case $BUILD in
*/san | */tsan) skip_all "sanitized programs are not installed" ;;
esac
cd "$TOP" || exit 2
to=$WORK/root
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

check "make install" make -s install DESTDIR="$to" PREFIX=/usr
for p in bin/sluice bin/sluice-sign bin/sluice-delta bin/sluicectl sbin/sluiced; do
	check "$p runs" "$to/usr/$p" --version
done
for f in include/libsluice.h lib/libsluice.so lib/pkgconfig/libsluice.pc \
	share/man/man1/sluice.1 share/man/man8/sluiced.8 \
	share/bash-completion/completions/sluice; do
	check "$f is there" test -s "$to/usr/$f"
done
check "the completion is a shell script" \
	bash -n "$to/usr/share/bash-completion/completions/sluice"

cat >"$WORK/embed.c" <<'END'
#include <libsluice.h>
#include <stdio.h>
int
main(void)
{
	struct sluice_options o = { sizeof(o), "/nonexistent/sluice.conf" };
	struct sluice *s = NULL;
	int code = sluice_open(&s, &o);

	printf("%d %s\n", code, sluice_error(s));
	sluice_close(s);
	return 0;
}
END
flags=$(PKG_CONFIG_PATH=$to/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$to \
	pkg-config --cflags --libs libsluice)
# shellcheck disable=SC2086 # several words
check "a program builds against it" \
	cc -Wall -Werror -o "$WORK/embed" "$WORK/embed.c" $flags
check "... and runs" env LD_LIBRARY_PATH="$to/usr/lib" "$WORK/embed"
like "... as it should" "$OUT" '^[12] .*nonexistent'
is "only its own names are visible" \
	"$(nm -D --defined-only "$to/usr/lib/libsluice.so" |
		awk '$2 != "A" && $3 !~ /^sluice_/ { print $3 }')" ""

check "make uninstall" make -s uninstall DESTDIR="$to" PREFIX=/usr
is "... leaves nothing" "$(find "$to" ! -type d)" ""
finish
