#!/bin/sh
# A bundle without a token: of a server what everybody gets, of a static site
# all of it.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

bundle() { # FILE FROM OPTION...: without a token
	b_out=$1 b_from=$2
	shift 2
	(
		unset SLUICE_TOKEN
		sign bundle --from "$b_from" --channel "$CHANNEL" --root "$ROOT" \
			--timestamp-key "$KEYS/timestamp.key" \
			--minisign-key "$KEYS/minisign.key" -o "$b_out" "$@"
	)
}
kind() { # of the one channel, by --json
	printf '%s\n' "$OUT" | jq -r '.channels[0] | .version + " " + .kind'
}
gap_client() {
	client_init "$@"
	gap_status=$?
	sed -i 's,^url = .*,url = http://127.0.0.1:9,' "$CLIENT/conf"
	return $gap_status
}

e2e_keys || exit 2
pass >"$KEYS/pass"
server_init || exit 2
e2e_root "$STATE/brake/$CHANNEL/key.pub" || exit 2
server_trust && server_start || exit 2

# --- nothing for everybody yet ----------------------------------------------------
refused "nothing is published" 2 bundle "$WORK/none" "$URL"
app 1.0.0
publish 1.0.0 --stage 10:30d --stage 100:0s >/dev/null && push >/dev/null || exit 2
refused "no release has reached everybody" 1 bundle "$WORK/none" "$URL"
like "... and it says so" "$ERR" 'no release has reached everybody yet'

# --- what everybody has --------------------------------------------------------------
app 1.0.1
publish 1.0.1 --previous "$URL" >/dev/null && push >/dev/null || exit 2
check "a release for everybody" bundle "$WORK/one" "$URL" --json
is "... is on offer to all" "$(kind)" "1.0.1 offer"
like "... in a bundle for machines" "$ERR" 'for machines and not for mirrors'
is "... of one rung" "$(tar --zstd -tf "$WORK/one" | grep -c snapshot.json)" 1
check "a machine without a network" gap_client gap
check "... installs from it" client update --bundle "$WORK/one"
is "... and runs" "$(installed)" "editor 1.0.1"
check "inspect reads it" "$BIN/sluice" inspect "$WORK/one"

app 1.1.0
publish 1.1.0 --previous "$URL" --complete --stage 10:30d --stage 100:0s >/dev/null &&
	push >/dev/null || exit 2
check "the next is for some" bundle "$WORK/two" "$URL" --json
is "... and this is what everybody has" "$(kind)" "1.0.1 hold"
check "the machine takes it" client update --bundle "$WORK/two"
is "... and stays" "$(installed)" "editor 1.0.1"
refused "--rung needs a token" 2 bundle "$WORK/none" "$URL" --rung offer
like "... with the way out" "$ERR" 'hint: --token-file'
refused "as does --version" 2 bundle "$WORK/none" "$URL" --version 1.0.1
m=$(curl -fsS "$URL/$CHANNEL/timestamp.json" |
	jq '.signed.meta["snapshot.json"].version')
is "for the server shows nobody what it gave to nobody" \
	"$(curl -s -o /dev/null -w '%{http_code}' \
		"$URL/$CHANNEL/$((m + 3)).snapshot.json")" 404
check "a token of scope read is enough for all of it" sh -c "
	SLUICE_TOKEN=$(sed -n 's/^read token: *//p' "$WORK/init.out") \
	exec \"\$0\" bundle --from $URL --channel $CHANNEL --root $ROOT \
	--timestamp-key $KEYS/timestamp.key --minisign-key $KEYS/minisign.key \
	--pass-fd 3 --rung offer -o $WORK/full 3<$KEYS/pass" \
	"$BIN/sluice-sign"

# --- a server that lies ------------------------------------------------------------
# the view of an admitted client, shown to everybody
site=$WORK/lie/$CHANNEL
mkdir -p "$site/targets"
curl -fsS -o "$site/timestamp.json" "$URL/$CHANNEL/timestamp.json?ask=1"
v=$(jq '.signed.meta["snapshot.json"].version' "$site/timestamp.json")
sum=$(curl -fsS "$URL/$CHANNEL/$v.targets.json" |
	jq -r '.signed.targets["manifest.json"].hashes.sha256')
for file in 1.root.json "$v.snapshot.json" "$v.targets.json" \
	"targets/$sum.manifest.json" "targets/$sum.manifest.json.minisig"; do
	curl -fsS -o "$site/$file" "$URL/$CHANNEL/$file" || exit 2
done
WEB=node web_start "$WORK/lie" || exit 2
refused "an offer before its time is refused" 1 bundle "$WORK/none" "$WEB_URL"
like "... as that" "$ERR" 'before its plan does'
printf ' ' >>"$site/$v.targets.json"
refused "as is a document with another byte" 1 bundle "$WORK/none" "$WEB_URL"
like "... which is named" "$ERR" "$v.targets.json"
web_stop

# --- halted, and led back --------------------------------------------------------------
check "it is halted" ctl halt "$CHANNEL" --reason "crashes"
check "a bundle" bundle "$WORK/three" "$URL" --json
is "... of what everybody gets" "$(kind)" "1.0.1 halt"
check "it is rolled back" ctl rollback "$CHANNEL" --reason "it is bad"
check "a bundle" bundle "$WORK/four" "$URL" --json
is "... leads back" "$(kind)" "1.0.1 rollback"
check "a machine with the bad one" gap_client bad
check "... which it had" client update --bundle "$WORK/full" --ask
is "... runs" "$(installed)" "editor 1.1.0"
echo "allow_rollback = yes" >>"$CLIENT/conf"
check "... goes back" client update --bundle "$WORK/four"
is "... to the good one" "$(installed)" "editor 1.0.1"
check "the server is sound" server_sound
server_stop

# --- a static site ------------------------------------------------------------------------
URL=
check "a site" sign keyless --root "$ROOT" \
	--timestamp-key "$KEYS/timestamp.key" "$PUB" "$SITE"
WEB=node web_start "$SITE" || exit 2
refused "a rung that there is not" 2 \
	bundle "$WORK/none" "$WEB_URL" --rung rollback-9.9.9
check "its bundle" bundle "$WORK/five" "$WEB_URL" --json
is "... is of what everybody has, by the plan" "$(kind)" "1.0.1 hold"
check "... or by a person's word" bundle "$WORK/said" "$WEB_URL" --rung offer --json
is "... of the offer" "$(kind)" "1.1.0 offer"

# --- mirrors ----------------------------------------------------------------------------------
STATE=$WORK/inside
sed -i "s|^state.*|state = $STATE|" "$WORK/sluiced.conf"
mirror() {
	"$BIN/sluiced" -c "$WORK/sluiced.conf" "$@"
}
mirror init >/dev/null && mirror channel add "$CHANNEL" --root "$ROOT" \
	--mirror >/dev/null || exit 2
refused "a mirror refuses one rung" 1 mirror import "$WORK/one"
like "... and says what it needs" "$ERR" 'made with a token'
check "... and takes the site's" mirror import "$WORK/five"
finish
