#!/bin/sh
# sluice-delta: results, refusals, and that nothing half-made is left.
. "$(dirname "$0")/../tap.sh"

delta=$BIN/sluice-delta
cd "$WORK" || exit 2
seq 1 20000 >old
{ seq 1 9999; echo changed; seq 10001 20100; } >new
sum=$(openssl dgst -sha256 -r new | cut -d' ' -f1)
size=$(wc -c <new)

in_format() { # NAME, AS INSPECT SAYS IT, A LINE OF ITS OWN
	check "$1: make" "$delta" make --format "$1" old new patch
	like "... says what it saves" "$OUT" "^patch: [0-9]+ bytes instead of $size$"
	check "$1: apply" "$delta" apply old patch out
	check "... gives the new file" cmp out new
	check "$1: apply with a promise" \
		"$delta" apply --sha256 "$sum" --size "$size" old patch out2
	check "$1: inspect" "$delta" inspect patch
	like "... names the format" "$OUT" "^format: $2\$"
	like "... and the size" "$OUT" "^new size: $size$"
	like "... and what is in it" "$OUT" "$3"

	refused "$1: another digest is refused" 1 "$delta" apply --size "$size" \
		--sha256 "$(printf '%064d' 0)" old patch bad
	like "... with a reason" "$ERR" 'error: .*promised'
	refused "$1: another size is refused" 1 \
		"$delta" apply --size 7 --sha256 "$sum" old patch bad
	refused "$1: half a promise is a usage error" 2 \
		"$delta" apply --size "$size" old patch bad
	refused "$1: another old file is refused" 1 "$delta" apply --size "$size" \
		--sha256 "$sum" new patch bad
	head -c 100 patch >short
	refused "$1: a truncated patch is refused" 1 "$delta" apply old short bad
	like "... by its name" "$ERR" 'error: short: '
	refused "$1: a file that is no patch is refused" 1 "$delta" apply old new bad
	refused "... nor described" 1 "$delta" inspect new
}
in_format sluice sluice-delta/1 '^blocks: [1-9]'
in_format bsdiff40 bsdiff40 '^triples: [1-9]'

refused "a missing file is named" 2 "$delta" inspect missing
like "... by its name" "$ERR" 'error: missing'
refused "an unknown format is a usage error" 2 \
	"$delta" make --format other old new bad
refused "too little memory is refused" 1 \
	"$delta" make --memory 100K old new bad
refused "a folder is not a file" 1 "$delta" make . new bad
like "... and is named as it was given" "$ERR" 'error: \.: not a regular file'
refused "too few arguments" 2 "$delta" make old new
refused "an unknown verb" 2 "$delta" mend
like "... with the way out" "$ERR" 'hint: .*help|usage'
check "help" "$delta" --help
like "... lists the verbs" "$OUT" 'inspect'
check "version" "$delta" --version
is "nothing half-made is left" "$(find . -type f ! -name '.*' | sort | tr '\n' ' ')" \
	"./new ./old ./out ./out2 ./patch ./short "

umask 027
check "make again over the old patch" "$delta" make -q old new patch
is "... quietly" "$OUT" ""
is "... with the usual permissions" "$(stat -c %a patch)" 640

# Pipes are neither waited for nor replaced.
mkfifo pipe
refused "make from a pipe that nobody writes to" 1 \
	timeout 60 "$delta" make pipe new patch
refused "apply such a pipe" 1 timeout 60 "$delta" apply old pipe rebuilt
refused "make over a pipe" 2 "$delta" make old new pipe
like "... it says why" "$ERR" 'pipe: not a regular file'
check "... it is a pipe still" [ -p pipe ]

# Ended in the middle it leaves nothing.
head -c 30000000 /dev/urandom >noise.old
head -c 30000000 /dev/urandom >noise.new
for signal in HUP INT TERM; do
	# a shell in the background lets its children ignore SIGINT
	env --default-signal=$signal "$delta" make -q noise.old noise.new ended &
	making=$!
	for _ in $(seq 200); do
		[ -z "$(ls ended.* 2>/dev/null)" ] || break
		sleep 0.05
	done
	has_begun=$(ls ended.* 2>/dev/null)
	kill -$signal $making
	wait $making 2>/dev/null
	check "make had begun" [ -n "$has_begun" ]
	is "... and ended by $signal leaves nothing" "$(ls ended* 2>/dev/null)" ""
done
rm noise.old noise.new

# At a terminal it says how far it is, and takes that away again.
at_terminal() { # ARGUMENTS OF MAKE...
	script -qec "$delta make $* patch" /dev/null </dev/null
}
if has script; then
	for format in sluice bsdiff40; do
		check "$format: at a terminal" at_terminal --format $format old new
		like "... it says how much is done" "$OUT" \
			'delta  [0-9]+ %  [0-9.]+ [KMG]?i?B of [0-9.]+ KiB'
		like "... and at last only what it saves" "$OUT" \
			"$(printf '\r\033\\[K')patch: [0-9]+ bytes instead of $size"
		check "$format: quiet at a terminal" \
			at_terminal -q --format $format old new
		is "... says nothing" "$OUT" ""
	done
else
	skip "at a terminal it says how far it is" "no script(1)"
fi
check "without a terminal" "$delta" make old new patch
is "... it says nothing of how far it is" "$ERR" ""
finish
