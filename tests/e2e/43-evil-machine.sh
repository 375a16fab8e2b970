#!/bin/sh
# timeout: 120
# A machine on which things go wrong: others may write, files are damaged, the
# disk is full, a release does not work, two runs at once.
# shellcheck disable=SC2010 # our own names
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/evil.sh"

evil_setup
full='1.1.0/linux-x86_64/[0-9a-f]*.editor$'
st=$CLIENT/state/editor
trusted=$st/channels/stable

# --- others on this machine -----------------------------------------------------------
# refuses NAME REGEX: and, the cause removed by the command in FIX, goes on
refuses() {
	run client update
	is "$1" "$STATUS $(installed)" "1 editor 1.0.0"
	like "... and says why" "$ERR" "$2"
	note "$ERR"
	eval "$3"
	check "... put right, it goes on" client update
	again
}
chmod 777 "$st"
refuses "a state folder that others may write" 'may be written by others' \
	'chmod 700 "$st"'
chmod 770 "$st"
refuses "... or the group" 'may be written by others' 'chmod 700 "$st"'
chmod 777 "$CLIENT/state"
refuses "... or the folder above it" 'may be written by others' \
	'chmod 755 "$CLIENT/state"'
if [ "$(id -u)" = 0 ]; then
	chown 12345 "$st"
	refuses "a state folder of somebody else" 'belongs to another user' \
		'chown 0 "$st"'
else
	skip "a state folder of somebody else" "needs root"
fi
sed -i 's/^mirror/delta = no\nmirror/' "$CLIENT/conf"
rm -rf "$WORK/saved" && cp -a "$CLIENT" "$WORK/saved"
mkdir -m 777 "$st/download"
refuses "a download folder that others may write" 'of this user alone' \
	'chmod 700 "$st/download"'
mkdir "$WORK/theirs"
ln -s "$WORK/theirs" "$st/download"
refuses "a download folder that is a link" 'of this user alone' 'rm "$st/download"'
part=$(cd "$B/$CH/targets/1.1.0/linux-x86_64" && ls | grep 'editor$' | cut -c 1-64).part
echo precious >"$WORK/precious"
mkdir -m 700 "$st/download"
ln "$WORK/precious" "$st/download/$part"
refuses "a download that is another file, too" 'is not ours' 'rm "$st/download/$part"'
mkdir -m 700 "$st/download"
ln -s "$WORK/precious" "$st/download/$part"
run client update
is "a download that is a link" "$STATUS $(installed)" "2 editor 1.0.0"
is "... nothing is written through it" "$(cat "$WORK/precious")" "precious"
again
mkdir "$CLIENT/app/releases/.new"
ln -s "$WORK/precious" "$CLIENT/app/releases/.new/editor"
check "what lies in the way of the new release is removed" client update
is "... and not written through" "$(cat "$WORK/precious") $(installed)" \
	"precious editor 1.1.0"
again
rm "$CLIENT/app/current"
mkdir "$CLIENT/app/current"
run client update
is "a folder instead of the link current" "$STATUS" 2
like "... and what to do" "$ERR" 'current is not a symlink: move it away'
again
ln -sfn /etc "$CLIENT/app/current"
run client update
is "a link that leaves the install folder" "$STATUS" 2
like "... and what to do" "$ERR" 'does not name a release'
again

# --- a file is swapped while it is fetched -----------------------------------------------
printf '#!/bin/sh\necho evil\n' >"$WORK/evil-app"
chmod +x "$WORK/evil-app"
for how in name content; do
	rules "$full slow 1500000"
	client update >"$WORK/swap.out" 2>&1 &
	pid=$!
	wait_for 10 test -s "$st/download/$part"
	modes=$(stat -c %a "$st/download" "$CLIENT/app/releases/.new" 2>&1 | tr '\n' ' ')
	while kill -0 $pid 2>/dev/null; do
		case $how in
		name)
			cp "$WORK/evil-app" "$WORK/evil-copy"
			mv -f "$WORK/evil-copy" "$st/download/$part" 2>/dev/null
			;;
		content) dd if="$WORK/evil-app" of="$st/download/$part" \
			conv=notrunc,nocreat 2>/dev/null ;;
		esac
		sleep 0.02
	done
	status=0
	wait $pid || status=$?
	left=$(installed)
	note "exit status $status, $left: $(tail -n 1 "$WORK/swap.out")"
	case "$status $left" in
	"0 editor 1.1.0") ok=$(cmp "$CLIENT/app/current/editor" "$APP") ;;
	"1 editor 1.0.0") ok= ;;
	*) ok="$status $left" ;;
	esac
	is "the download's $how is swapped: never installed" "$ok" ""
	is "... nobody else sees what is not verified" "$modes" "700 700 "
	good
	check "... and a good server is accepted" client update
	again
done

# --- damaged files ------------------------------------------------------------------------------
damage() { # FILE HOW
	case $2 in
	empty) : >"$1" ;;
	cut) head -c 100 "$1" >"$1.x" && mv "$1.x" "$1" ;;
	noise) head -c 300 /dev/urandom >"$1" ;;
	huge) head -c 8000000 /dev/zero >"$1" ;;
	gone) rm -f "$1" ;;
	esac
}
sed -i '/^delta/d' "$CLIENT/conf"
rm -rf "$WORK/saved" && cp -a "$CLIENT" "$WORK/saved"
for how in empty cut noise huge gone; do
	bad=
	for file in state.json state2.json; do
		damage "$st/$file" $how
		run client status
		[ $how = gone ] || case $ERR in
		*damaged*) ;;
		*) bad="$bad $file: not told" ;;
		esac
		run client update
		left=$(sound 1.1.0)
		[ "$STATUS" -eq 0 ] || bad="$bad $file: $STATUS $ERR"
		bad=$bad$left
		again
	done
	damage "$st/state.json" $how
	damage "$st/state2.json" $how
	run client update
	left=$(sound 1.1.0)
	[ "$STATUS" -eq 0 ] || bad="$bad both: $STATUS $ERR"
	bad=$bad$left
	again
	for file in timestamp snapshot targets manifest; do
		damage "$trusted/$file.json" $how
		run client update
		left=$(sound 1.1.0)
		[ "$STATUS" -eq 0 ] || bad="$bad $file: $STATUS $ERR"
		bad=$bad$left
		again
	done
	is "files of the state: $how" "$bad" ""
	damage "$trusted/root.json" $how
	run client update
	ok=$STATUS
	[ $STATUS -eq 1 ] || [ $STATUS -eq 2 ] && ok=refused
	is "the trusted root: $how: refused" "$ok $(installed)" "refused editor 1.0.0"
	[ $how = gone ] || like "... it says where" "$ERR" 'trusted root.*channels/stable|root.json: longer'
	note "$ERR"
	rm -f "$trusted/root.json"
	check "... trusted anew" client init "$ROOT"
	check "... it goes on" client update
	again
done
damage "$st/state.json" noise
damage "$st/state2.json" noise
run client status
like "both copies damaged: it says so" "$ERR" 'both copies'
again
rm "$CLIENT/app/current/editor"
check "the installed program is gone" client update
is "... the next release is there" "$(installed)" "editor 1.1.0"
again

# --- two at once -----------------------------------------------------------------------------------
rules "$full slow 800000" 'from-1.0.0 status 404'
client update >"$WORK/one.out" 2>&1 &
pid=$!
wait_for 10 test -d "$st/download"
run client update
is "a second run at the same time" "$STATUS" 2
like "... says why" "$ERR" 'another run holds'
check "... and does not harm the first" wait $pid
left=$(sound 1.1.0)
is "... which does its work" "$left" ""
again && good
pids=
for i in 1 2 3 4 5 6; do
	client update >"$WORK/$i.out" 2>&1 &
	pids="$pids $!"
done
for pid in $pids; do
	wait "$pid" || [ $? -eq 2 ] || tap_result 1 "one of six at once"
done
check "six at once" client update
left=$(sound 1.1.0)
is "... all is well" "$left" ""
again

# --- releases that do not work ------------------------------------------------------------------------
self_test() {
	again
	printf '%s\n' "$@" >>"$CLIENT/conf"
}
no_way() { # NAME REGEX
	run client update
	is "$1" "$STATUS $(sound 1.0.0)" "1 "
	like "... says why" "$ERR" "$2"
	note "$ERR"
	run client update
	is "... and it is not tried again by itself" \
		"$STATUS $(installed)" "0 editor 1.0.0"
	sed -i '/^self_test/d' "$CLIENT/conf"
	check "... but for the user who asks" client update --ask
	is "... and then runs" "$(installed)" "editor 1.1.0"
}
self_test 'self_test = /bin/false'
no_way "a self-test that fails" '1.1.0 failed: .*exit status 1; back to 1.0.0'
self_test 'self_test = /nonexistent'
no_way "a self-test that is not there" '1.1.0 failed: .*cannot be started; back to'
printf '#!/bin/sh\nsleep 600 & echo $! >%s\nwait\n' "$WORK/sleeper" >"$WORK/hang"
chmod +x "$WORK/hang"
self_test "self_test = $WORK/hang" 'self_test_time = 1s'
no_way "a self-test that hangs" '1.1.0 failed: .*not done after 1 s; back to'
check "... what it started is ended" \
	wait_for 5 sh -c "! kill -0 $(cat "$WORK/sleeper")"
printf '#!/bin/sh\nkill -SEGV $$\n' >"$WORK/crash"
chmod +x "$WORK/crash"
self_test "self_test = $WORK/crash"
no_way "a self-test that crashes" '1.1.0 failed: .*signal 11; back to'
# it takes the updater with it, each time
printf '#!/bin/sh\nkill -KILL $PPID\n' >"$WORK/murder"
chmod +x "$WORK/murder"
self_test "self_test = $WORK/murder"
for i in 1 2 3; do
	run client update
	[ $i -gt 1 ] || is "a self-test that kills the updater" "$STATUS" 137
done
run client update
like "... is given up after some times" \
	"$ERR $(client status)" 'never ended|left +release 2'
sed -i '/^self_test/d' "$CLIENT/conf"
left=$(sound 1.0.0)
is "... and 1.0.0 is back" "$left" ""
again

# --- no room --------------------------------------------------------------------------------------------
bad=
for kib in 1 8 64 512 1000; do
	for ignore in '' "trap '' XFSZ;"; do
		run sh -c "$ignore ulimit -f $((kib * 2)); exec $BIN/sluice --config $CLIENT/conf update"
		left=$(sound 1.0.0)
		[ "$STATUS" -eq 2 ] && [ -n "$ERR" ] || bad="$bad $kib:$STATUS:$ERR"
		bad=$bad$left
		[ "$kib" -lt 1000 ] || note "$ERR"
		left=$(recovers)
		bad=$bad$left
		again
	done
done
is "a limit of 1 KiB to 1 MiB for a file" "$bad" ""

cat >"$WORK/full.sh" <<-'END'
	# a machine on a disk with room for so many KiB more, inside of its own mounts
	mount -t tmpfs -o size=60m,mode=755 tmpfs "$CLIENT" || exit 77
	cp -a "$SAVED/." "$CLIENT"
	used=$(df -k --output=used "$CLIENT" | tail -n 1)
	mount -o remount,size=$((used + $1))k "$CLIENT" || exit 77
	status=0
	"$BIN/sluice" --config "$CLIENT/conf" update >"$CLIENT.said" 2>&1 || status=$?
	tail -n 1 "$CLIENT.said"
	echo "$status $("$CLIENT/app/current/editor")"
	"$BIN/sluice" --config "$CLIENT/conf" status >"$CLIENT.said" 2>&1 ||
		[ "$1" -lt 32 ] || cat "$CLIENT.said"
	mount -o remount,size=60m "$CLIENT"
	"$BIN/sluice" --config "$CLIENT/conf" update >"$CLIENT.said" 2>&1 ||
		cat "$CLIENT.said"
	! grep damaged "$CLIENT.said"
	"$CLIENT/app/current/editor"
END
if unshare -rm true 2>/dev/null; then
	export CLIENT BIN
	SAVED=$WORK/saved
	export SAVED
	bad=
	for delta in yes no; do
		for kib in 0 4 8 16 24 32 40 64 200 1000 1150 1200 1400 2000 2300; do
			said=$(unshare -rm env "SLUICE_DELTA=$delta" sh "$WORK/full.sh" $kib 2>&1)
			case $(echo "$said" | tail -n 2 | tr '\n' ' ') in
			"2 editor 1.0.0 editor 1.1.0 ") ;;
			"0 editor 1.1.0 editor 1.1.0 ") ;;
			*) bad="$bad $kib: $said;" ;;
			esac
			case $kib in 32 | 1150) note "$kib KiB: $(echo "$said" | head -n 1)" ;; esac
		done
	done
	is "a disk with room for 0 to 2300 KiB: all or nothing" "$bad" ""
else
	skip "a full disk" "no mounts of one's own here"
fi
finish
