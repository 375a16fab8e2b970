#!/bin/sh
# A database from a backup: nothing that was stopped since is offered again, no
# client is moved down, and a publication that the backup lacks must be pushed
# again.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

e2e_keys || exit 2
server_init || exit 2
e2e_root "$STATE/brake/$CHANNEL/key.pub" || exit 2
server_trust || exit 2
sed -i "s/^listen.*/listen = 127.0.0.1:$(free_port)/" "$WORK/sluiced.conf"
server_start || exit 2
put() { # VERSION OPTION...
	app "$1"
	publish "$@" --previous "$URL" >/dev/null && push >/dev/null || exit 2
}
backup() { # NAME
	sqlite3 "$STATE/db/sluice.db" ".backup $WORK/$1.db"
}
restore() { # NAME
	server_stop
	rm -f "$STATE"/db/sluice.db*
	cp "$WORK/$1.db" "$STATE/db/sluice.db"
	chmod 600 "$STATE/db/sluice.db"
	server_start
}
kind() {
	curl -fsS "$URL/$CHANNEL/manifest.json?ask=1" | jq -r '"\(.version) \(.kind)"'
}
# a client that was here all along, and never wants to go down
follow() {
	client check >"$WORK/followed" 2>&1 || [ $? -eq 10 ]
}
has sqlite3 || skip_all "no sqlite3 here"

put 1.0.0
put 1.1.0 --stage 10:0s --stage 100:0s
check "a client" client_init
check "... installs" client update
backup before-halt
check "a halt after the backup" ctl halt "$CHANNEL" --reason "it eats files"
check "the client sees it" follow
check "the database of before is put back" restore before-halt
like "the unfinished rollout is halted" "$(kind)" halt
check "... and status says so" ctl status "$CHANNEL"
like "... halted" "$OUT" 'high [0-9]+ \(halt'
check "the client is not moved down" follow
check "a person resumes it" ctl resume "$CHANNEL" --reason "looked at"
is "... and it is on offer" "$(kind)" "1.1.0 release"
check "the client goes on" follow

put 1.1.1 --stage 10:0s --stage 100:0s
backup before-percent
ctl percent "$CHANNEL" 100 --reason "good" >/dev/null
ctl percent "$CHANNEL" 10 --reason "not so good" >/dev/null
check "lowered after the backup, put back" restore before-percent
like "... halted" "$(kind)" halt
check "the client is not moved down" follow
check "a person resumes it" ctl resume "$CHANNEL" --reason "looked at"

backup before-rollback
check "a rollback after the backup" ctl rollback "$CHANNEL" --reason "worse than thought"
check "the client sees it" follow
check "the database of before is put back" restore before-rollback
unlike "... nothing is offered" "$(kind)" 'release$'
check "the client is not moved down" follow

# --- a publication that the backup lacks ------------------------------------------------
app 1.2.0
check "the next" publish 1.2.0 --previous "$URL" --fallback 1.0.0 --withdrawn 1.1.1
backup before-push
check "... is pushed after the backup" push
check "... and halted" ctl halt "$CHANNEL" --reason "no good either"
check "the client sees it" follow
check "the database of before is put back" restore before-push
like "the log says that it must be pushed again" "$(grep publication_missing "$SERVER_LOG")" \
	'push it again'
refused "nothing is changed until then" 1 ctl halt "$CHANNEL" --reason "to be safe"
like "... the operator is told, too" "$ERR" 'push it again'
check "the server lives" server_ready
check "the client is not moved down" follow
check "it is pushed again" push
is "... and is halted as it was" "$(kind)" "1.0.0 halt"
check "the client follows" follow
finish
