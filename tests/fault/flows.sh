# The flows around bundles, keys and reports; sourced by tests/fault/run, which
# has the sweep, and those of an update, a publication and a push.
# shellcheck shell=sh disable=SC2034,SC2154 # used by those who source it

NETWORK='connect=ENETUNREACH,EINTR socket=EMFILE sendto=ECONNRESET,EINTR,KILL
	recvfrom=ECONNRESET,EINTR,KILL poll=EINTR setsockopt=EIO'

bundle() { # FILE PUBLICATION OPTION...
	bundle_out=$1
	shift
	sign bundle --from "$@" --channel "$CHANNEL" --root "$ROOT" \
		--timestamp-key "$KEYS/timestamp.key" \
		--minisign-key "$KEYS/minisign.key" -o "$bundle_out"
}

# --- an update from a bundle --------------------------------------------------------
flow_media() {
	client_setup
	bundle "$WORK/bundle" "$PUB" --rung offer >/dev/null || exit 2
	FOLLOW=-f # what unpacks is a process of its own
	faulty() {
		"$@" "$BIN/sluice" --config "$CLIENT/conf" update --ask \
			--bundle "$WORK/bundle"
	}
	mend() {
		faulty env >"$WORK/mended" 2>&1 || cat "$WORK/mended"
		sound 1.1.0
		left=$(ls "$CLIENT/state/${CHANNEL%/*}/bundle" 2>&1) &&
			echo "left: $left"
	}
	# shellcheck disable=SC2086
	sweep "an update from a bundle" $FILES pipe2=EMFILE
	evil_stop
}

# --- making a bundle ----------------------------------------------------------------
flow_bundle() {
	client_setup
	evil_stop
	pass >"$WORK/pass"
	FIRST=$ROOT
	faulty() {
		"$@" "$BIN/sluice-sign" bundle --from "$PUB" --rung offer \
			--channel "$CHANNEL" --root "$ROOT" \
			--timestamp-key "$KEYS/timestamp.key" \
			--minisign-key "$KEYS/minisign.key" \
			-o "$WORK/out" --pass-fd 3 3<"$WORK/pass"
	}
	# nothing of that name, or all of it
	holds() {
		honest "$1"
		if [ "$1" -eq 0 ] || [ -e "$WORK/out" ]; then
			"$BIN/sluice" --config "$CLIENT/conf" inspect \
				"$WORK/out" >"$WORK/seen" 2>&1 || cat "$WORK/seen"
		fi
	}
	mend() {
		if [ ! -e "$WORK/out" ]; then
			faulty env >"$WORK/mended" 2>&1 || tail -n 1 "$WORK/mended"
		fi
		holds 0
		left=$(ls "$WORK" | grep '^out.')
		[ -z "$left" ] || echo "left: $left"
	}
	reset() {
		rm -rf "$WORK"/out*
	}
	# shellcheck disable=SC2086
	sweep "making a bundle" $FILES link=EIO linkat=EIO copy_file_range=ENOSPC
}

# --- a mirror takes a bundle ----------------------------------------------------------
flow_import() {
	client_setup
	bundle "$WORK/one" "$PUB_A" >/dev/null || exit 2
	bundle "$WORK/two" "$PUB" --rung offer >/dev/null || exit 2
	evil_stop
	printf 'state = %s\nlisten = 127.0.0.1:0\n' "$STATE" >"$WORK/sluiced.conf"
	mirror() {
		"$BIN/sluiced" -c "$WORK/sluiced.conf" "$@"
	}
	mirror init >/dev/null &&
		mirror channel add "$CHANNEL" --root "$ROOT" --mirror >/dev/null &&
		mirror import "$WORK/one" >/dev/null || exit 2
	cp -a "$STATE" "$WORK/saved.state"
	FOLLOW=-f
	FIRST=$WORK/sluiced.conf
	faulty() {
		"$@" "$BIN/sluiced" -c "$WORK/sluiced.conf" import "$WORK/two"
	}
	# a machine of its own sees the old or the new, never half of either
	serves() { # VERSION...
		server_start >&2 || {
			echo "it does not start: $(tail -n 3 "$SERVER_LOG")"
			return
		}
		again
		client --url "$URL" update --ask >"$WORK/seen" 2>&1 || cat "$WORK/seen"
		server_stop
		case " $* " in
		*" $(installed | cut -d' ' -f2) "*) ;;
		*) echo "it serves $(installed), not $*" ;;
		esac
	}
	holds() {
		honest "$1"
		if [ "$1" -eq 0 ]; then serves 1.1.0; else serves 1.0.0 1.1.0; fi
	}
	mend() {
		faulty env >"$WORK/mended" 2>&1 || tail -n 1 "$WORK/mended"
		serves 1.1.0
	}
	reset() {
		again
		rm -rf "$STATE"
		cp -a "$WORK/saved.state" "$STATE"
	}
	import_every=$FAULT_EVERY
	[ "$FAULT_EVERY" -gt 1 ] || FAULT_EVERY=20 # each starts a server twice
	sweep "a mirror takes a bundle" openat=EMFILE,KILL openat2=EIO read=EIO \
		write=ENOSPC,KILL pread64=EIO,KILL pwrite64=ENOSPC,KILL \
		fsync=EIO,KILL fdatasync=EIO,KILL rename=EIO,KILL renameat2=EIO,KILL \
		linkat=EIO,KILL unlink=EIO,KILL ftruncate=EIO mkdir=ENOSPC \
		pipe2=EMFILE newfstatat=EIO
	FAULT_EVERY=$import_every
}

# --- roots, and a second holder ---------------------------------------------------------
# The holders of two keys each: they sign a root, and its successor with
# another release key.
flow_sign() {
	e2e_keys root ada-root release timestamp minisign >/dev/null || exit 2
	pass >"$WORK/pass"
	FIRST=$WORK/sign/root.json
	mkdir "$WORK/sign" "$WORK/saved"
	root_init() {
		"$BIN/sluice-sign" root init "$CHANNEL" --expires 365d \
			--root-key "$KEYS/root.key.pub" \
			--root-key "$KEYS/ada-root.key.pub" --root-threshold 2 \
			--release-key "$KEYS/release.key.pub" \
			--timestamp-key "$KEYS/timestamp.key.pub" \
			-o "$WORK/sign/root.json"
	}
	root_init >/dev/null || exit 2
	cp -a "$WORK/sign/." "$WORK/saved"
	reset() {
		rm -rf "$WORK/sign"
		cp -a "$WORK/saved" "$WORK/sign"
	}
	# as it was, or signed: what is there can be read, and no more
	holds() {
		honest "$1"
		"$BIN/sluice-sign" inspect "$WORK/sign/root.json" >"$WORK/seen" 2>&1 ||
			cat "$WORK/seen"
		[ "$1" -ne 0 ] || signed
	}
	signed() {
		grep -q "$(sha256sum <"$KEYS/root.key.pub" | cut -c1-64)\",\"sig" \
			"$WORK/sign/root.json" || echo "not signed"
	}
	mend() {
		# it may have been signed, and only what it says is lost
		[ -z "$(signed)" ] || faulty env >"$WORK/mended" 2>&1 ||
			tail -n 1 "$WORK/mended"
		signed
		left=$(ls "$WORK/sign" | grep -v '^root.json$')
		# of a kill: nobody else's business
		[ -z "$left" ] || [ "$error" = KILL ] || echo "left: $left"
	}
	faulty() {
		"$@" "$BIN/sluice-sign" root sign --key "$KEYS/root.key" \
			"$WORK/sign/root.json" --pass-fd 3 3<"$WORK/pass"
	}
	# shellcheck disable=SC2086
	sweep "a holder signs a root" $FILES

	# a key: both files or none
	FIRST=$WORK/key/new.key
	faulty() {
		"$@" "$BIN/sluice-sign" keygen --role release --kdf minimal \
			"$WORK/key/new.key" --pass-fd 3 3<"$WORK/pass"
	}
	holds() {
		honest "$1"
		[ "$1" -ne 0 ] || [ -s "$WORK/key/new.key" ] || echo "no key"
		[ "$1" -ne 0 ] || [ -s "$WORK/key/new.key.pub" ] || echo "no .pub"
		case $kind:$error:$(ls "$WORK/key" | tr '\n' ' ') in
		*: | *:"new.key new.key.pub " | *:KILL:* | unlink:*) ;;
		*) ls "$WORK/key" ;;
		esac
	}
	mend() {
		rm -rf "$WORK/key"/*
		faulty env >"$WORK/mended" 2>&1 || tail -n 1 "$WORK/mended"
		holds 0
	}
	reset() {
		rm -rf "$WORK/key"
		mkdir "$WORK/key"
	}
	reset
	# shellcheck disable=SC2086
	sweep "a key is made" $FILES linkat=EIO link=EIO,KILL
}

# --- the last holder adds signatures -----------------------------------------------------
flow_add() {
	e2e_keys root release ada-release timestamp >/dev/null || exit 2
	pass >"$WORK/pass"
	"$BIN/sluice-sign" root init "$CHANNEL" --expires 365d \
		--root-key "$KEYS/root.key.pub" \
		--release-key "$KEYS/release.key.pub" \
		--release-key "$KEYS/ada-release.key.pub" --release-threshold 2 \
		--timestamp-key "$KEYS/timestamp.key.pub" -o "$ROOT" >/dev/null &&
		sign root sign --key "$KEYS/root.key" "$ROOT" >/dev/null || exit 2
	app 1.0.0
	sign publish "$CHANNEL" 1.0.0 -a "$PLATFORM=$APP" --stage 100:0s \
		--root "$ROOT" --key "$KEYS/release.key" --partial \
		-o "$PUB" >/dev/null &&
		sign add "$PUB" --root "$ROOT" --yes \
			--key "$KEYS/ada-release.key" >/dev/null || exit 2
	cp -a "$PUB" "$WORK/saved"
	FIRST=$ROOT
	faulty() {
		"$@" "$BIN/sluice-sign" add "$PUB" --root "$ROOT" -j 1 --yes \
			--key "$KEYS/release.key" --pass-fd 3 3<"$WORK/pass"
	}
	verified() {
		"$BIN/sluice-sign" verify "$PUB" --root "$ROOT" >"$WORK/seen" 2>&1
	}
	# as before, or whole
	holds() {
		honest "$1"
		verified || [ "$1" -ne 0 ] || cat "$WORK/seen"
		verified || diff -r "$PUB" "$WORK/saved" >"$WORK/diff" ||
			head -n 3 "$WORK/diff"
	}
	mend() {
		verified || faulty env >"$WORK/mended" 2>&1 ||
			tail -n 1 "$WORK/mended"
		verified || cat "$WORK/seen"
		left=$(ls -d "$PUB".* 2>/dev/null)
		# what could not be cleared away when all was done
		[ "$STATUS" -eq 0 ] || [ "$error" = KILL ] || [ -z "$left" ] ||
			echo "left: $left"
	}
	reset() {
		rm -rf "$PUB" "$PUB".*
		cp -a "$WORK/saved" "$PUB"
	}
	# shellcheck disable=SC2086
	sweep "the last holder signs" $FILES link=EIO linkat=EIO renameat2=EIO,KILL
}
