#!/bin/sh
# timeout: 240
# Keys that are not in files: a real ssh-agent, a SoftHSM token, commands.
# Each source signs for every role, refuses what it must, and says why.
. "$(dirname "$0")/../tap.sh"

cd "$WORK" || exit 2
PATH=$BIN:$PATH
export PATH
unset SSH_AUTH_SOCK
seq 1000 >editor

# the token of this run
M=
for M in /usr/lib/softhsm/libsofthsm2.so /usr/lib/pkcs11/libsofthsm2.so \
	/usr/lib64/pkcs11/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so; do
	[ ! -e "$M" ] || break
done
mkdir tokens
cat >softhsm.conf <<-END
	directories.tokendir = $WORK/tokens
	objectstore.backend = file
	log.level = ERROR
END
export SOFTHSM2_CONF="$WORK/softhsm.conf"

agent_end() {
	[ -z "${SSH_AGENT_PID:-}" ] || kill "$SSH_AGENT_PID" 2>/dev/null
}
at_end agent_end

# for each channel: a root, signed, of public keys; and a release
root_of() { # CHANNEL ROOT_PUB RELEASE_PUB TIMESTAMP_PUB [OPTION...]
	root_channel=$1 root_root=$2 root_release=$3 root_time=$4
	shift 4
	sluice-sign root init "editor/$root_channel" --root-key "$root_root" \
		--release-key "$root_release" --timestamp-key "$root_time" \
		-o "$root_channel.json" "$@"
}
publish() { # CHANNEL VERSION KEY OPTION...
	publish_channel=$1 publish_version=$2 publish_key=$3
	shift 3
	sluice-sign publish "editor/$publish_channel" "$publish_version" \
		-a linux-x86_64=editor --root "$publish_channel.json" \
		--key "$publish_key" "$@"
}

# --- the page -----------------------------------------------------------------
page() {
	sed -n '/^\.Ss Keys that are not/,/^\.Sh DRILLS/p' \
		"$TOP/packaging/man/sluice-sign.1" |
		sed -n '/^\.Bd/,/^\.Ed/p' | grep -v '^\.' |
		sed -e 's/^\$ //' -e 's/\\e$/\\/' \
			-e "s|/usr/lib/softhsm/libsofthsm2.so|$M|"
	# its agent ends with it
	echo 'kill $SSH_AGENT_PID'
}
if has ssh-agent && has softhsm2-util && has pkcs11-tool; then
	page >examples
	mkdir page && cp editor page
	check "the examples of the page work" sh -ec "cd page; . ../examples"
	is "... and their report says with which keys" \
		"$(jq -r '[.keys[] | .role + " " + .source] | join(", ")' \
			page/report.json)" \
		"release ssh-agent, timestamp command"
	is "... and what was signed" \
		"$(jq -r '[.schema, .verb, .complete, .publication.product,
			(.documents | length)] | map(tostring) | join(" ")' \
			page/report.json)" \
		"sluice-report/1 publish true editor $((18 + $(find \
			page/nightly-site.timestamps page/nightly-site \
			-name timestamp.json -o -path '*.timestamps/*.json' |
			wc -l)))"
	jq -r '.documents[] | "\(.sha256)  page/" +
		(.file // "nightly/\(.version).\(.type).json")' \
		page/report.json >sums
	check "... by digests that hold" sha256sum --quiet -c sums
else
	skip "the examples of the page" "no ssh-agent, softhsm2-util or pkcs11-tool"
fi

# --- ssh-agent ------------------------------------------------------------------
with_agent() {
	refused "no agent: it says so" 2 sluice-sign key ssh-agent:x
	like "... with the way out" "$ERR" 'hint: .*ssh-agent'
	refused "a socket that is not there" 2 \
		env SSH_AUTH_SOCK="$WORK/none" sluice-sign key ssh-agent:x
	eval "$(ssh-agent -a "$WORK/agent")" >/dev/null
	refused "an agent without keys" 2 sluice-sign key ssh-agent:root
	for k in root release time mini twin; do
		ssh-keygen -q -t ed25519 -N '' -C "$k" -f "ssh-$k" &&
			ssh-add -q "ssh-$k" || return
	done
	ssh-keygen -q -t ed25519 -N '' -C twin -f ssh-twin-2 && ssh-add -q ssh-twin-2
	ssh-keygen -q -t ecdsa -N '' -C ecdsa -f ssh-ecdsa && ssh-add -q ssh-ecdsa
	check "a key by its comment" sluice-sign key ssh-agent:root
	printf '%s\n' "$OUT" >root.tuf
	check "... by its file" sluice-sign key ssh-agent:ssh-root.pub
	is "... is the same" "$OUT" "$(cat root.tuf)"
	check "... by its fingerprint" sluice-sign key \
		"ssh-agent:$(ssh-keygen -lf ssh-root.pub | cut -d' ' -f2)"
	is "... is the same" "$OUT" "$(cat root.tuf)"
	check "... and the file alone says it, too" sluice-sign key ssh-root.pub
	is "... is the same" "$OUT" "$(cat root.tuf)"
	refused "a comment of two keys is refused" 2 sluice-sign key ssh-agent:twin
	like "... with the way out" "$ERR" 'hint: .*fingerprint'
	refused "a key of another kind is refused" 2 sluice-sign key ssh-agent:ecdsa
	refused "a fingerprint of nobody is refused" 2 sluice-sign key \
		ssh-agent:SHA256:aaaa
	for k in release time; do
		sluice-sign key "ssh-agent:$k" >$k.tuf
	done
	sluice-sign key --minisign ssh-agent:mini >mini.pub
	check "a root of the agent's keys" root_of beta root.tuf release.tuf \
		time.tuf --minisign mini.pub
	check "... signed by it" sluice-sign root sign --key ssh-agent:root \
		--report root-report.json beta.json
	is "... its report says so" "$(jq -r \
		'[.verb, .complete, .documents[0].type, .keys[0].source] |
		map(tostring) | join(" ")' root-report.json)" \
		"root sign true root ssh-agent"
	is "... with the digest" "$(jq -r '.documents[0].sha256' root-report.json)" \
		"$(sha256sum beta.json | cut -d' ' -f1)"
	refused "... but not twice" 1 sluice-sign root sign --key ssh-agent:root \
		beta.json
	refused "a key that root does not name is refused" 1 \
		publish beta 1.0.0 ssh-agent:root --minisign-key ssh-agent:mini \
		-o no --report no.json
	check "... and leaves no report" test ! -e no.json
	check "a release" publish beta 1.0.0 ssh-agent:release \
		--minisign-key ssh-agent:mini --keyless site \
		--timestamp-key ssh-agent:time -o pub-beta
	check "... which is good" sluice-sign verify --root beta.json site
	check "... for minisign, too" minisign -V -q -p mini.pub \
		-m site/editor/beta/manifest.json
	is "... whose artifacts it does not sign plainly" "$(jq -c \
		'.artifacts[0].signatures | keys' site/editor/beta/manifest.json)" \
		'["minisign"]'
	ssh-add -q -d ssh-release
	refused "a key that was taken out is not there" 2 publish beta 1.1.0 \
		ssh-agent:release --minisign-key ssh-agent:mini -o no
	kill "$SSH_AGENT_PID"
	SSH_AGENT_PID=
}
if has ssh-agent && has ssh-add; then
	with_agent
else
	skip "keys in an ssh-agent" "no ssh-agent"
fi

# --- a token --------------------------------------------------------------------
pair() { # LABEL ID TYPE
	pkcs11-tool --module "$M" --token-label sluice --login --pin 1234 \
		--keypairgen --key-type "$3" --label "$1" --id "$2" >pair.log 2>&1
}
uri() { # what chooses the key
	echo "pkcs11:token=sluice;$1?module-path=$M"
}
pin() {
	echo "${PIN:-1234}" | "$@" --pass-fd 0
}
with_token() {
	softhsm2-util --init-token --free --label sluice --pin 1234 \
		--so-pin 5678 >token.log || return
	pair root 01 EC:prime256v1
	pair release 02 EC:edwards25519
	pair time 03 EC:edwards25519
	pair mini 04 EC:edwards25519
	pair twin 05 EC:edwards25519
	pair twin 06 EC:edwards25519
	pair p256 07 EC:prime256v1
	pair rsa 08 rsa:2048
	for k in root release time p256; do
		check "the public half of $k needs no PIN" setsid sluice-sign key \
			"$(uri "object=$k")" </dev/null
		printf '%s\n' "$OUT" >token-$k.tuf
	done
	is "... of P-256 as TUF writes it" "$(jq -r \
		'.keytype, .scheme' token-root.tuf | tr '\n' ' ')" \
		"ecdsa ecdsa-sha2-nistp256 "
	check "... which openssl takes" sh -c "jq -j .keyval.public \
		token-root.tuf | openssl pkey -pubin -noout"
	check "a key by its id" sluice-sign key "$(uri id=%01)"
	is "... is the same" "$OUT" "$(cat token-root.tuf)"
	refused "a label of two keys is refused" 2 sluice-sign key \
		"$(uri object=twin)"
	like "... with the way out" "$ERR" 'hint: .*id='
	pin_key() {
		pin sluice-sign key "$(uri "$1")"
	}
	refused "a key that is not there" 2 pin_key object=none
	refused "an RSA key is refused" 1 pin_key object=rsa
	refused "a token that is not there" 2 sluice-sign key \
		"pkcs11:token=none;object=root?module-path=$M"
	refused "a module that is not there" 2 sluice-sign key \
		"pkcs11:object=root?module-path=$WORK/none.so"
	refused "a PIN in the URI is refused" 2 sluice-sign key \
		"$(uri object=root)&pin-value=1234"
	like "... with the way out" "$ERR" 'hint: .*--pass-fd'
	unlike "... and not said again" "$ERR$OUT" "module .*1234"

	sluice-sign key --minisign "$(uri object=mini)" >token-mini.pub
	refused "minisign knows no P-256" 2 sluice-sign key --minisign \
		"$(uri object=p256)"
	check "a root of the token's keys" root_of stable token-root.tuf \
		token-release.tuf token-time.tuf --minisign token-mini.pub \
		--release-key token-p256.tuf --release-threshold 2
	sign_root() {
		pin sluice-sign root sign --key "$(uri object=root)" stable.json
	}
	PIN=9999
	refused "a wrong PIN is refused" 1 sign_root
	like "... as what it is" "$ERR" 'wrong PIN'
	unlike "... without repeating it" "$ERR" 9999
	PIN=1234
	refused "no PIN, no terminal" 2 setsid sluice-sign root sign \
		--key "$(uri object=root)" stable.json </dev/null
	check "the root is signed by ECDSA" sign_root
	like "... and complete" "$OUT" complete
	check "... which inspect shows" sluice-sign inspect stable.json
	mkdir credentials
	echo 1234 >credentials/sluice-pass
	release() {
		CREDENTIALS_DIRECTORY=$WORK/credentials publish stable "$1" \
			"$(uri object=release)" --key "$(uri object=p256)" \
			--minisign-key "$(uri object=mini)" --keyless token-site \
			--timestamp-key "$(uri object=time)" -o "$2"
	}
	check "a release by Ed25519 and ECDSA, the PIN as a credential" \
		release 1.0.0 pub-stable
	check "... which is good" sluice-sign verify --root stable.json token-site
	check "... for minisign, too" minisign -V -q -p token-mini.pub \
		-m token-site/editor/stable/manifest.json
	refused "the same key twice does not make two" 2 pin publish stable 1.1.0 \
		"$(uri object=release)" --key "$(uri id=%02)" -o no

	# the client takes what a P-256 key has signed
	cat >client.conf <<-END
		url = file:///none
		product = editor
		channel = stable
		state = $WORK/client
		install = $WORK/app
		machine_id = one
	END
	check "a client trusts that root" sluice --config client.conf init stable.json
	# every bit of an ECDSA signature counts
	sig=$(jq -r '.signatures[0].sig' stable.json)
	bad=
	for i in 1 9 20 60 90 120 139; do
		c=$(printf %s "$sig" | cut -c$i)
		[ "$c" = 0 ] && n=1 || n=0
		sed "s/$sig/$(printf %s "$sig" | sed "s/./$n/$i")/" stable.json >b.json
		! sluice-sign verify --root b.json token-site >/dev/null 2>&1 ||
			bad="$bad $i"
	done
	is "a changed ECDSA signature is refused" "$bad" ""
}
# --- a token, by the modules that are registered -----------------------------------
# p11-kit takes a user's own registration, but not root's: that is the machine's.
registered() {
	[ -n "$(ldconfig -p 2>/dev/null | grep 'libp11-kit\.so\.0')" ] || return
	if [ "$(id -u)" -eq 0 ]; then
		grep -qs softhsm /usr/share/p11-kit/modules/*.module \
			/etc/pkcs11/modules/*.module
		return
	fi
	mkdir -p config/pkcs11/modules
	echo "user-config: merge" >config/pkcs11/pkcs11.conf
	echo "module: $M" >config/pkcs11/modules/softhsm2.module
	XDG_CONFIG_HOME=$WORK/config
	export XDG_CONFIG_HOME
}
with_registered() {
	check "a key by its token, without a module" sluice-sign key \
		"pkcs11:token=sluice;object=root"
	is "... is the same" "$OUT" "$(cat token-root.tuf)"
	refused "a token that is not there" 2 sluice-sign key \
		"pkcs11:token=none;object=root"
	like "... with the way out" "$ERR" 'hint: p11-kit list-modules'
	check "a root to be signed" root_of proxied token-root.tuf \
		token-release.tuf token-time.tuf --release-key token-p256.tuf \
		--release-threshold 2
	check "... is, by ECDSA" pin sluice-sign root sign --key \
		"pkcs11:token=sluice;object=root" proxied.json
	check "a release by three keys of it" pin publish proxied 1.0.0 \
		"pkcs11:token=sluice;object=release" \
		--key "pkcs11:token=sluice;id=%07" --keyless proxied-site \
		--timestamp-key "pkcs11:token=sluice;object=time" -o pub-proxied
	check "... which is good" sluice-sign verify --root proxied.json \
		proxied-site
	PIN=9999
	refused "a wrong PIN is refused" 1 pin sluice-sign root sign \
		--key "pkcs11:token=sluice;object=root" -o no.json proxied.json
	like "... as what it is" "$ERR" 'wrong PIN'
	PIN=1234
}

if has softhsm2-util && has pkcs11-tool && [ -e "$M" ]; then
	with_token
	if registered; then
		with_registered
	else
		skip "a token without a module" "SoftHSM is not registered with p11-kit"
	fi
else
	skip "keys on a token" "no softhsm2-util or pkcs11-tool"
fi

# --- commands --------------------------------------------------------------------
for k in root release time; do
	openssl genpkey -algorithm ed25519 -out pem-$k 2>/dev/null
	openssl pkey -in pem-$k -pubout -out pem-$k.pub
	sluice-sign key pem-$k.pub >cmd-$k.tuf
done
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out pem-ec 2>/dev/null
openssl pkey -in pem-ec -pubout -out pem-ec.pub
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
	-out pem-ec-2 2>/dev/null
cmd() { # KEY
	echo "cmd:pem-$1.pub openssl pkeyutl -sign -rawin -inkey pem-$1 -in /dev/stdin"
}
cat >approve <<-'END'
	#!/bin/sh
	# an approval bot: looks at the document, asks, signs in base64
	cat >seen.json
	env >seen.env
	grep -q '^{"_type":"root"' seen.json || exit 4
	openssl dgst -sha256 -sign "$1" seen.json | base64
END
chmod +x approve
check "a root of commands' keys" root_of canary pem-ec.pub cmd-release.tuf \
	cmd-time.tuf
sign_canary() {
	sluice-sign root sign --key "$1" canary.json
}
refused "a command without a public key is refused" 2 sign_canary cmd:approve
refused "a public key that is not there" 2 sign_canary "cmd:none ./approve"
refused "a command that is not there" 2 sign_canary "cmd:pem-ec.pub ./none"
refused "one that says no" 1 sign_canary "cmd:pem-ec.pub false"
like "... is named" "$ERR" 'false: it refused \(exit status 1\)'
refused "one that says nothing" 1 sign_canary "cmd:pem-ec.pub true"
refused "one that says nonsense" 1 sign_canary "cmd:pem-ec.pub echo hello"
refused "one that signs with another key" 1 sign_canary \
	"cmd:pem-ec.pub openssl dgst -sha256 -sign pem-ec-2"
like "... whose signature is not used" "$ERR" 'not by its key'
refused "one that hangs" 2 sluice-sign root sign --sign-timeout 1s \
	--key "cmd:pem-ec.pub sleep 60" canary.json
like "... is ended in time" "$ERR" 'in time'
# whoever waits for an approval and gives up leaves nobody behind
# shellcheck disable=SC2016 # the script's own variable
printf '#!/bin/sh\necho $$ >waiting.new\nmv waiting.new waiting\nexec sleep 60\n' >waits
chmod +x waits
sluice-sign root sign --key "cmd:pem-ec.pub ./waits" canary.json 2>/dev/null &
waiter=$!
until [ -s waiting ]; do sleep 0.1; done
kill $waiter
! wait $waiter
until ! kill -0 "$(cat waiting)" 2>/dev/null; do sleep 0.1; done
check "one that waits ends with who asked it" test ! -e "/proc/$(cat waiting)/exe"
refused "a variable that is not there" 2 sluice-sign root sign \
	--sign-env NO_SUCH --key "cmd:pem-ec.pub ./approve pem-ec" canary.json
is "none of them has signed" "$(jq '.signatures | length' canary.json)" 0
echo secret >pass
OTHER=1 ASKED=2
export OTHER ASKED
check "one that signs" sh -c 'exec sluice-sign root sign --pass-fd 7 \
	--sign-env ASKED --key "cmd:pem-ec.pub ./approve pem-ec" canary.json 7<pass'
like "... completes the root" "$OUT" complete
is "... has seen the canonical document" "$(cat seen.json)" \
	"$(jq -jcS .signed canary.json | sed 's/\\n/\n/g')"
like "... knows for which role" "$(cat seen.env)" '^SLUICE_ROLE=root$'
like "... has the variable that it was given" "$(cat seen.env)" '^ASKED=2$'
unlike "... and no other" "$(cat seen.env)" '^OTHER='
check "a release by commands" publish canary 1.0.0 "$(cmd release)" \
	--keyless cmd-site --timestamp-key "$(cmd time)" -o pub-canary
check "... which is good" sluice-sign verify --root canary.json cmd-site

# --- two holders, two sources -----------------------------------------------------
check "a root of two holders" root_of duo pem-root.pub cmd-release.tuf \
	cmd-time.tuf --release-key pem-ec.pub --release-threshold 2
sluice-sign root sign --key "$(cmd root)" duo.json >/dev/null
check "one begins" publish duo 1.0.0 "$(cmd release)" --partial -o pub-duo \
	--report duo-1.json
is "... and the report says that it is not complete" \
	"$(jq .complete duo-1.json)" false
ec="cmd:pem-ec.pub openssl dgst -sha256 -sign pem-ec"
check "the other adds" sluice-sign add --yes --root duo.json --key "$ec" pub-duo
check "the first once more" sluice-sign add --yes --root duo.json \
	--key "$(cmd release)" --report duo-2.json pub-duo
is "... and the report says complete" \
	"$(jq -r '"\(.verb) \(.complete)"' duo-2.json)" "add true"
check "... and it is good" sluice-sign verify --root duo.json pub-duo
is "... by both" "$(jq '.documents[0].signed_by | length' duo-2.json)" 2

# --- status -------------------------------------------------------------------------
check "status of a folder" sluice-sign status --root canary.json pub-canary
like "... names each document" "$(echo "$OUT" | tr '\n' ' ')" \
	'root .*snapshot .*targets .*manifest '
check "... of a site" sluice-sign status --root canary.json cmd-site
like "... with its timestamp" "$OUT" '^timestamp .* days left$'
check "... as JSON" sluice-sign status --json cmd-site
is "... without a root it says so" "$(echo "$OUT" | jq -c '[.trusted, .level]')" \
	'[false,"fine"]'
refused "another root's site is not told about" 2 sluice-sign status \
	--root duo.json cmd-site
refused "nor one that is not there" 2 sluice-sign status none
refused "nor a server that is not there" 2 sluice-sign status \
	http://127.0.0.1:9/editor/canary
if has faketime; then
	in_days() {
		days=$1
		shift
		faketime "+$days days" sluice-sign status --json --root canary.json \
			"$@"
	}
	refused "a site whose timestamp has expired" 1 in_days 8 cmd-site
	is "... says which" "$(echo "$OUT" | jq -r '[.documents[] |
		select(.level == "expired").document] | join(" ")')" timestamp
	check "three weeks on, the folder is fine" in_days 21 pub-canary
	refused "one week before the end it warns" 1 in_days 24 pub-canary
	is "... of what lasts 30 days" "$(echo "$OUT" | jq -r '[.documents[] |
		select(.level == "7 days").document] | join(" ")')" \
		"snapshot targets manifest"
	refused "after the end, too" 1 in_days 31 pub-canary
	is "... as expired" "$(echo "$OUT" | jq -r .level)" expired
	mkdir roots && cp canary.json roots/1.root.json
	check "root is told of 60 days ahead" in_days 310 roots
	is "... as such" "$(echo "$OUT" | jq -r .level)" "60 days"
	check "... 30 days ahead" in_days 340 roots
	is "... as such" "$(echo "$OUT" | jq -r .level)" "30 days"
	refused "... and 7 days ahead it warns" 1 in_days 360 roots
else
	skip "status in the future" "no faketime"
fi
finish
