#!/bin/sh
# What clients, caches and monitors see over HTTP: headers, ranges, conditions,
# what is not served, reports and counts that outlive a crash, retention.
# timeout: 180
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

e2e_keys || exit 2
server_init || exit 2
e2e_root "$STATE/brake/$CHANNEL/key.pub" || exit 2
server_trust && server_start || exit 2
app 1.0.0
publish 1.0.0 >/dev/null && push >/dev/null || exit 2
first=$WORK/first
cp -r "$PUB" "$first"
app 1.1.0
publish 1.1.0 --previous "$URL" --stage 0:0s --stage 100:0s >/dev/null && push >/dev/null || exit 2
base=$URL/$CHANNEL

# get PATH [CURL OPTION...]: HEAD and BODY are files, CODE the status
get() {
	get_path=$1
	shift
	: >"$WORK/body"
	CODE=$(curl -s -D "$WORK/head" -o "$WORK/body" -w '%{http_code}' "$@" "$base/$get_path")
	sed -i 's/\r$//' "$WORK/head"
}
header() { # NAME: of the last answer
	sed -n "s/^$1: //Ip" "$WORK/head"
}
file() { # PATTERN: the first such file of PUB, as it is named there
	set -- "$PUB"/$1
	echo "${1#"$PUB/"}"
}

# --- what never changes ------------------------------------------------------------------
hold=$(jq -r 'select(.kind == "release" and .rollout == null) | input_filename' "$PUB"/targets/*.manifest.json)
old=$(cd "$PUB" && file 'targets/1.0.0/*/*.editor')
[ -e "$PUB/$old" ] || old=$(cd "$first" && echo targets/1.0.0/*/*.editor)
for f in 1.root.json "$(file '*.snapshot.json')" "$(file '*.targets.json')" "targets/${hold##*/}" "$old"; do
	get "$f"
	is "${f##*/}: is there" "$CODE" 200
	local_file=$PUB/$f
	[ -e "$local_file" ] || local_file=$first/$f
	check "... as it was signed" cmp "$WORK/body" "$local_file"
	is "... to be kept for ever" "$(header cache-control)" "public, max-age=31536000, immutable"
	is "... its tag is its digest" "$(header etag)" "\"$(sha256sum <"$local_file" | cut -d' ' -f1)\""
	is "... its length is said" "$(header content-length)" "$(stat -c %s "$local_file")"
	tag=$(header etag)
	get "$f" -H "If-None-Match: $tag"
	is "... 304 for who has it" "$CODE $(stat -c %s "$WORK/body")" "304 0"
	get "$f" -H 'If-None-Match: "other"'
	is "... 200 for who has another" "$CODE" 200
done
size=$(stat -c %s "$first/$old")
check_range() { # RANGE FROM COUNT
	get "$old" -H "Range: bytes=$1"
	is "range $1: 206" "$CODE" 206
	is "... says which" "$(header content-range)" "bytes $2-$(($2 + $3 - 1))/$size"
	is "... gives these bytes" "$(sha256sum <"$WORK/body")" \
		"$(tail -c "+$(($2 + 1))" "$first/$old" | head -c "$3" | sha256sum)"
}
check_range 0-0 0 1
check_range 1000-1999 1000 1000
check_range "$((size - 10))-" $((size - 10)) 10
check_range "-10" $((size - 10)) 10
check_range "10-99999999" 10 $((size - 10))
get "$old" -H "Range: bytes=$size-"
is "a range beyond the end: 416" "$CODE" 416
is "... with the length" "$(header content-range)" "bytes */$size"
get "$old" -H 'Range: bytes=0-9' -H 'If-Range: "other"'
is "a range of another file: all of it" "$CODE" 200
get "$old" -I
is "HEAD: the same without the body" "$CODE $(header content-length)" "200 $size"

# --- what is chosen per client ------------------------------------------------------------
for f in timestamp.json manifest.json manifest.json.minisig; do
	get $f
	is "$f: is there" "$CODE" 200
	is "... not to be shared" "$(header cache-control)" "private, no-cache"
	tag=$(header etag)
	check "... has a tag" test -n "$tag"
	get $f -H "If-None-Match: $tag"
	is "... 304 for who has it" "$CODE" 304
done
get manifest.json
where=$(header content-location)
like "manifest.json says where it really lies" "$where" '^targets/[0-9a-f]{64}\.manifest\.json$'
cp "$WORK/body" "$WORK/manifest.json"
get "$where"
check "... and that is the same" cmp "$WORK/body" "$WORK/manifest.json"
get manifest.json.minisig
cp "$WORK/body" "$WORK/manifest.json.minisig"
if has minisign; then
	check "minisign accepts it" minisign -V -p "$KEYS/minisign.key.pub" -m "$WORK/manifest.json"
else
	skip "minisign accepts it" "no minisign here"
fi
id=$(printf %064d 7)
get "timestamp.json?id=$id&os=linux&arch=x86_64&version=1.0.0"
like "who has an ID gets a ticket" "$(header sluice-ticket)" '^v1\.[A-Za-z0-9_.-]{20,120}$'
ticket=$(header sluice-ticket)
get "timestamp.json?os=linux&arch=x86_64" -H "Sluice-Client: $id"
is "the ID as a header is as good" "$(header sluice-ticket | cut -c1-3)" v1.
get timestamp.json
is "who has none gets none" "$(header sluice-ticket)" ""
get "timestamp.json?id=nonsense&version=x%20y%2f&what=ever"
is "nonsense is no reason not to answer" "$CODE" 200
for q in seen=-1 group=a%20b os=..%2f %00; do
	get "timestamp.json?$q"
	is "... but $q is refused" "$CODE $(header cache-control)" "400 no-store"
done

# --- what is not served -----------------------------------------------------------------------
top=$(cd "$PUB" && for t in *.targets.json; do echo "$t"; done | sort -n | tail -n 1)
# not_served PATH...
not_served() {
	for f in "$@"; do
		get "$f" --path-as-is
		case $CODE in 400 | 404) s=0 ;; *) s=1 ;; esac
		tap_result $s "${f##*/} is not served"
		is "... and that is not kept" "$(header cache-control)" no-store
	done
}
not_served "$top" "${top%.targets.json}.snapshot.json" nothing 2.root.json targets/ \
	../../healthz ..%2f..%2fsluice.db "targets/..%2f..%2f$old" 1.root.json/ %00
for method in POST PUT DELETE; do
	get timestamp.json -X $method
	case $CODE in 404 | 405 | 411) s=0 ;; *) s=1 ;; esac
	tap_result $s "$method of a document is refused"
done
curl -s -o /dev/null "$URL/nobody/stable/timestamp.json" -w '%{http_code}' >"$WORK/code"
is "a product that is not here: 404" "$(cat "$WORK/code")" 404

# --- monitors -------------------------------------------------------------------------------------
check "healthz" curl -fsS "$URL/healthz"
check "metrics" curl -fsS "$URL/metrics"
cp "$WORK/.out" "$WORK/metrics"
is "... every line is what Prometheus reads" "$(grep -Evc \
	'^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z_]+="[^"]*",?)*\})? -?[0-9.e+]+)$' "$WORK/metrics")" 0
like "... polls are counted" "$(cat "$WORK/metrics")" 'sluice_polls_total\{.*editor/stable.*\} [1-9]'
unlike "... no IDs" "$(cat "$WORK/metrics")" "$id"

# --- reports ---------------------------------------------------------------------------------------
report() { # EVENT [CURL OPTION...]
	event=$1
	shift
	curl -s -o "$WORK/body" -w '%{http_code}' "$@" -d "{\"client_id\":\"$id\",\"product\":\"editor\",\"channel\":\"stable\",\"version\":\"1.1.0\",\"os\":\"linux\",\"arch\":\"x86_64\",\"event\":\"$event\"}" "$URL/v1/health"
}
count() { # EVENT: as status says it
	ctl status "$CHANNEL" --json | jq "[.channels[0].reports[] | select(.event == \"$1\") | .n] | add // 0"
}
is "a report is taken" "$(report ok)" 202
is "... another" "$(report ok -H "Sluice-Ticket: $ticket")" 202
is "... a crash" "$(report crash)" 202
is "nonsense is not" "$(curl -s -o /dev/null -w '%{http_code}' -d '{"event":' "$URL/v1/health")" 400
is "an event that nobody knows is taken" "$(report dance)" 202
is "... under no name of its own" "$(count dance)" 0
is "nor one that is too long" "$(curl -s -o /dev/null -w '%{http_code}' -d "$(printf '%09000d' 1)" "$URL/v1/health")" 413
is "they are counted" "$(count ok) $(count crash)" "2 1"
for _ in 1 2 3 4 5; do get "timestamp.json?id=$id&os=linux&arch=x86_64&version=1.0.0"; done
polls() {
	ctl versions "$CHANNEL" --json |
		jq "[.polls[] | select(.version == \"1.0.0\") | .n] | add // 0"
}
counted() { [ "$(polls)" = 6 ]; } # these, and one from above
check "polls are counted by version" wait_for 20 counted
is "... and day" "$(ctl versions "$CHANNEL" --json | jq -r '.polls[] | select(.version == "1.0.0") | .day')" "$(date -u +%F)"
check "... and said to people" ctl versions "$CHANNEL"
like "... with a share" "$OUT" '[0-9]+\.[0-9] % +6  1\.0\.0  linux-x86_64'
server_kill
check "everything is killed, and starts again" server_start
base=$URL/$CHANNEL
is "no report that was taken is lost" "$(count ok) $(count crash)" "2 1"
check "nor the polls" counted

# --- retention -----------------------------------------------------------------------------------------
get "$(cd "$first" && for t in *.snapshot.json; do echo "$t"; done | sort -n | sed -n 2p)"
is "documents of the publication before are there still" "$CODE" 200
before=$get_path
check "prune now" ctl prune
get "$before"
is "... drops none of them" "$CODE" 200
if has faketime; then
	server_stop
	check "prune in three days, in a stopped server" faketime '+3 days' \
		"$BIN/sluiced" -c "$WORK/sluiced.conf" prune
	check "it starts again" server_start
	base=$URL/$CHANNEL
	get "$before"
	is "the documents before are gone" "$CODE" 404
	get "$old"
	is "the artifact of the fallback stays" "$CODE" 200
	check "a new client installs" client_init
	check "... all of it" client update
	ctl rollback "$CHANNEL" --reason "to see that it is whole" >/dev/null
	check "a rollback works" client_init late
	check "... with the old program" client update
	is "... that stays" "$(installed)" "editor 1.0.0"
else
	skip "prune in three days" "no faketime here"
fi

# --- what nobody may have yet ---------------------------------------------------------------------------
app 1.2.0
check "a release for tomorrow" publish 1.2.0 --previous "$URL" --not-before 24h
check "... is taken" push
offer=$(jq -r 'select(.rollout != null) | input_filename' "$PUB"/targets/*.manifest.json)
not_served "$(file 'targets/1.2.0/*/*.editor')" "targets/${offer##*/}" "targets/${offer##*/}.minisig"
get "manifest.json?ask=1&id=$id&os=linux&arch=x86_64"
is "not even to who asks by hand" "$(jq -r .version "$WORK/body")" 1.0.0
check "the server is sound" server_sound
finish
