#!/bin/sh
# The examples of packaging/ci do what they say: their commands are run, with
# the server and the secrets of this test in the place of theirs.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

PHRASE="a phrase of 3 words"
mkdir -p "$WORK/job/keys" "$WORK/job/dist" && cd "$WORK/job" || exit 2
PATH=$BIN:$PATH
export PATH
# job FILE JOB: the commands of a job
job() {
	awk -v job="  $2:" '
		/^  [a-z]+:$/ { on = $0 == job; run = 0 }
		on && /^ *run: \|$/ { run = 1; next }
		on && run && /^          / { print substr($0, 11); next }
		on && run { run = 0 }' "$TOP/packaging/ci/$1" |
		sed -e "s|https://updates.example|$URL|" \
			-e "s|\${{ secrets.RELEASE_PASS }}|$PHRASE|"
}
run_job() {
	job "$1" "$2" >commands
	[ -s commands ] || return
	# as such systems run them
	bash --noprofile --norc -eo pipefail commands
}

for role in root release timestamp; do
	printf '%s\n%s\n' "$PHRASE" "$PHRASE" | sluice-sign keygen --role $role \
		--kdf minimal --pass-fd 0 "keys/$role.key" >/dev/null 2>&1 || exit 2
done
server_init || exit 2 # sets SLUICE_TOKEN
sluice-sign root init "$CHANNEL" --root-key keys/root.key.pub \
	--release-key keys/release.key.pub --timestamp-key keys/timestamp.key.pub \
	--timestamp-key "$STATE/brake/$CHANNEL/key.pub" -o keys/1.root.json \
	>/dev/null || exit 2
echo "$PHRASE" | sluice-sign root sign --key keys/root.key --pass-fd 0 \
	keys/1.root.json >/dev/null || exit 2
ROOT=keys/1.root.json
server_trust && server_start || exit 2
app 1.0.0
cp "$APP" dist/editor

GITHUB_REF_NAME=v1.0.0
export GITHUB_REF_NAME
check "release.yml signs and pushes" run_job release.yml sign
check "... it is on offer" sh -c "curl -fsS '$URL/$CHANNEL/manifest.json?ask=1' |
	jq -e '.version == \"1.0.0\"'"
before=$(ctl status --json | jq '.channels[0] | [.m, .seq, .version]')
check "renew.yml renews it" run_job renew.yml renew
after=$(ctl status --json | jq '.channels[0] | [.m, .seq, .version]')
check "... in a newer publication" test "$(echo "$after" | jq '.[0]')" -gt \
	"$(echo "$before" | jq '.[0]')"
is "... of the same release" "$(echo "$after" | jq -c '.[1:]')" \
	"$(echo "$before" | jq -c '.[1:]')"
check "its other job is content" run_job renew.yml status
if has faketime; then
	later() {
		job renew.yml status >commands
		faketime -f +24d bash --noprofile --norc -eo pipefail commands
	}
	refused "... and is not when three weeks have passed without it" 1 later
	like "... for the publication is about to end" "$OUT" \
		'snapshot .*WARNING'
else
	skip "three weeks later" "no faketime"
fi
check "the server is sound" server_sound
finish
