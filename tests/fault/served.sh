# The flows of a running server, and those in which nothing fails but every
# read and write is short; sourced by tests/fault/run.
# shellcheck shell=sh disable=SC2034,SC2154 # used by those who source it

# served_setup: a server with 1.0.0, a machine that has it, and 1.1.0 to push
served_setup() {
	e2e_keys 2>/dev/null
	server_init && e2e_root "$STATE/brake/$CHANNEL/key.pub" && server_trust || exit 2
	server_start || exit 2
	app 1.0.0 && publish 1.0.0 >/dev/null && push >/dev/null || exit 2
	client_init one && client update >/dev/null || exit 2
	app 1.1.0 && publish 1.1.0 --previous "$PUB" --fallback 1.0.0 >/dev/null || exit 2
	server_stop
	rm -rf "$WORK/saved" "$WORK/saved.state"
	cp -a "$CLIENT" "$WORK/saved"
	cp -a "$STATE" "$WORK/saved.state"
}

# served_reset: machine and server as they were
served_reset() {
	again
	rm -rf "$STATE"
	cp -a "$WORK/saved.state" "$STATE"
}

# attach PROCESS STRACE_OPTION...: to a process of the server and its children
attach() {
	attach_to=$(server_process "$1")
	shift
	strace -qq -f -o /dev/null -p "$attach_to" "$@" 2>/dev/null &
	TRACER=$!
	sleep 0.2
}
detach() {
	[ -n "${TRACER:-}" ] || return 0
	kill -TERM "$TRACER" 2>/dev/null
	wait "$TRACER" 2>/dev/null
	TRACER=
}

# most KIND: of one process of the trace
most() {
	grep -E "^[0-9]+ +$1\(" "$WORK/trace" | cut -d' ' -f1 | sort | uniq -c |
		sort -n | tail -n 1 | awk '{ print $1 + 0 }'
}

# --- the server takes a publication ----------------------------------------------------
# One process of a server that runs (store and the intake that it starts, the
# brake, front) meets the fault at its n-th call since the push began.
intake_of() { # PROCESS KIND=ERROR[,ERROR...]...
	intake_process=$1
	shift
	faulty() { # strace OPTION...
		server_start >&2 || return 2
		case " $* " in
		*" $WORK/trace "*)
			strace -qq -f -o "$WORK/trace" \
				-p "$(server_process "$intake_process")" 2>/dev/null &
			TRACER=$!
			sleep 0.2
			;;
		*)
			# the last word is what to inject
			for intake_last; do :; done
			attach "$intake_process" -e "$intake_last"
			;;
		esac
		timeout 20 "$BIN/sluice-sign" push "$PUB" "$URL" 2>&1
		faulty_status=$?
		timeout 10 "$BIN/sluice" --config "$CLIENT/conf" --url "$URL" \
			update >/dev/null 2>&1
		detach
		server_kill >/dev/null 2>&1
		return $faulty_status
	}
	faulty strace -o "$WORK/trace" >/dev/null 2>&1
	reset
	sweep_what="taking a publication ($intake_process)"
	for one in "$@"; do
		kind=${one%%=*}
		from=1
		to=$(most "$kind")
		to=${to:-0}
		[ "$to" -gt 0 ] || continue
		for error in $(echo "${one#*=}" | tr , ' '); do
			sweep_one
		done
	done
}

flow_intake() {
	served_setup
	at_end detach
	FOLLOW=-f
	holds() {
		case $(installed) in
		"editor 1.0.0" | "editor 1.1.0") ;;
		*) installed ;;
		esac
	}
	mend() {
		server_start >&2 || {
			echo "it does not start: $(tail -n 3 "$SERVER_LOG")"
			return
		}
		if [ "$STATUS" -eq 0 ]; then
			ctl status "$CHANNEL" 2>&1 | grep -q 1.1.0 || echo "acknowledged, but lost"
		fi
		push >"$WORK/mended" 2>&1 || cat "$WORK/mended"
		client --url "$URL" update >"$WORK/seen" 2>&1 || cat "$WORK/seen"
		[ "$(installed)" = "editor 1.1.0" ] || installed
		server_stop
	}
	reset() {
		served_reset
	}
	intake_every=$FAULT_EVERY
	[ "$FAULT_EVERY" -gt 1 ] || FAULT_EVERY=12
	intake_of store openat=EMFILE,KILL openat2=EIO pread64=EIO,KILL \
		pwrite64=ENOSPC,EIO,KILL fdatasync=EIO,KILL fsync=EIO,KILL \
		write=EIO,KILL rename=EIO,KILL renameat2=EIO,KILL linkat=EIO \
		ftruncate=EIO unlink=EIO unlinkat=EIO sendmsg=ECONNRESET,KILL \
		recvmsg=ECONNRESET,EINTR,KILL clone=EAGAIN read=EIO mkdirat=ENOSPC
	intake_of brake read=EIO write=ENOSPC,KILL fsync=EIO,KILL rename=EIO,KILL \
		openat=EMFILE sendmsg=ECONNRESET,KILL recvmsg=ECONNRESET,EINTR
	intake_of front recvfrom=ECONNRESET,KILL sendto=ECONNRESET,KILL \
		sendmsg=ECONNRESET,EINTR,KILL recvmsg=ECONNRESET,EINTR \
		accept4=EMFILE,ECONNABORTED epoll_wait=EINTR read=EIO write=EIO \
		pwrite64=ENOSPC,EIO sendfile=EIO
	FAULT_EVERY=$intake_every
}

# --- reports that were acknowledged are counted --------------------------------------------
flow_reports() {
	served_setup
	at_end detach
	FOLLOW=-f
	report='{"product":"editor","channel":"stable","version":"1.0.0","os":"linux","arch":"x86_64","event":"crash"}'
	# STATUS is the number of those that were acknowledged
	faulty() { # strace OPTION...
		server_start >&2 || return 255
		case " $* " in
		*" $WORK/trace "*)
			strace -qq -f -o "$WORK/trace" -p "$(server_process store)" \
				2>/dev/null &
			TRACER=$!
			sleep 0.2
			;;
		*)
			for reports_last; do :; done
			attach store -e "$reports_last"
			;;
		esac
		acked=0
		for _ in 1 2 3 4 5 6; do
			[ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' -d "$report" \
				"$URL/v1/health")" != 202 ] || acked=$((acked + 1))
		done
		detach
		server_kill >/dev/null 2>&1
		return $acked
	}
	holds() {
		[ "$1" -le 6 ] || echo "the server did not start"
	}
	mend() {
		server_start >&2 || {
			echo "it does not start: $(tail -n 3 "$SERVER_LOG")"
			return
		}
		has_n=$(ctl status "$CHANNEL" --json | jq \
			'[.channels[].reports[] | select(.event == "crash") | .n] | add // 0')
		[ "$has_n" -ge "$STATUS" ] || echo "$STATUS acknowledged, $has_n counted"
		[ "$(curl -s -o /dev/null -w '%{http_code}' -d "$report" \
			"$URL/v1/health")" = 202 ] || echo "takes no report any more"
		server_stop
	}
	reset() {
		served_reset
	}
	faulty strace -o "$WORK/trace" >/dev/null 2>&1
	reset
	sweep_what="reports"
	for one in pwrite64=ENOSPC,EIO,KILL fdatasync=EIO,KILL pread64=EIO \
		sendmsg=ECONNRESET,KILL recvmsg=ECONNRESET,EINTR,KILL write=EIO \
		ftruncate=EIO openat=EMFILE; do
		kind=${one%%=*}
		from=1
		to=$(most "$kind")
		to=${to:-0}
		[ "$to" -gt 0 ] || continue
		for error in $(echo "${one#*=}" | tr , ' '); do
			sweep_one
		done
	done
}

# --- the updater's network --------------------------------------------------------------
flow_network() {
	client_setup
	# shellcheck disable=SC2086
	sweep "an update's network" $NETWORK
	sed -i 's/^mirror/delta = no\nmirror/' "$CLIENT/conf"
	rm -rf "$WORK/saved" && cp -a "$CLIENT" "$WORK/saved"
	# shellcheck disable=SC2086
	sweep "the full file's network" $NETWORK
	evil_stop
}

# --- every read and write is short --------------------------------------------------------
# One machine, one server and one signer, all of whose calls are cut: the whole
# story all the same.
flow_short() {
	: "${SEED:=$(date +%s)}"
	note "SEED=$SEED"
	[ -s "$BUILD/test/short.so" ] || {
		skip "every call is short" "make $BUILD/test/short.so"
		return
	}
	served_setup
	short_bin=$BIN
	mkdir "$WORK/bin"
	for short_name in sluice sluiced sluice-sign sluicectl; do
		short_sockets=
		[ $short_name = sluiced ] || short_sockets=SHORT_SOCKETS=1
		printf '#!/bin/sh\nexec env LD_PRELOAD=%s SHORT_SEED=$((%s + $$)) %s %s "$@"\n' \
			"$BUILD/test/short.so" "$SEED" "$short_sockets" \
			"$short_bin/$short_name" >"$WORK/bin/$short_name"
		chmod +x "$WORK/bin/$short_name"
	done
	BIN=$WORK/bin
	check "a server whose every call is short starts" server_start
	check "... takes a publication" push
	check "... a machine takes the update" client --url "$URL" update
	is "... and runs it" "$(installed)" "editor 1.1.0"
	app 1.2.0
	check "the next is signed upon the server's" publish 1.2.0 --previous "$URL"
	check "... and pushed" push
	sed -i '1i delta = no' "$CLIENT/conf"
	check "... the full file is fetched" client --url "$URL" update --ask
	is "... and runs" "$(installed)" "editor 1.2.0"
	check "a bundle is made" bundle "$WORK/short.bundle" "$PUB" --rung offer
	CLIENT=$HOME_DIR/one
	check "... and looked into" "$BIN/sluice" --config "$CLIENT/conf" inspect \
		"$WORK/short.bundle"
	client_init other
	check "... and installed from" client update --bundle "$WORK/short.bundle" --ask
	is "... what it holds" "$(installed)" "editor 1.2.0"
	check "a report is taken" client --url "$URL" report crash
	check "the server says so" ctl status "$CHANNEL" --json
	is "... and counts it" "$(printf '%s' "$OUT" | jq \
		'[.channels[].reports[] | select(.event == "crash") | .n] | add // 0')" 1
	check "all is well with it" server_sound
	note "$(grep level=error "$SERVER_LOG" | tail -n 3)"
	server_stop
	BIN=$short_bin
}
