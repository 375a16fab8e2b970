#!/bin/sh
# A database from a backup: what was unfinished is halted above everything that
# clients have seen, until a person resumes it.
# timeout: 180
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

has sqlite3 || skip_all "no sqlite3"
e2e_keys || exit 2
server_init || exit 2
e2e_root "$STATE/brake/$CHANNEL/key.pub" || exit 2
server_trust || exit 2
server_start || exit 2

sluiced() {
	"$BIN/sluiced" -c "$WORK/sluiced.conf" "$@"
}
backup() {
	rm -f "$WORK/backup.db"
	sqlite3 "$STATE/db/sluice.db" ".backup '$WORK/backup.db'"
}
restore() {
	server_stop
	rm -f "$STATE/db/sluice.db-wal" "$STATE/db/sluice.db-shm"
	cp "$WORK/backup.db" "$STATE/db/sluice.db"
}
high() { # MEMBER of the channel's high rung
	ctl status "$CHANNEL" --json | jq -r ".channels[0].scopes[0].high.$1"
}
move() { # VERB ARGUMENT...
	ctl "$@" --reason "for the test" >/dev/null
}
# a client that has seen all of it
asks() {
	sed -i "s|^url.*|url = $URL|" "$CLIENT/conf"
	client check
}

app 1.0.0
publish 1.0.0 >/dev/null || exit 2
push >/dev/null || exit 2
check "a client" client_init one
check "... installs" client update
app 1.1.0
publish 1.1.0 --previous "$URL" --stage 50:1h --stage 100:0s >/dev/null || exit 2
push >/dev/null || exit 2

# --- the brake is where the database is -------------------------------------------
refused "not while the server runs" 1 sluiced restored
backup || exit 2
restore
check "an unfinished rollout is restored" sluiced restored
like "... which is said" "$OUT" "$CHANNEL: what is unfinished is halted at the next start"
check "the server starts" server_start
is "... and has halted" "$(high kind)" halt
is "... above the offer" "$(high rung)" 2
like "... and logged it" "$(cat "$SERVER_LOG")" 'event=restored channel=editor/stable rung=2'
check "the audit log knows" ctl audit "$CHANNEL"
like "... why" "$OUT" 'restore by sluice .*: the database comes from a backup'
check "the audit log is unbroken" ctl audit verify
check "a client follows" asks
server_stop
server_start || exit 2
is "... once: it stays as it is" "$(high rung)" 2
check "a person resumes" move resume "$CHANNEL"
is "... in the next block" "$(high kind)" offer

# --- the brake has gone further ----------------------------------------------------
backup || exit 2
check "after the backup: a halt" move halt "$CHANNEL"
check "... and a lift" move resume "$CHANNEL"
rung=$(high rung)
asks >/dev/null
restore
check "restored" sluiced restored
check "the server starts" server_start
is "... halted" "$(high kind)" halt
check "... above what was seen" test "$(high rung)" -gt "$rung"
check "a client follows" asks

# --- the database lacks a publication ------------------------------------------------
app 1.2.0
backup || exit 2
publish 1.2.0 --previous "$URL" --fallback 1.0.0 --stage 50:1h --stage 100:0s \
	>/dev/null || exit 2
check "after the backup: a publication" push
asks >/dev/null
restore
check "restored" sluiced restored --json
is "... it is missing" "$(echo "$OUT" | jq '.[0].brake_m > .[0].m')" true
check "the server starts" server_start
check "it is pushed again" push
is "... and halted" "$(high kind)" halt
is "... of the new ladder" \
	"$(ctl status "$CHANNEL" --json | jq -r '.channels[0].version')" 1.2.0
check "a client follows" asks
check "a person resumes" move resume "$CHANNEL"

# --- nothing is under way ---------------------------------------------------------------
app 1.3.0
publish 1.3.0 --previous "$URL" --fallback 1.0.0 >/dev/null || exit 2
check "a release for everybody" push
backup || exit 2
restore
sluiced restored >/dev/null
check "the server starts" server_start
is "... and what was finished stays" "$(high kind)" offer
finish
