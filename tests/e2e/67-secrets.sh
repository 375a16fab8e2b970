#!/bin/sh
# Secrets come from descriptors, terminals, files and tokens, never from the
# command line, and go nowhere: not into arguments of other programs, not to the
# terminal, not into a file, not into a core.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

cd "$WORK" || exit 2
PHRASE=correct-horse-7341
pass() {
	printf '%s\n%s\n%s\n%s\n' "$PHRASE" "$PHRASE" "$PHRASE" "$PHRASE"
}

# --- the command line -------------------------------------------------------------
# options of all verbs whose name speaks of a secret
secret_options() { # PROGRAM
	"$BIN/$1" --help | awk '/^  [a-z]/ { print $1, $2 }' |
		while read -r one two; do
			# a verb may have two words
			"$BIN/$1" "$one" --help 2>/dev/null
			"$BIN/$1" "$one" "$two" --help 2>/dev/null
		done | grep -Eo -- '--[a-z-]*(pass|pin|token|secret|seed|word)[a-z-]*' |
		sort -u | tr '\n' ' '
}
is "sluice-sign takes descriptors and files" "$(secret_options sluice-sign)" \
	"--pass-fd --token-fd --token-file "
for program in sluice sluiced sluicectl; do
	is "$program takes no secret" "$(secret_options $program)" ""
done
refused "a passphrase as an option is no option" 2 "$BIN/sluice-sign" keygen \
	--role root --passphrase "$PHRASE" none.key
unlike "... and is not repeated" "$OUT$ERR" "$PHRASE"
refused "nor is one where a number belongs" 2 "$BIN/sluice-sign" keygen \
	--role root --pass-fd "$PHRASE" none.key
unlike "... repeated" "$OUT$ERR" "$PHRASE"

# --- where it goes --------------------------------------------------------------------
if ! strace -qq -o /dev/null true 2>/dev/null; then
	skip "what programs write and start" "no strace"
	finish
	exit
fi
n=0
# traced NAME VERB OPTION...: works, and what it wrote and started is kept
traced() {
	n=$((n + 1))
	traced_name=$1
	shift
	check "$traced_name" sh -c '
		exec strace -f -qq -v -s 1000000 -o "$0" \
			-e trace=execve,write,writev,pwrite64 "$@"' \
		"trace.$n" "$BIN/sluice-sign" "$@" --pass-fd 0
	printf '%s\n%s\n' "$OUT" "$ERR" >"said.$n"
}
mkdir -p "$KEYS"
server_init || exit 2
printf '%s\n' "$TOKEN" >token
chmod 600 token
unset SLUICE_TOKEN
for role in root release timestamp minisign; do
	pass >"phrase"
	traced "keygen $role" keygen --role $role --kdf minimal \
		"$KEYS/$role.key" <phrase
done
"$BIN/sluice-sign" root init "$CHANNEL" --root-key "$KEYS/root.key.pub" \
	--release-key "$KEYS/release.key.pub" \
	--timestamp-key "$STATE/brake/$CHANNEL/key.pub" \
	--timestamp-key "$KEYS/timestamp.key.pub" \
	--minisign "$KEYS/minisign.key.pub" -o "$ROOT" >/dev/null || exit 2
traced "root sign" root sign --key "$KEYS/root.key" --report root.report \
	"$ROOT" <phrase
server_trust && server_start || exit 2
app 1.0.0
# the command gets what is signed, and nothing else
cat >signer <<-END
	#!/bin/sh
	env >"$WORK/signer.env"
	exec openssl pkeyutl -sign -rawin -inkey "$WORK/pem" -in /dev/stdin
END
chmod +x signer
openssl genpkey -algorithm ed25519 -out pem 2>/dev/null
openssl pkey -in pem -pubout -out pem.pub
traced "publish" publish "$CHANNEL" 1.0.0 -a "$PLATFORM=$APP" --root "$ROOT" \
	--key "$KEYS/release.key" --minisign-key "$KEYS/minisign.key" \
	--keyless "$SITE" --timestamp-key "$KEYS/timestamp.key" \
	--stage 100:0s --report pub.report -o "$PUB" <phrase
traced "bundle, with a token" bundle --from "$PUB" --rung offer \
	--channel "$CHANNEL" --root "$ROOT" --token-file token \
	--timestamp-key "$KEYS/timestamp.key" \
	--minisign-key "$KEYS/minisign.key" -o bundle.file <phrase
check "push" sh -c 'exec strace -f -qq -v -s 1000000 -o trace.push \
	-e trace=execve,write,writev,pwrite64 "$@"' sh "$BIN/sluice-sign" push \
	--token-file token "$PUB" "$URL"
printf '%s\n%s\n' "$OUT" "$ERR" >said.push
"$BIN/sluice-sign" root init editor/beta --root-key pem.pub \
	--release-key "$KEYS/release.key.pub" \
	--timestamp-key "$KEYS/timestamp.key.pub" -o beta.json >/dev/null || exit 2
traced "root sign by a command" root sign \
	--key "cmd:pem.pub ./signer" beta.json <phrase
check "all of it was seen" test "$(grep -l execve trace.* | wc -l)" -eq 9
secret=${TOKEN##*_}
is "no passphrase was written, shown or handed on" \
	"$(grep -l -e "$PHRASE" trace.* said.*)" ""
is "... nor the token" "$(grep -l -e "$secret" trace.* said.*)" ""
is "... nor is it in what was made" \
	"$(grep -rl -e "$PHRASE" -e "$secret" "$KEYS" "$PUB" "$SITE" "$ROOT" \
		bundle.file ./*.report 2>/dev/null)" ""
unlike "... nor in a command's environment" "$(cat signer.env)" "$PHRASE|TOKEN"

# --- while a key is open --------------------------------------------------------------------
cat >slow <<-END
	#!/bin/sh
	echo \$PPID >"$WORK/parent"
	until [ -e "$WORK/go" ]; do sleep 0.1; done
	exec "$WORK/signer"
END
chmod +x slow
! has prlimit || prlimit --core=unlimited --pid $$ 2>/dev/null
"$BIN/sluice-sign" root init editor/nightly --root-key pem.pub \
	--root-key "$KEYS/root.key.pub" --root-threshold 2 \
	--release-key "$KEYS/release.key.pub" \
	--timestamp-key "$KEYS/timestamp.key.pub" -o nightly.json >/dev/null || exit 2
"$BIN/sluice-sign" root sign --key "$KEYS/root.key" \
	--key "cmd:pem.pub ./slow" --pass-fd 0 nightly.json <phrase >/dev/null &
signing=$!
check "a key is open, and a command asks somebody" wait_for 20 test -s parent
unlike "its command line has no secret" \
	"$(tr '\0' ' ' <"/proc/$signing/cmdline")" "$PHRASE"
is "it leaves no core" "$(awk '/^Max core file size/ { print $5, $6 }' \
	"/proc/$signing/limits")" "0 0"
check "its secrets are locked in memory" \
	test "$(awk '/^VmLck/ { print $2 }' "/proc/$signing/status")" -gt 0
touch go
wait $signing
is "it signs" "$?" 0

# --- the server ------------------------------------------------------------------------------
seed=$(tr -d '\n' <"$STATE/brake/$CHANNEL/key")
check "the brake's key is one" test "${#seed}" -ge 64
is "... and is in no other file of the server" \
	"$(grep -rl -e "$seed" "$STATE" "$SERVER_LOG" 2>/dev/null)" \
	"$STATE/brake/$CHANNEL/key"
is "... as the token is in none" \
	"$(grep -rl -e "$secret" "$STATE" "$SERVER_LOG" 2>/dev/null)" ""
check "the server is sound" server_sound
finish
