#!/bin/sh
# Stolen and lost keys, drilled: a thief does what can be done, people type the
# commands of sluice-sign(1), DRILLS, and nothing else, clients end on the good
# release, and what the old key signs is believed by nobody.
# timeout: 300
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

MAN=$TOP/packaging/man/sluice-sign.1
brake=$STATE/brake/$CHANNEL
chain=    # --root FILE ... of all roots so far
current=1 # the newest of them
release=release

sluiced() {
	"$BIN/sluiced" -c "$WORK/sluiced.conf" "$@"
}
keyid() { # FILE.pub: the ID of the one key in it
	"$BIN/sluice-sign" inspect "$1" | awk '$1 == "keyid" { print $2 }'
}
root_file() { # VERSION
	echo "$WORK/roots/$1.root.json"
}

# --- one drill --------------------------------------------------------------------
# the commands of a drill, by program and verb, as the manual has them
documented() { # TITLE
	awk -v title=".Ss Drill: $1" '
		/^\.S[sh]/ { on = $0 == title; lit = 0 }
		on && /^\.Bd/ { lit = 1; next }
		on && /^\.Ed/ { lit = 0 }
		on && lit && /^[0-9]/' "$MAN" | verbs
}
# "3. sluice-sign root sign --key ..." to "sluice-sign root sign"
verbs() {
	awk '{
		out = $2
		for (i = 3; i <= NF && $i ~ /^[a-z]+$/; i++)
			out = out " " $i
		print out
	}'
}
drill() { # TITLE
	title=$1 steps=0
	: >"$WORK/steps"
	note "--- $title"
}
step() { # what is typed...  -- or what is run instead
	steps=$((steps + 1))
	echo "$steps. $1" >>"$WORK/steps"
	note "$steps. $1"
	step_name="$title: $1"
	shift
	check "$step_name" "$@"
}
drilled() {
	is "$title: the manual says the same commands" \
		"$(verbs <"$WORK/steps")" "$(documented "$title")"
	check "... which are fewer than ten" test "$steps" -lt 10
}

# --- what people do -----------------------------------------------------------------
next_root() { # OPTION...: the unsigned root after the current one
	"$BIN/sluice-sign" root next "$(root_file "$current")" \
		-o "$(root_file $((current + 1)))" "$@"
}
root_sign() { # HOLDER
	sign root sign --key "$KEYS/$1.key" --previous "$(root_file "$current")" \
		"$(root_file $((current + 1)))"
}
root_done() {
	current=$((current + 1))
	chain="$chain --root $(root_file "$current")"
}
# shellcheck disable=SC2086 # the chain is a list
put() { # VERB ARGUMENT...: publish or renew, into PUB
	rm -rf "$PUB.new"
	put_verb=$1
	shift
	sign "$put_verb" "$CHANNEL" "$@" $chain --key "$KEYS/$release.key" \
		--minisign-key "$KEYS/minisign.key" -o "$PUB.new" || return
	rm -rf "$PUB"
	mv "$PUB.new" "$PUB"
}
put_release() { # VERSION OPTION...
	put_version=$1
	shift
	put publish "$put_version" -a "$PLATFORM=$APPS/$put_version/editor" \
		--stage 100:0s "$@"
}
machine() { # NAME: go on as that machine, with the server of now
	CLIENT=$HOME_DIR/$1
	sed -i "s|^url.*|url = ${2:-$URL}|" "$CLIENT/conf"
}
follows() { # NAME VERSION: that machine, and one that is new, end there
	machine "$1"
	client update >/dev/null
	is "$title: clients end on $2" "$(installed)" "editor $2"
	is "... with the new root" "$(client status --json | jq .root_version)" \
		"$current"
	check "... and so does a new machine" client_init "new-$current"
	check "... which installs" client update
	is "... the same" "$(installed)" "editor $2"
	machine "$1"
}
deceives() { # NAME SITE: does SITE mislead the machine?
	WEB=node web_start "$2" || return 2
	machine "$1" "$WEB_URL"
	deceived=$(installed)
	grep -q '^mirror' "$CLIENT/conf" || echo "mirror = yes" >>"$CLIENT/conf"
	client update
	deceives_status=$?
	sed -i '/^mirror/d' "$CLIENT/conf"
	web_stop
	machine "$1"
	[ "$(installed)" = "$deceived" ] || return 0
	return $deceives_status
}

# --- before: two of three hold root --------------------------------------------------
mkdir -p "$WORK/roots"
e2e_keys jane-root joe-root ada-root eve-root release new-release newer-release \
	timestamp minisign || exit 2
server_init || exit 2
ROOT=$(root_file 1)
"$BIN/sluice-sign" root init "$CHANNEL" --root-threshold 2 \
	--root-key "$KEYS/jane-root.key.pub" --root-key "$KEYS/joe-root.key.pub" \
	--root-key "$KEYS/ada-root.key.pub" \
	--release-key "$KEYS/release.key.pub" \
	--timestamp-key "$brake/key.pub" \
	--timestamp-key "$KEYS/timestamp.key.pub" \
	--minisign "$KEYS/minisign.key.pub" -o "$ROOT" >/dev/null || exit 2
for holder in jane joe; do
	sign root sign --key "$KEYS/$holder-root.key" "$ROOT" >/dev/null || exit 2
done
chain="--root $ROOT"
server_trust || exit 2
server_start || exit 2
app 1.0.0
put_release 1.0.0 >/dev/null || exit 2
push >/dev/null || exit 2
check "a client" client_init one
check "... installs" client update
check "another, which will sleep through it all" client_init asleep
check "... installs" client update

# --- a stolen release key, and the token that goes with it ----------------------------
# The thief ships a release, and has more of them ready.
evil() { # VERSION DIR OPTION...
	evil_version=$1 evil_dir=$2
	shift 2
	app "$evil_version"
	sign publish "$CHANNEL" "$evil_version" -a "$PLATFORM=$APP" \
		--stage 100:0s --root "$(root_file 1)" --key "$KEYS/release.key" \
		--minisign-key "$KEYS/minisign.key" -o "$evil_dir" "$@"
}
check "the thief signs a release" evil 6.6.6 "$WORK/evil1" --previous "$PUB"
check "... and pushes it" "$BIN/sluice-sign" push "$WORK/evil1" "$URL"
machine one
check "... which clients install" client update
is "... for it is signed" "$(installed)" "editor 6.6.6"
check "the thief has more" evil 8.0.0 "$WORK/evil2" --previous "$WORK/evil1"

drill "a stolen release key"
step "sluicectl halt" ctl halt "$CHANNEL" --reason "a stolen key"
step "sluicectl token revoke" ctl token revoke "$(echo "$TOKEN" | cut -d_ -f2)" \
	--reason "a stolen key"
refused "... the thief's token is nothing now" 1 \
	"$BIN/sluice-sign" push "$WORK/evil2" "$URL"
step "sluicectl token create" ctl token create --scope publish \
	--reason "a stolen key"
SLUICE_TOKEN=$(echo "$OUT" | grep -o 'slc_[A-Za-z0-9_-]*' | head -n 1)
export SLUICE_TOKEN
step "sluice-sign root next" next_root --remove-key "$(keyid "$KEYS/release.key.pub")" \
	--add-key "release=$KEYS/new-release.key.pub"
step "sluice-sign root sign" root_sign jane-root
step "sluice-sign root sign" root_sign joe-root
like "... now it is whole" "$OUT" complete
root_done
release=new-release
app 7.0.0
step "sluice-sign publish" put_release 7.0.0 --previous "$URL" --seq 4 --floor 4 \
	--withdrawn 6.6.6
step "sluice-sign push" push
drilled
follows one 7.0.0
check "the thief signs on" evil 9.0.0 "$WORK/evil3" --previous "$WORK/evil2" \
	--floor 4 --keyless "$WORK/evilsite" --timestamp-key "$KEYS/timestamp.key"
refused "the server refuses what the old key signed" 1 \
	"$BIN/sluice-sign" push "$WORK/evil3" "$URL"
# for a machine that has seen nothing but the new root
victim() {
	WEB=node web_start "$WORK/evilsite" || return 2
	(
		URL='' ROOT=$(root_file "$current")
		client_init victim && client update
	)
	victim_status=$?
	web_stop
	return $victim_status
}
refused "... and so do clients" 1 victim
like "... for the key is not in root any more" "$ERR" 'signature|sign'
check "... and install nothing" test ! -e "$HOME_DIR/victim/app/current"

# --- a lost release key ----------------------------------------------------------------
drill "a lost release key"
step "sluice-sign root next" next_root \
	--remove-key "$(keyid "$KEYS/new-release.key.pub")" \
	--add-key "release=$KEYS/newer-release.key.pub"
step "sluice-sign root sign" root_sign jane-root
step "sluice-sign root sign" root_sign ada-root
root_done
release=newer-release
app 7.0.1
step "sluice-sign publish" put_release 7.0.1 --previous "$URL"
step "sluice-sign push" push
drilled
follows one 7.0.1

# --- one stolen root key, of two that must agree -----------------------------------------
# The thief makes the next root: with a release key of their own.
check "the thief makes a root" "$BIN/sluice-sign" root next \
	"$(root_file "$current")" -o "$WORK/evil.root.json" \
	--add-key "release=$KEYS/release.key.pub"
check "... and signs it" sign root sign --key "$KEYS/ada-root.key" \
	--previous "$(root_file "$current")" "$WORK/evil.root.json"
like "... alone" "$OUT" 'signatures +1 of 2'
mkdir -p "$WORK/rootsite/$CHANNEL"
cp "$WORK/evil.root.json" \
	"$WORK/rootsite/$CHANNEL/$((current + 1)).root.json"
curl -fsS -o "$WORK/rootsite/$CHANNEL/timestamp.json" \
	"$URL/$CHANNEL/timestamp.json"
refused "clients refuse it" 1 deceives one "$WORK/rootsite"
like "... for one signature is not two" "$ERR" '1 of 2'

drill "one stolen root key"
step "sluice-sign root next" next_root \
	--remove-key "$(keyid "$KEYS/ada-root.key.pub")" \
	--add-key "root=$KEYS/eve-root.key.pub"
step "sluice-sign root sign" root_sign jane-root
step "sluice-sign root sign" root_sign joe-root
like "... now it is whole" "$OUT" complete
root_done
step "sluice-sign renew" put renew --previous "$URL"
step "sluice-sign push" push
drilled
follows one 7.0.1
check "the root after it" next_root
refused "... the stolen key signs no more" 1 root_sign ada-root
rm "$(root_file $((current + 1)))"

# --- a stolen brake key ------------------------------------------------------------------
cp "$brake/key" "$WORK/stolen-brake"
old=$(keyid "$brake/key.pub")
drill "a stolen brake key"
step "sluiced brake next" sluiced brake next "$CHANNEL"
step "sluice-sign root next" next_root --remove-key "$old" \
	--add-key "timestamp=$brake/key.next.pub"
step "sluice-sign root sign" root_sign jane-root
step "sluice-sign root sign" root_sign eve-root
root_done
step "sluice-sign renew" put renew --previous "$URL" --complete
step "sluice-sign push" push
drilled
follows one 7.0.1
is "another key signs what clients get" \
	"$(curl -fsS "$URL/$CHANNEL/timestamp.json" | jq -r '.signatures[].keyid')" \
	"$(keyid "$brake/key.pub")"

# --- a stolen server -----------------------------------------------------------------------
# The thief has all of it, and halts; people have the last publication.
check "the thief halts" ctl halt "$CHANNEL" --reason "evil"
machine one
check "... which clients see" client check
curl -fsS -o "$WORK/seen.json" "$URL/$CHANNEL/timestamp.json"
server_stop
old=$(keyid "$brake/key.pub")
cp -R "$PUB" "$WORK/last"
STOLEN=$STATE STATE=$WORK/state2
brake=$STATE/brake/$CHANNEL
drill "a stolen server"
step "sluiced init" server_init
step "sluice-sign root next" next_root --remove-key "$old" \
	--add-key "timestamp=$brake/key.pub"
step "sluice-sign root sign" root_sign jane-root
step "sluice-sign root sign" root_sign joe-root
root_done
ROOT=$(root_file "$current")
step "sluiced channel add" sluiced channel add "$CHANNEL" --root "$WORK/last" \
	--root "$ROOT"
step "sluiced run" server_start
app 7.0.2
step "sluice-sign publish" put_release 7.0.2 --previous "$WORK/last" \
	--fallback none --delta-from 0 --complete
step "sluice-sign push" push
drilled
follows one 7.0.2
machine asleep
is "the machine that slept has the first root" \
	"$(client status --json | jq .root_version)" 1
check "... follows too" client update
is "... to the newest" "$(client status --json | jq .root_version)" "$current"
is "... and the release" "$(installed)" "editor 7.0.2"
machine one
check "the new server halts" ctl halt "$CHANNEL" --reason "a drill"
check "... for clients too" client check
check "... and lifts it" ctl resume "$CHANNEL" --reason "a drill"
mkdir -p "$WORK/oldsite/$CHANNEL"
cp "$WORK/seen.json" "$WORK/oldsite/$CHANNEL/timestamp.json"
refused "what the stolen server signed: clients refuse it" 1 \
	deceives one "$WORK/oldsite"
like "... for its key is not in root any more" "$ERR" 'signature|sign'
server_stop
server_before=$STATE STATE=$STOLEN
sed -i "s|^state.*|state = $STATE|" "$WORK/sluiced.conf"
check "the stolen server runs elsewhere" server_start
machine one
refused "... but clients that have the new root refuse it" 1 client update
is "... and keep the good release" "$(installed)" "editor 7.0.2"
server_stop
STATE=$server_before
finish
