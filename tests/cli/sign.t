#!/bin/sh
# sluice-sign: the examples of its page, ceremonies, several holders, refusals,
# and that nothing half-made is left.
. "$(dirname "$0")/../tap.sh"

cp -R "$TOP/keys-example" "$WORK" || exit 2
cd "$WORK" || exit 2
chmod 600 keys-example/*.key
K=keys-example
PATH=$BIN:$PATH
export PATH
s() {
	echo example | sluice-sign "$@" --pass-fd 0
}

# --- the page ---------------------------------------------------------------
sed -n '/^\.Sh EXAMPLES/,/^\.Ss/p' "$TOP/packaging/man/sluice-sign.1" |
	sed -n '/^\.Bd/,/^\.Ed/p' | grep -v '^\.' |
	sed -e 's/^\$ //' -e 's/\\e$/\\/' >examples
command -v minisign >/dev/null || sed -i '/^minisign/d' examples
check "the examples of the page work" sh -e examples
refused "... once: nothing is overwritten" 1 s publish editor/beta 1.2.0 \
	--artifact linux-x86_64=editor --root 1.root.json \
	--key $K/release-1.key --minisign-key $K/minisign.key --out pub-1
like "... and says so" "$ERR" 'pub-1 exists already'

# --- keys -------------------------------------------------------------------
check "a key is made" s keygen --role release --kdf minimal --comment me mine
refused "... once" 1 s keygen --role release --kdf minimal mine
refused "... before a passphrase is asked for" 1 sluice-sign keygen \
	--role release --kdf minimal mine --pass-fd 9
like "... since it is there" "$ERR" 'mine exists already'
is "... for its owner alone" "$(stat -c %a mine)" 600
refused "... whose comment is one line" 2 s keygen --role release \
	--kdf minimal --comment "a
b" two-lines
check "its public part can be looked at" sluice-sign inspect mine
like "... with the comment" "$OUT" 'comment +me'
chmod 640 mine
refused "one that others can read is refused" 1 s publish editor/beta 1.2.0 \
	--artifact linux-x86_64=editor --root 1.root.json --key mine --out no
like "... with the way out" "$ERR" 'hint: chmod 600 mine'
chmod 600 mine
refused "one that root does not name is refused" 1 s publish editor/beta \
	1.2.0 --artifact linux-x86_64=editor --root 1.root.json --key mine \
	--out no
wrong() {
	echo wrong | sluice-sign publish editor/beta 1.2.0 --pass-fd 0 \
		--artifact linux-x86_64=editor --root 1.root.json \
		--key $K/release-1.key --out no
}
refused "a wrong passphrase is refused" 1 wrong
keyless() { # OPTION...: what is wrong without any key
	sluice-sign publish editor/beta 1.2.0 --root 1.root.json --pass-fd 9 \
		--key $K/release-1.key --minisign-key $K/minisign.key "$@"
}
refused "an artifact without a platform is seen before that" 2 keyless -a editor -o no
like "... and said" "$ERR" 'not OS-ARCH=FILE'
refused "... a file that is not there, too" 2 keyless -a linux-x86_64=nofile -o no
like "... with its name" "$ERR" 'nofile: No such file'
refused "... and an output that is there" 1 keyless -a linux-x86_64=editor -o pub-1
like "... with its name" "$ERR" 'pub-1 exists already'
is "... nothing is left of it" "$(ls -d ./*.partial 2>/dev/null)" ""
refused "so is a bundle of no channel" 2 sluice-sign bundle --from pub-1 \
	--root 1.root.json --timestamp-key $K/timestamp.key --pass-fd 9 -o no
like "... and said" "$ERR" '--channel'
refused "... and one that nobody signs" 2 sluice-sign bundle --from pub-1 \
	--root 1.root.json --channel editor/beta -o no
like "... and said" "$ERR" '-k KEY'

# --- files that are something else ------------------------------------------
refused "a program has no public key" 1 sluice-sign key editor
like "... it is said what it is not" "$ERR" 'editor: not a key'
refused "... nor is it a document" 1 sluice-sign inspect editor
like "... neither" "$ERR" 'editor: neither a document'

# --- root -------------------------------------------------------------------
refused "the first word of a verb" 2 sluice-sign root
like "... names those that begin so" "$ERR" 'root init, root next, root sign'
refused "root keys of the same channel sign once" 1 s root sign \
	--key $K/root-1.key 1.root.json
s keygen --role root --kdf minimal stranger >/dev/null 2>&1
refused "a key that is no holder's is refused" 1 s root sign --key stranger \
	1.root.json
refused "... and one of another role is no root key" 2 s root sign \
	--key mine 1.root.json
check "the next root" sluice-sign root next 1.root.json \
	--add-key release=$K/release-2.key.pub --release-threshold 2 \
	--out 2.root.json
refused "... must follow the one before" 2 s root sign --key $K/root-2.key \
	2.root.json
check "... one holder signs" s root sign --key $K/root-2.key \
	--previous 1.root.json 2.root.json
like "... and is not enough" "$OUT" incomplete
check "... another one" s root sign --key $K/root-1.key \
	--previous 1.root.json 2.root.json
like "... is" "$OUT" 'complete +fingerprint [0-9a-f]{64}'
is "... and the fingerprint is the file's digest" \
	"$(printf '%s\n' "$OUT" | sed -n 's/^complete .*fingerprint //p')" \
	"$(sluice-sign digest 2.root.json | cut -d' ' -f1)"
check "... the difference is shown" sluice-sign diff 1.root.json 2.root.json
like "... as added keys" "$OUT" '^\+ targets key'
refused "channels that share a quorum are refused" 1 sluice-sign root init \
	editor/canary --root-key $K/root-1.key.pub \
	--release-key $K/release-1.key.pub --timestamp-key mine.pub \
	--other 1.root.json --out no

# --- several holders --------------------------------------------------------
two() {
	s publish editor/beta 1.2.0 --artifact linux-x86_64=editor \
		--root 1.root.json --root 2.root.json --previous pub-2 \
		--minisign-key $K/minisign.key "$@"
}
refused "one of two holders is refused" 1 two --key $K/release-1.key --out no
is "... before anything is made" "$(ls -d no* 2>/dev/null)" ""
check "... but may begin" two --key $K/release-1.key --partial --out pub-3
refused "... what is not yet good" 1 sluice-sign verify --root 1.root.json \
	pub-3
check "the other one signs" s add --yes --root 1.root.json \
	--key $K/release-2.key pub-3
check "the first once more" s add --yes --root 1.root.json \
	--key $K/release-1.key pub-3
like "... and all is there" "$OUT" complete
check "... and good" sluice-sign verify --root 1.root.json --complete pub-3
is "nothing is left beside it" "$(ls -d pub-3*)" pub-3

# --- the same release -------------------------------------------------------
again() {
	s publish editor/beta 1.1.0 --root 1.root.json --previous pub-2 \
		--key $K/release-1.key --minisign-key $K/minisign.key "$@"
}
check "a platform is added" again --artifact linux-aarch64=editor --out pub-4
like "... to what is there" "$OUT" 'linux-x86_64'
echo other >other
cp other editor.2
mkdir x && mv editor.2 x/editor
refused "... but not other bytes" 1 again --artifact linux-x86_64=x/editor \
	--out no
check "a renewal" s renew editor/beta --root 1.root.json --previous pub-2 \
	--key $K/release-1.key --minisign-key $K/minisign.key --out pub-5
run sluice-sign diff pub-2 pub-5
is "... has the same salt and plan" \
	"$(printf '%s\n' "$OUT" | grep -cE ' (salt|plan)')" 0

# --- damage -----------------------------------------------------------------
find pub-5/targets/1.1.0 -name '*.editor' >list
read -r victim <list
printf x | dd of="$victim" bs=1 seek=9 conv=notrunc 2>/dev/null
refused "a changed artifact is seen" 1 sluice-sign verify \
	--root 1.root.json pub-5
rm "$victim"
refused "a missing one is" 2 sluice-sign verify --root 1.root.json pub-5
sed 's/"version":1/"version":2/' 1.root.json >bad.root.json
refused "another root is" 1 sluice-sign verify --root bad.root.json pub-4

# --- a publish that is killed -----------------------------------------------
mkdir -p killed.partial/new/targets
check "what a killed one left is no hindrance" s publish editor/beta 1.0.0 \
	--artifact linux-x86_64=editor --root 1.root.json \
	--key $K/release-1.key --minisign-key $K/minisign.key --out killed
is "... and is removed" "$(ls -d killed*)" killed

# --- digests ----------------------------------------------------------------
run sluice-sign digest editor other
is "digests are sha256sum's" "$OUT" "$(sha256sum editor other)"
refused "a missing file is named" 2 sluice-sign digest missing
finish
