#!/bin/sh
# A server whose disk somebody has filled: it says so, takes no reports that it
# could not keep, and still halts a release.
# timeout: 120
if [ "${FULL_DISK:-}" != 1 ] && unshare -m mount -t tmpfs none /tmp 2>/dev/null
then
	export FULL_DISK=1
	exec unshare -m sh "$0" "$@"
fi
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"
[ "${FULL_DISK:-}" = 1 ] || skip_all "no mounts of one's own here"

mkdir "$STATE"
mount -t tmpfs -o size=48m,mode=755 tmpfs "$STATE" || exit 2
at_end "umount -l $STATE"
e2e_keys || exit 2
check "a server is set up" server_init || exit 1
check "the root names its brake" \
	e2e_root "$STATE/brake/$CHANNEL/key.pub" || exit 1
check "the server trusts the root" server_trust || exit 1
check "the server starts" server_start || exit 1
app 1.0.0
check "publish" publish 1.0.0 && check "push" push || exit 1

size() {
	stat -c %s "$STATE/db/reserve"
}
fill() { # all that is left
	dd if=/dev/zero of="$STATE/fill" bs=4k oflag=append conv=notrunc \
		2>/dev/null
	[ "$(df --output=avail "$STATE" | tail -n 1)" -eq 0 ]
}
report() { # the answer's status
	curl -s -o "$WORK/answer" -w '%{http_code}' "$URL/v1/health" -d \
		'{"product":"editor","channel":"stable","version":"1.0.0","os":"linux","arch":"x86_64","event":"update_ok"}'
}
cap() {
	curl -fsS "$URL/$CHANNEL/timestamp.json" | jq '.signed.meta["snapshot.json"].version % 32'
}

is "room is kept for operators" "$(size)" 8388608
is "a report is taken" "$(report)" 202
before=$(cap)
check "somebody fills the disk" fill
check "the release is halted all the same" \
	ctl halt "$CHANNEL" --reason "the disk is full, and it crashes"
check "... which is signed and served" [ "$(cap)" -gt "$before" ]
is "the room was given up for it" "$(size)" 0
check "the log says so" grep -q disk_full "$SERVER_LOG"
is "no report takes that room" "$(report)" 503
check "a second change works as well" \
	ctl percent "$CHANNEL" 50 --reason "and another"

rm "$STATE/fill"
check "with room again it is kept again" \
	wait_for 20 sh -c '[ "$(stat -c %s "$0/db/reserve")" -eq 8388608 ]' "$STATE"
is "... and reports are taken" "$(report)" 202
server_stop
finish
